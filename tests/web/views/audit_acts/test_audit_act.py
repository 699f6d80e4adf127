"""Which of an action's sentences an event gets: by its result, by whose account it is about, and by how many things."""

import pytest

from web.views.audit_acts.audit_act import AuditAct

ACT = AuditAct(
    "group", "title", "done", "otherwise", "own", "one", counts="count", varies_by="what",
    variants={"a": "several as", "b": "several bs"}, one_variants={"a": "one a"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("result", "is_own", "values", "sentence"),
    [
        ("ok", False, {"count": 2}, "done"),
        ("ok", False, {"count": 1}, "one"),
        ("ok", False, {"count": "1"}, "one"),
        ("ok", True, {"count": 1}, "own"),
        ("refused", True, {"count": 1}, "otherwise"),
        ("ok", False, {"count": 1, "what": "a"}, "one a"),
        ("ok", False, {"count": 1, "what": "b"}, "several bs"),
        ("ok", False, {"count": 2, "what": "a"}, "several as"),
        ("ok", False, {"what": "neither"}, "done"),
    ],
)
def test_an_event_gets_the_sentence_that_is_nearest_to_it(result, is_own, values, sentence):
    assert ACT.sentence(result, is_own=is_own, values=values) == sentence


def test_without_special_sentences_it_is_the_one_that_there_is():
    assert AuditAct("group", "title", "done").sentence("failed", is_own=True, values={}) == "done"
