"""Events for tests, and what somebody with the database's password can do to them."""

from contextlib import contextmanager

import peewee as pw

from db.audit import audit, chain
from db.audit.audit import SYSTEM, Action
from db.database import database as handle
from db.models import AuditEvent, AuditHead, AuditKey


def write(count):
    for _ in range(count):
        audit.record(Action.SIGN_OUT, SYSTEM, "session")


def without_triggers(database):
    """Drop the triggers, as someone with the database's password can."""
    if isinstance(database, pw.SqliteDatabase):
        for (name,) in database.execute_sql(
            "SELECT name FROM sqlite_master WHERE name LIKE 'audit%' AND type = 'trigger'"
        ):
            database.execute_sql(f"DROP TRIGGER {name}")
    else:
        for table in ("audit_event", "audit_head"):
            database.execute_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


# --- by who may write to the database, and knows how the plain hashes are made ----------------------------------


def chain_anew(after=0):
    """Every plain hash behind that event fits again, and the head; keyed hashes are what the attacker cannot make."""
    previous = AuditEvent.get_by_id(after).hash if after else chain.FIRST_PREVIOUS_HASH
    for event in AuditEvent.select().where(AuditEvent.id > after).order_by(AuditEvent.id):
        event.previous_hash = previous
        event.hash = previous = chain.hash_of_event(event)
        event.save()
    AuditHead.update(last_id=AuditEvent.select(pw.fn.MAX(AuditEvent.id)).scalar() or 0, hash=previous).execute()


@contextmanager
def undone(database):
    with handle.atomic() as transaction:
        yield
        transaction.rollback()


# --- remembered outside the database ------------------------------------------------------------------------------


def cut(last):
    """Take the newest away, with the head as it was then: all that is left was really so once."""
    AuditEvent.delete().where(AuditEvent.id > last).execute()
    AuditHead.update(
        last_id=last, hash=AuditEvent.get_by_id(last).hash if last else chain.FIRST_PREVIOUS_HASH
    ).execute()


def whole_log():
    tables = (AuditEvent, AuditHead, AuditKey)
    return [handle.execute_sql(f"SELECT * FROM {table._meta.table_name}").fetchall() for table in tables]  # noqa: S608
