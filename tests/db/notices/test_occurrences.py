"""Occurrences: each once by its key, until it is well again."""

import pytest

from db.models import Occurrence
from db.notices import occurrences
from db.states import NoticeEvent, Severity

pytestmark = pytest.mark.usefixtures("lock_order")


def test_what_is_known_is_no_second_occurrence_until_it_was_well_again(cast):
    key = f"connection:{cast.contoso.id}"
    for message in ("refused", "refused again"):
        occurrences.begin(NoticeEvent.CONNECTION_FAILING, key, cast.contoso, facts={"why": message})
    [first] = occurrences.going(NoticeEvent.CONNECTION_FAILING)
    assert (first.tenant_id, first.facts, first.ended_at) == (cast.contoso.id, {"why": "refused"}, None)
    assert occurrences.end(key)
    assert not occurrences.end(key)
    assert not occurrences.going(NoticeEvent.CONNECTION_FAILING)
    occurrences.begin(NoticeEvent.CONNECTION_FAILING, key, cast.contoso.id)
    assert [row.ended_at is None for row in Occurrence.select().order_by(Occurrence.id)] == [False, True]


def test_many_begin_at_once(cast):
    rows = {f"change:{number}": {"severity": Severity.HIGH, "change_id": number} for number in range(700)}
    occurrences.begin_all(NoticeEvent.CHANGE, cast.contoso, rows)
    occurrences.begin_all(NoticeEvent.CHANGE, cast.contoso, rows)
    assert Occurrence.select().where(Occurrence.severity == Severity.HIGH).count() == 700
    assert occurrences.end_all(list(rows)[:3]) == 3
