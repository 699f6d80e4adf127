"""The chain finds what was changed, left out or added, also by somebody who makes the plain hashes fit again."""

import secrets
from datetime import timedelta

import pytest

import config
from db import encryption
from db.audit import audit, audit_keys, chain, daily_check
from db.audit.audit import SYSTEM, Action
from db.clock import utcnow
from db.installation import key_rotation
from db.models import AuditEvent, AuditKey
from tests.support.audit_log import chain_anew, undone, without_triggers, write


def test_an_untouched_log_verifies(database):
    write(5)
    assert list(chain.verify()) == []


def test_a_changed_event_is_found(database):
    write(3)
    without_triggers(database)
    AuditEvent.update(subject="nothing happened").where(AuditEvent.id == 2).execute()
    assert [fault.event_id for fault in chain.verify()] == [2]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("change", ["details = 'no JSON'", "at = 'never'", "actor_id = 'nobody'"])
def test_an_event_changed_into_what_cannot_be_read_is_a_fault_and_stops_nobody(database, change):
    write(3)
    without_triggers(database)
    database.execute_sql(f"UPDATE audit_event SET {change} WHERE id = 2")  # noqa: S608
    assert [fault.event_id for fault in chain.verify()] == [2]
    assert [fault.event_id for fault in daily_check.check_next_events()] == [2]
    assert daily_check.last_check().ended_at is not None, "the scheduler goes on"


def test_a_missing_event_in_the_middle_is_found(database):
    write(3)
    without_triggers(database)
    AuditEvent.delete().where(AuditEvent.id == 2).execute()
    assert "missing" in next(chain.verify()).sentence


def test_a_cut_off_end_is_found(database):
    write(3)
    without_triggers(database)
    AuditEvent.delete().where(AuditEvent.id == 3).execute()
    assert "cut off" in next(chain.verify()).sentence


def change(**values):
    AuditEvent.update(**values).where(AuditEvent.id == 3).execute()
    chain_anew()


def swap():
    first, second = AuditEvent.get_by_id(3), AuditEvent.get_by_id(4)
    for event_id, other in ((first, second.id), (second, first.id)):
        values = {**event_id.__data__, "id": other}
        AuditEvent.delete().where(AuditEvent.id == other).execute()
        AuditEvent.insert(values).execute()
    chain_anew()


def take_out():
    AuditEvent.delete().where(AuditEvent.id == 3).execute()
    for event_id in (4, 5):
        AuditEvent.update(id=event_id - 1).where(AuditEvent.id == event_id).execute()
    chain_anew()


def append(**values):
    """An event that never was, as the version before wrote them."""
    AuditEvent.insert({**AuditEvent.get_by_id(5).__data__, "id": 6, "mac": None, **values}).execute()
    chain_anew(after=5)


def pass_all_for_old():
    """As if the whole log were of before keyed hashes."""
    AuditEvent.update(mac=None, actor="x").execute()
    chain_anew()


def new_key():
    AuditKey.update(sealed=encryption.keyring().seal(b"{}", "another owner")).execute()
    pass_all_for_old()


TAMPERINGS = {
    "the actor": lambda: change(actor="somebody else"),
    "the time": lambda: change(at=utcnow() - timedelta(days=3)),
    "the result": lambda: change(result="refused"),
    "a keyed hash away": lambda: change(mac=None),
    "another's keyed hash": lambda: change(mac=AuditEvent.get_by_id(2).mac),
    "two swapped": swap,
    "one taken out": take_out,
    "one appended": append,
    "one appended with a keyed hash of another": lambda: append(mac=AuditEvent.get_by_id(5).mac),
    "one appended as if it were old": lambda: append(at=utcnow() - timedelta(days=900)),
    "all as if they were old": pass_all_for_old,
    "the key away": lambda: (AuditKey.delete().execute(), pass_all_for_old()),
    "the key by something else that is sealed": new_key,
}


