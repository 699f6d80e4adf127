"""Occurrences: each once by its key, until it is well again."""

from datetime import timedelta

import pytest

from db.clock import utcnow
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


def test_old_ones_go_once_they_are_over(cast):
    for number in range(3):
        occurrences.begin(NoticeEvent.RUN_FAILED, f"run:{number}", cast.contoso)
    occurrences.begin(NoticeEvent.CONNECTION_FAILING, "goes on", cast.contoso)
    occurrences.begin(NoticeEvent.CONNECTION_FAILING, "ended", cast.contoso)
    old = utcnow() - occurrences.KEPT - timedelta(days=1)
    Occurrence.update(began_at=old).where(Occurrence.key != "run:2").execute()
    occurrences.end("ended")
    assert occurrences.delete_old(10) == 2, "what ended just now stays"
    Occurrence.update(ended_at=old).where(Occurrence.ended_at.is_null(False)).execute()
    assert occurrences.delete_old(10) == 1
    assert {row.key for row in Occurrence.select()} == {"goes on", "run:2"}
