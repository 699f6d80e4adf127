import threading

import peewee as pw
import pytest

from db.audit import audit, chain
from db.audit.audit import SYSTEM, Action, Actor
from db.database import database as handle
from db.encryption import SealError
from db.models import AuditEvent, AuditHead, AuditKey, Tenant
from db.tenants import tenants
from tests.support.audit_log import write

COPY = "INTO audit_event (id, at, action, actor, subject, result, details, previous_hash, hash) SELECT {}, at, action, "
COPY += "'x', subject, result, details, previous_hash, hash FROM audit_event WHERE id = 1"
REFUSED = (
    "UPDATE audit_event SET actor = 'x'",
    "DELETE FROM audit_event",
    "UPDATE audit_head SET last_id = last_id - 1",
    "UPDATE audit_head SET id = id + 1",
    "DELETE FROM audit_head",
)
# There is no such statement in PostgreSQL, or it needs no trigger to refuse it: the id is there.
REFUSED_BY_SQLITE = (
    f"INSERT OR REPLACE {COPY.format(2)}",
    f"REPLACE {COPY.format(1)}",
    f"INSERT {COPY.format(2)} ON CONFLICT (id) DO UPDATE SET actor = 'x'",
    f"INSERT {COPY.format(9)}",
    f"INSERT {COPY.format(-1)}",
    "UPDATE OR REPLACE audit_event SET id = 2 WHERE id = 1",
    "INSERT OR REPLACE INTO audit_head (id, last_id, hash) SELECT id, 1, hash FROM audit_head",
    "INSERT INTO audit_head (last_id, hash) VALUES (1, 'x')",
)


@pytest.mark.parametrize("act", REFUSED)
def test_the_database_refuses_to_change_or_delete_events(database, act):
    write(3)
    with pytest.raises(pw.DatabaseError, match=r"append-only|only goes forward|one head"):
        database.execute_sql(act)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("act", REFUSED_BY_SQLITE)
def test_sqlite_refuses_to_replace_what_is_in_the_log(database, act):
    write(3)
    with pytest.raises(pw.IntegrityError, match=r"append-only|one head"):
        database.execute_sql(act)
    assert list(chain.verify()) == []


def test_an_event_with_other_details_than_its_action_carries_is_refused(database):
    with pytest.raises(ValueError, match="must carry"):
        audit.record(Action.SIGN_IN, SYSTEM, "session", surprise=1)
    assert not AuditEvent.select().exists()


def test_an_actor_with_a_long_name_is_recorded_and_so_is_what_they_did(database):
    token = Actor(f"token {'n' * 80} of {'e' * 250}@example.com", 1)
    audit.record(Action.TOKEN_ENDED, token, "user e", name="n")
    assert AuditEvent.get().actor == token.name[:255]


def test_an_act_that_is_rolled_back_leaves_no_event_and_no_gap(database):
    write(1)
    with pytest.raises(RuntimeError), database.atomic():
        write(1)
        raise RuntimeError
    write(1)
    assert [event.id for event in AuditEvent.select().order_by(AuditEvent.id)] == [1, 2]
    assert list(chain.verify()) == []


def test_what_a_savepoint_takes_back_leaves_no_event_and_the_rest_stays(database):
    with handle.atomic():
        write(1)
        with pytest.raises(RuntimeError), handle.atomic():
            write(2)
            raise RuntimeError
        with handle.atomic():
            audit.record(Action.SIGN_OUT, SYSTEM, "the other session")
    assert [event.subject for event in AuditEvent.select().order_by(AuditEvent.id)] == ["session", "the other session"]
    assert list(chain.verify()) == []


def test_an_act_whose_event_cannot_be_written_does_not_happen(database):
    AuditKey.delete().execute()
    with pytest.raises(SealError, match="is gone from the database"):
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
        thread.join(60)
        assert not thread.is_alive()
        assert AuditEvent.select().count() == 1, "the other's alone"
    assert AuditEvent.select().count() == 2
    assert list(chain.verify()) == []


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
    assert list(chain.verify()) == []
