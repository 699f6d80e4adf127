from math import inf

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from web.metrics import exposition
from web.metrics.exposition import COUNTER, GAUGE, HISTOGRAM, Family, Sample

FAMILIES = (
    Family("ended", COUNTER, 'what "ended"', ("name",)),
    Family("seconds", HISTOGRAM, "how long"),
    Family("age", GAUGE, "how old"),
    Family("unused", GAUGE, "nothing"),
)
SAMPLES = [
    Sample("age", inf),
    Sample("ended", 3, {"name": 'A "B"\\C\nD'}),
    Sample("seconds", 1, {"le": "0.5"}, "_bucket"),
    Sample("seconds", 2, {"le": "+Inf"}, "_bucket"),
    Sample("seconds", 2, {}, "_count"),
    Sample("seconds", 1.25, {}, "_sum"),
]


@pytest.mark.parametrize(("is_openmetrics", "parse"), [(False, parser), (True, openmetrics)])
def test_each_format_is_read_back_as_it_was_meant(is_openmetrics, parse):
    text = exposition.write(FAMILIES, SAMPLES, is_openmetrics=is_openmetrics)
    read = list(parse.text_string_to_metric_families(text))
    assert [(family.name, family.type) for family in read] == [
        ("tenantkeep_ended", "counter"),
        ("tenantkeep_seconds", "histogram"),
        ("tenantkeep_age", "gauge"),
    ]
    values = {(sample.name, *sample.labels.values()): sample.value for family in read for sample in family.samples}
    assert values == {
        ("tenantkeep_ended_total", 'A "B"\\C\nD'): 3,
        ("tenantkeep_seconds_bucket", "0.5"): 1,
        ("tenantkeep_seconds_bucket", "+Inf"): 2,
        ("tenantkeep_seconds_count",): 2,
        ("tenantkeep_seconds_sum",): 1.25,
        ("tenantkeep_age",): inf,
    }


def test_who_asks_for_openmetrics_gets_it_and_a_browser_does_not():
    prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
    assert exposition.accepts_openmetrics(prometheus)
    assert not exposition.accepts_openmetrics("text/html,*/*;q=0.8")
