from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import standing, stores
from db.models import CopiedSet, CopyStore, Occurrence
from db.notices import conditions
from db.states import LockState
from tests.support.copied import make_set

DAY = timedelta(days=1)
COLUMNS = {"name": "Vault", "address": "s3://x", "sealed": b"", "recipients": [], "copy_days": 30}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_store_that_is_behind_fails_or_does_not_lock_is_told_once_and_when_it_is_well_again(cast):
    now = utcnow()
    store = CopyStore.create(**COLUMNS, checked_at=now, lock_state=LockState.PROVEN)
    make_set(cast.contoso)

    def told(**columns):
        CopyStore.update(columns or {"copy_days": 30}).where(CopyStore.id == store.id).execute()
        conditions.look()
        going = Occurrence.select().where(Occurrence.event == "copies_failing", Occurrence.ended_at.is_null())
        return sorted(occurrence.facts["why"] for occurrence in going)

    assert told() == []
    assert told(lock_state=LockState.MISSING) == [standing.NOT_LOCKED]
    assert told(lock_state=LockState.PROVEN, failing_since=now - DAY / 2, error="It is away.") == [standing.FAILING]
    # What was lost or changed there is told although it is mended, until somebody has looked into it.
    assert told(failing_since=None, damaged_at=now, damage="x is missing.") == [standing.DAMAGED]
    # Each is told, also while the one before it is going on.
    assert told(damage="x is missing.\ny is missing.") == [standing.DAMAGED] * 2
    # One thing at a time: while another installation has the store, whatever else is so follows from that.
    assert told(damaged_at=None, damage=None, overtaken_at=now, failing_since=now - DAY) == [standing.TAKEN_OVER]
    CopiedSet.update(set_at=now - 2 * DAY).execute()
    assert told() == [standing.TAKEN_OVER]
    assert told(overtaken_at=None, failing_since=None) == [standing.BEHIND]
    assert told(is_active=False) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_damage_hides_another_that_nobody_has_seen_yet(database):
    store = CopyStore.create(**COLUMNS)
    for names, told in (("aabacadaea", "abcde"), ("f", "abcMf"), ("gh", "abcMh")):
        for name in names:
            stores.record_damage(store, f"{name} {'is missing. ' * 80}")
        lines = [finding.sentence for finding in standing.of_store(CopyStore.get(), utcnow())]
        assert "".join(line[0] for line in lines) == told, "the first, that there are more, and the newest"
    assert len(CopyStore.get().damage) <= CopyStore.damage.max_length
    stores.ask(store, SYSTEM, "seen")
    stores.record_damage(store, "h is missing.")
    assert stores.damage_lines(CopyStore.get()) == ["h is missing."]
