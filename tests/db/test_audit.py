import threading

import peewee as pw
import pytest

from db import audit
from db.audit import SYSTEM, Action
from db.database import database as handle
from db.models import AuditEvent, AuditHead


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
