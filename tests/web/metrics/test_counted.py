from web.metrics.counted import counter_samples, histogram_samples

TOTALS = {
    ("graph_call_seconds", "intune", "0.25"): 2,
    ("graph_call_seconds", "intune", "+Inf"): 1,
    ("graph_call_seconds", "intune", "sum"): 90.5,
    ("graph_requests", "intune", "200"): 3,
    # A version before had other labels.
    ("graph_requests", "intune"): 9,
}


def test_buckets_add_up_and_end_with_all():
    told = [
        (sample.suffix, sample.labels.get("le"), sample.value)
        for sample in histogram_samples(TOTALS, "graph_call_seconds", ("service",))
    ]
    assert [count for suffix, _, count in told if suffix == "_bucket"] == [0, 0, 2, 2, 2, 2, 2, 2, 2, 3]
    assert told[-3:] == [("_bucket", "+Inf", 3), ("_count", None, 3), ("_sum", None, 90.5)]


def test_a_counter_is_told_before_its_first_and_without_what_has_other_labels():
    told = counter_samples(TOTALS, "graph_requests", ("service", "status"), [("intune", "429")])
    assert {tuple(sample.labels.values()): sample.value for sample in told} == {
        ("intune", "200"): 3,
        ("intune", "429"): 0,
    }