@pytest.mark.parametrize("how", TAMPERINGS)
def test_who_makes_the_plain_hashes_fit_again_is_found_by_the_keyed_ones(database, how):
    write(5)
    without_triggers(database)
    TAMPERINGS[how]()
    assert list(chain.verify())
    assert daily_check.check_next_events()
    assert daily_check.last_check().faults, "pages and figures say so"


def test_events_of_before_keyed_hashes_stay_good_and_none_of_later_passes_for_one(database):
    without_triggers(database)
    write(5)
    AuditEvent.update(mac=None).execute()
    AuditKey.delete().execute()
    AuditKey.create(id=1, sealed=audit_keys.create_sealed_key(1, *chain.end_of_log()))
    write(2)
    assert list(chain.verify()) == []
    for number, tampering in ((3, "x"), (6, "y"), (7, "z")):
        with undone(database):
            AuditEvent.update(actor=tampering, mac=None).where(AuditEvent.id == number).execute()
            chain_anew()
            assert list(chain.verify()), number
    with undone(database):
        AuditEvent.delete().where(AuditEvent.id > 4).execute()
        chain_anew()
        assert list(chain.verify()), "cut off to where no event has a keyed hash"


def test_for_a_day_after_the_upgrade_processes_of_before_may_write_on(database):
    without_triggers(database)
    write(1)
    AuditEvent.update(mac=None).execute()
    AuditKey.update(
        sealed=audit_keys.create_sealed_key(1, *chain.end_of_log(), (utcnow() + timedelta(hours=1)).isoformat())
    ).execute()
    write(4)
    append()
    assert list(chain.verify()) == []
    AuditEvent.update(at=utcnow() + timedelta(hours=2)).where(AuditEvent.id == 6).execute()
    chain_anew(after=5)
    assert [fault.event_id for fault in chain.verify()] == [6]


def test_another_installations_events_are_none_of_ours(database):
    """Another key, as every installation has one; the same chain otherwise."""
    write(5)
    AuditKey.update(sealed=audit_keys.create_sealed_key(1, 0, chain.FIRST_PREVIOUS_HASH)).execute()
    assert len(list(chain.verify())) == 5


def test_with_each_rotation_of_the_encryption_keys_comes_a_new_key_and_all_before_it_stays_good(database):
    write(3)
    old, new = config.settings().encryption_keys, secrets.token_bytes(32)
    encryption.use_keys([new, *old])
    key_rotation.rotate(SYSTEM)
    encryption.use_keys([new])
    write(2)
    assert [key.after for key in audit_keys.all_keys()] == [0, 3]
    assert list(chain.verify()) == []
    key_rotation.rotate(SYSTEM)
    assert AuditKey.select().count() == 2, "only when the old one might be known"
    without_triggers(database)
    event = AuditEvent.get_by_id(5)
    AuditEvent.update(mac=audit_keys.all_keys()[0].keyed_hash(chain.EVENT_PURPOSE, event.hash)).where(
        AuditEvent.id == 5
    ).execute()
    assert [fault.event_id for fault in chain.verify()] == [5], "the old key is worth nothing any more"


def test_an_event_that_names_what_no_database_holds_verifies_all_the_same(database):
    audit.record(Action.MAPPING_REMOVED, SYSTEM, "a\x00b\ud800", kind="x\x00", source="\udfff")
    assert list(chain.verify()) == []


def test_who_goes_back_to_the_time_of_the_upgrade_writes_nothing_unseen(database, monkeypatch):
    """Without keyed hashes: as processes of the version before did then."""
    without_triggers(database)
    write(2)
    until = (utcnow() - timedelta(hours=1)).isoformat()
    AuditKey.update(sealed=audit_keys.create_sealed_key(1, 0, chain.FIRST_PREVIOUS_HASH, until)).execute()
    write(2)
    AuditEvent.update(at=utcnow() - timedelta(days=1), mac=None).where(AuditEvent.id == 4).execute()
    chain_anew()
    monkeypatch.setattr(daily_check, "EVENTS_PER_STEP", 1)
    assert 4 in [fault.event_id for fault in chain.verify()]
    found = [fault.event_id for _ in range(4) for fault in daily_check.check_next_events()]
    assert 4 in found
