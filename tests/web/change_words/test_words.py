"""A change in a few words."""

import pytest

from db.models import Change
from db.states import ChangeKind, ChangeState, Severity
from web.change_words import words as change_words

STATE = {"path": "body/state", "label": "State", "how": "changed"}
GROUPS = {"path": "body/x", "label": "Excluded groups", "how": "added"}


@pytest.mark.parametrize(
    ("kind", "differences", "count", "said"),
    [
        (ChangeKind.CHANGED, [STATE], 1, "State changed"),
        (ChangeKind.CHANGED, [GROUPS, STATE], 2, "Excluded groups added, and 1 more difference"),
        (ChangeKind.CHANGED, [{**GROUPS, "how": "removed"}], 9, "Excluded groups removed, and 8 more differences"),
        (ChangeKind.CHANGED, None, 0, "changed"),
        (ChangeKind.REMOVED, [STATE], 1, "deleted"),
        (ChangeKind.ASSIGNMENTS_CHANGED, [], 0, "assignments changed"),
    ],
)
def test_what_became_of_a_policy_is_a_few_words(app, kind, differences, count, said):
    with app.test_request_context():
        assert change_words.what_words(Change(kind=kind, differences=differences, difference_count=count)) == said


def test_every_state_kind_and_severity_has_words_and_a_look(app):
    assert set(change_words.KINDS) == set(ChangeKind)
    assert set(change_words.STATES) == set(change_words.STATE_SENTENCES) == set(ChangeState)
    with app.test_request_context():
        assert len({change_words.state_badge(Change(state=state)) for state in ChangeState}) == len(ChangeState)
        assert len({change_words.severity_badge(one) for one in (None, *Severity)}) == len(Severity) + 1
