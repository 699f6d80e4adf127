import threading
from datetime import timedelta

import peewee as pw
import pytest

from db import audit, audit_proof, audit_rounds, tenants
from db.audit import SYSTEM, Action
from db.clock import utcnow
from db.database import database as handle
from db.errors import Invalid
from db.models import AuditCheck, AuditEvent, AuditHead, Tenant


def write(count):
    for _ in range(count):
        audit.record(Action.SIGN_OUT, SYSTEM, "session")


def without_triggers(database):
    """What someone with the database's password can do."""
    if isinstance(database, pw.SqliteDatabase):
        for act in ("update", "delete"):
            database.execute_sql(f"DROP TRIGGER audit_event_no_{act}")
    else:
        database.execute_sql("ALTER TABLE audit_event DISABLE TRIGGER ALL")


def test_an_untouched_log_verifies(database):
    write(5)
    assert list(audit.verify()) == []


@pytest.mark.parametrize("act", ["UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"])
def test_the_database_refuses_to_change_or_delete_events(database, act):
    write(1)
    with pytest.raises(pw.DatabaseError, match="append-only"):
        database.execute_sql(act)


def test_a_changed_event_is_found(database):
    write(3)
    without_triggers(database)
    AuditEvent.update(subject="nothing happened").where(AuditEvent.id == 2).execute()
    assert [fault.event_id for fault in audit.verify()] == [2]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("change", ["details = 'no JSON'", "at = 'never'", "actor_id = 'nobody'"])
def test_an_event_changed_into_what_cannot_be_read_is_a_fault_and_stops_nobody(database, change):
    write(3)
    without_triggers(database)
    database.execute_sql(f"UPDATE audit_event SET {change} WHERE id = 2")  # noqa: S608
    assert [fault.event_id for fault in audit.verify()] == [2]
    assert [fault.event_id for fault in audit_rounds.go_on()] == [2]
    assert audit_rounds.state().ended_at is not None, "the scheduler goes on"


def test_a_missing_event_in_the_middle_is_found(database):
    write(3)
    without_triggers(database)
    AuditEvent.delete().where(AuditEvent.id == 2).execute()
    assert "missing" in next(audit.verify()).sentence


def test_a_cut_off_end_is_found(database):
    write(3)
    without_triggers(database)
    AuditEvent.delete().where(AuditEvent.id == 3).execute()
    assert "cut off" in next(audit.verify()).sentence


def test_an_event_with_other_details_than_its_action_carries_is_refused(database):
    with pytest.raises(ValueError, match="must carry"):
        audit.record(Action.SIGN_IN, SYSTEM, "session", surprise=1)
    assert not AuditEvent.select().exists()


def test_an_act_that_is_rolled_back_leaves_no_event_and_no_gap(database):
    write(1)
    with pytest.raises(RuntimeError), database.atomic():
        write(1)
        raise RuntimeError
    write(1)
    assert [event.id for event in AuditEvent.select().order_by(AuditEvent.id)] == [1, 2]
    assert list(audit.verify()) == []


def test_what_a_savepoint_takes_back_leaves_no_event_and_the_rest_stays(database):
    with handle.atomic():
        write(1)
        with pytest.raises(RuntimeError), handle.atomic():
            write(2)
            raise RuntimeError
        with handle.atomic():
            audit.record(Action.SIGN_OUT, SYSTEM, "the other session")
    assert [event.subject for event in AuditEvent.select().order_by(AuditEvent.id)] == ["session", "the other session"]
    assert list(audit.verify()) == []


def test_an_act_whose_event_cannot_be_written_does_not_happen(database):
    AuditHead.delete().execute()
    with pytest.raises(ValueError, match="not enough values"):
        tenants.add(
            "Contoso", "1" * 8 + "-1111-4111-8111-111111111111", "1" * 8 + "-1111-4111-8111-111111111111", SYSTEM
        )
    assert not Tenant.select().exists()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nobody_waits_for_the_rest_of_anothers_transaction(database):
    """SQLite has one writer at a time, whatever it writes."""

    def other():
        with handle.connection_context():
            write(1)

    with database.atomic():
        write(1)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(5)
        assert not thread.is_alive()
        assert AuditEvent.select().count() == 1, "the other's alone"
    assert AuditEvent.select().count() == 2
    assert list(audit.verify()) == []


