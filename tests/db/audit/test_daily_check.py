"""The daily check goes in steps, tells a fault at once, and cannot be talked out of it."""

from datetime import timedelta

import pytest

from actors.housekeeping import audit_head
from actors.process import logs
from db.audit import chain, daily_check
from db.audit.audit import Action
from db.clock import utcnow
from db.models import AuditCheck, AuditEvent
from tests.support.audit_log import without_triggers, write


def test_the_log_of_the_scheduler_says_where_the_log_ended_and_masks_none_of_it(database, caplog):
    write(3)
    point = chain.point_as_text(chain.end_of_log())
    with caplog.at_level("INFO"):
        daily_check.check_next_events()
    [line] = [
        logs.LineFormatter("text").format(record) for record in caplog.records if "gone through" in record.message
    ]
    assert line.endswith(f"faults=0 point={point}")
    assert list(chain.verify([audit_head.parse_point(point)])) == []


def test_what_the_last_round_found_cannot_be_taken_back_in_the_database(database):
    write(5)
    without_triggers(database)
    AuditEvent.update(subject="nothing").where(AuditEvent.id == 2).execute()
    assert daily_check.check_next_events()
    for lie in ({"faults": 0, "first_fault": None}, {"last_id": 5}, {"mac": None, "faults": 0},
                {"ended_at": utcnow() + timedelta(days=900), "faults": 0}):  # fmt: skip
        AuditCheck.update(lie).execute()
        assert daily_check.check_next_events(), "it begins anew at once"
        assert daily_check.last_check().faults == 1


# --- gone through once a day -------------------------------------------------------------------------------------


@pytest.fixture
def in_threes(monkeypatch):
    monkeypatch.setattr(daily_check, "EVENTS_PER_STEP", 3)


def round_events():
    return list(AuditEvent.select().where(AuditEvent.action == Action.AUDIT_VERIFIED))


def test_a_round_goes_in_steps_ends_with_an_event_and_begins_again_a_day_later(database, in_threes):
    write(7)
    steps = 0
    while not round_events():
        assert daily_check.check_next_events() == []
        write(1) if steps == 0 else None  # what is written meanwhile is no fault
        steps += 1
    assert steps == 3
    [event] = round_events()
    assert (event.result, event.details) == ("ok", {"events": 8, "faults": 0})
    assert daily_check.check_next_events() == []
    assert len(round_events()) == 1, "once a day"
    AuditCheck.update(ended_at=utcnow() - timedelta(days=1)).execute()
    while len(round_events()) < 2:
        daily_check.check_next_events()
    assert list(chain.verify()) == []


def test_a_fault_is_told_at_once_and_taken_back_by_a_round_without_one(database, in_threes):
    write(9)
    without_triggers(database)
    AuditEvent.update(subject="nothing happened").where(AuditEvent.id == 2).execute()
    assert [fault.event_id for fault in daily_check.check_next_events()] == [2]
    assert "Event 2 was changed" in daily_check.last_check().first_fault
    while not round_events():
        daily_check.check_next_events()
    assert (round_events()[0].result, daily_check.last_check().faults) == ("failed", 1)
    AuditEvent.update(subject="session").where(AuditEvent.id == 2).execute()
    AuditCheck.update(ended_at=utcnow() - timedelta(days=1)).execute()
    daily_check.check_next_events()
    assert daily_check.last_check().faults == 1, "not before the round is through"
    while len(round_events()) < 2:
        daily_check.check_next_events()
    assert (daily_check.last_check().faults, daily_check.last_check().first_fault) == (0, None)


def test_a_cut_off_end_is_found_by_a_round_too(database):
    write(3)
    without_triggers(database)
    AuditEvent.delete().where(AuditEvent.id == 3).execute()
    assert "cut off" in daily_check.check_next_events()[0].sentence


EVENTS = "action, actor_id, actor, tenant_id, tenant_name, subject, result, address, details, previous_hash, hash, mac"
ANOTHER = f"INSERT INTO audit_event (id, at, {EVENTS}) SELECT %s, at, {EVENTS} FROM audit_event WHERE id = 3"  # noqa: S608


@pytest.mark.parametrize("number", [-4, 0, 6, 106])
def test_an_event_before_the_first_or_behind_the_end_is_found_at_the_next_sweep(database, number):
    write(4)
    assert daily_check.check_next_events() == [], "which ends with an event of its own"
    without_triggers(database)
    database.execute_sql(ANOTHER % number)
    assert [fault.event_id for fault in chain.verify()] == [number]
    assert [fault.event_id for fault in daily_check.check_next_events()] == [number]


@pytest.mark.parametrize("table", ["audit_head", "audit_check"])
def test_a_row_that_is_gone_is_told_in_a_sentence(database, table):
    write(3)
    without_triggers(database)
    database.execute_sql(f"DELETE FROM {table}")  # noqa: S608
    faults = daily_check.check_next_events()
    assert table in faults[0].sentence
    assert daily_check.last_check().faults
    if table == "audit_check":
        daily_check.restart()
        assert (daily_check.check_next_events(), daily_check.last_check().faults) == ([], 0)


def test_an_older_state_of_a_round_that_is_put_back_spares_nothing(database, in_threes):
    write(9)
    daily_check.check_next_events()
    kept = AuditCheck.get().__data__.copy()
    without_triggers(database)
    AuditEvent.update(subject="nothing happened").where(AuditEvent.id == 2).execute()
    AuditCheck.update(kept).execute()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(daily_check, "utcnow", lambda: utcnow() + timedelta(days=1))
        assert [fault.event_id for fault in daily_check.check_next_events()] == [2]


def test_a_clock_that_was_ahead_keeps_no_round_from_beginning(database, monkeypatch):
    write(2)
    with monkeypatch.context() as patched:
        patched.setattr(daily_check, "utcnow", lambda: utcnow() + timedelta(days=900))
        daily_check.check_next_events()
    daily_check.check_next_events()
    assert len(round_events()) == 2