def test_writers_at_once_make_one_chain(database):
    def some():
        with handle.connection_context():
            write(10)

    threads = [threading.Thread(target=some) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert AuditHead.get().last_id == 60
    assert list(audit.verify()) == []


# --- gone through once a day -------------------------------------------------------------------------------------


@pytest.fixture
def in_threes(monkeypatch):
    monkeypatch.setattr(audit_rounds, "TOGETHER", 3)


def round_events():
    return list(AuditEvent.select().where(AuditEvent.action == Action.AUDIT_VERIFIED))


def test_a_round_goes_in_steps_ends_with_an_event_and_begins_again_a_day_later(database, in_threes):
    write(7)
    steps = 0
    while not round_events():
        assert audit_rounds.go_on() == []
        write(1) if steps == 0 else None  # what is written meanwhile is no fault
        steps += 1
    assert steps == 3
    [event] = round_events()
    assert (event.result, event.details) == ("ok", {"events": 8, "faults": 0})
    assert audit_rounds.go_on() == []
    assert len(round_events()) == 1, "once a day"
    AuditCheck.update(ended_at=utcnow() - timedelta(days=1)).execute()
    while len(round_events()) < 2:
        audit_rounds.go_on()
    assert list(audit.verify()) == []


def test_a_fault_is_told_at_once_and_taken_back_by_a_round_without_one(database, in_threes):
    write(9)
    without_triggers(database)
    AuditEvent.update(subject="nothing happened").where(AuditEvent.id == 2).execute()
    assert [fault.event_id for fault in audit_rounds.go_on()] == [2]
    assert "Event 2 was changed" in audit_rounds.state().first_fault
    while not round_events():
        audit_rounds.go_on()
    assert (round_events()[0].result, audit_rounds.state().faults) == ("failed", 1)
    AuditEvent.update(subject="session").where(AuditEvent.id == 2).execute()
    AuditCheck.update(ended_at=utcnow() - timedelta(days=1)).execute()
    audit_rounds.go_on()
    assert audit_rounds.state().faults == 1, "not before the round is through"
    while len(round_events()) < 2:
        audit_rounds.go_on()
    assert (audit_rounds.state().faults, audit_rounds.state().first_fault) == (0, None)


def test_a_cut_off_end_is_found_by_a_round_too(database):
    write(3)
    without_triggers(database)
    AuditEvent.delete().where(AuditEvent.id == 3).execute()
    assert "cut off" in audit_rounds.go_on()[0].sentence


# --- exported with proof -----------------------------------------------------------------------------------------


def document(first=1, last=None):
    return list(audit_proof.lines(first, last or AuditHead.get().last_id))


def test_an_export_proves_itself_and_says_where_in_the_chain_it_belongs(database):
    write(6)
    verdict = audit_proof.check(document(3, 5))
    assert (verdict.events, verdict.first_id, verdict.last_id, verdict.faults) == (3, 3, 5, [])
    assert verdict.previous_hash == AuditEvent.get_by_id(2).hash
    assert verdict.last_hash == AuditEvent.get_by_id(5).hash
    assert audit_proof.belongs_here(verdict) == []


def spoiled(lines):
    """Name -> the document after somebody worked on it."""
    changed = [line.replace("session", "nothing") if number == 2 else line for number, line in enumerate(lines)]
    return {
        "an event changed": changed,
        "an event left out": lines[:2] + lines[3:],
        "two events swapped": [lines[0], lines[2], lines[1], *lines[3:]],
        "cut off": lines[:-1],
        "cut short, with the old last line": [*lines[:-2], lines[-1]],
        "another last line": [*lines[:-1], lines[-1].replace('"events": 4', '"events": 5')],
        "something after it": [*lines, lines[1]],
        "another first line": [lines[0].replace("0" * 64, "1" * 64), *lines[1:]],
    }


@pytest.mark.parametrize("how", spoiled([""] * 6))
def test_a_spoiled_export_is_found_without_any_database(database, how):
    write(4)
    assert audit_proof.check(spoiled(document())[how]).faults


@pytest.mark.parametrize("lines", [[], ["x"], ["[]"], ['{"format": "other"}'], None])
def test_what_is_no_export_is_refused_with_a_sentence(database, lines):
    write(1)
    with pytest.raises(Invalid):
        audit_proof.check([document()[0], '{"id": "x"}'] if lines is None else lines)


def test_a_whole_chain_that_somebody_made_up_does_not_belong_here(database):
    write(3)
    verdict = audit_proof.check(document())
    without_triggers(database)
    AuditEvent.update(hash="f" * 64).where(AuditEvent.id == 3).execute()
    assert audit_proof.belongs_here(verdict) == [
        "Event 3 of this installation has another hash than the document says."
    ]


def test_an_event_that_names_what_no_database_holds_verifies_all_the_same(database):
    audit.record(Action.MAPPING_REMOVED, SYSTEM, "a\x00b\ud800", kind="x\x00", source="\udfff")
    assert list(audit.verify()) == []
