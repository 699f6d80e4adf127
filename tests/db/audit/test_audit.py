import secrets
import threading
from contextlib import contextmanager
from datetime import timedelta

import peewee as pw
import pytest

import config
from actors.housekeeping import audit_head
from actors.process import logs
from db import encryption
from db.audit import audit, audit_keys, chain, chain_export, daily_check
from db.audit.audit import SYSTEM, Action
from db.clock import utcnow
from db.database import database as handle
from db.encryption import SealError
from db.errors import Invalid
from db.installation import key_rotation
from db.models import AuditCheck, AuditEvent, AuditHead, AuditKey, Tenant
from db.tenants import tenants


def write(count):
    for _ in range(count):
        audit.record(Action.SIGN_OUT, SYSTEM, "session")


def without_triggers(database):
    """What someone with the database's password can do."""
    if isinstance(database, pw.SqliteDatabase):
        for (name,) in database.execute_sql(
            "SELECT name FROM sqlite_master WHERE name LIKE 'audit%' AND type = 'trigger'"
        ):
            database.execute_sql(f"DROP TRIGGER {name}")
    else:
        for table in ("audit_event", "audit_head"):
            database.execute_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")


def test_an_untouched_log_verifies(database):
    write(5)
    assert list(chain.verify()) == []


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
        thread.join(5)
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


# --- by who may write to the database, and knows how the plain hashes are made ----------------------------------


def chain_anew(after=0):
    """Every plain hash behind that event fits again, and the head; keyed hashes are what the attacker cannot make."""
    previous = AuditEvent.get_by_id(after).hash if after else chain.FIRST_PREVIOUS_HASH
    for event in AuditEvent.select().where(AuditEvent.id > after).order_by(AuditEvent.id):
        event.previous_hash = previous
        event.hash = previous = chain.hash_of_event(event)
        event.save()
    AuditHead.update(last_id=AuditEvent.select(pw.fn.MAX(AuditEvent.id)).scalar() or 0, hash=previous).execute()


def change(**values):
    AuditEvent.update(**values).where(AuditEvent.id == 3).execute()
    chain_anew()


def swap():
    first, second = AuditEvent.get_by_id(3), AuditEvent.get_by_id(4)
    for one, other in ((first, second.id), (second, first.id)):
        values = {**one.__data__, "id": other}
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


@contextmanager
def undone(database):
    with handle.atomic() as transaction:
        yield
        transaction.rollback()


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


# --- remembered outside the database ------------------------------------------------------------------------------


def cut(last):
    """Take the newest away, with the head as it was then: all that is left was really so once."""
    AuditEvent.delete().where(AuditEvent.id > last).execute()
    AuditHead.update(
        last_id=last, hash=AuditEvent.get_by_id(last).hash if last else chain.FIRST_PREVIOUS_HASH
    ).execute()


@pytest.mark.parametrize("left", [4, 1, 0])
def test_an_end_that_was_cut_off_with_its_head_is_found_by_what_was_remembered(database, redis_url, left):
    write(5)
    [point] = audit_head.follow() or audit_head.remembered()
    assert chain.point_as_text(point) == chain.point_as_text(chain.end_of_log())
    without_triggers(database)
    cut(left)
    assert list(chain.verify()) == [], "nothing in the database says so"
    assert "cut off" in next(chain.verify([point])).sentence
    assert [fault.event_id for fault in daily_check.check_next_events(audit_head.follow())] == [5]
    write(7)
    assert audit_head.follow() == [point], "not forgotten while it does not hold"
    assert [fault.event_id for fault in chain.verify([point])] == [5], "others grew in its place"
    assert daily_check.last_check().faults
    audit_head.remember(chain.end_of_log())
    assert list(chain.verify(audit_head.follow())) == [], "accepted by hand"


def test_the_log_of_the_scheduler_says_where_the_log_ended_and_masks_none_of_it(database, caplog):
    write(3)
    point = chain.point_as_text(chain.end_of_log())
    with caplog.at_level("INFO"):
        daily_check.check_next_events()
    [line] = [logs.LineFormatter("text").format(one) for one in caplog.records if "gone through" in one.message]
    assert line.endswith(f"faults=0 point={point}")
    assert list(chain.verify([audit_head.point(point)])) == []


def test_between_two_rounds_a_cut_is_found_at_the_next_sweep_and_told_once(database, redis_url):
    write(5)
    assert daily_check.check_next_events(audit_head.follow()) == []
    assert daily_check.check_next_events(audit_head.follow()) == []
    without_triggers(database)
    cut(3)
    assert ["older copy" in fault.sentence for fault in daily_check.check_next_events(audit_head.follow())] == [True]
    assert daily_check.check_next_events(audit_head.follow()) == []
    assert "is missing" in daily_check.last_check().first_fault


def test_junk_in_redis_is_no_point_and_ends_nothing(database, redis_url):
    write(1)
    for junk in (
        b"",
        b"1",
        b"x:y",
        b"\xff\x00",
        b"99999999999999999999:" + b"0" * 64,
        b"9999999999999999999:" + b"0" * 64,
    ):
        audit_head.locks.set(audit_head._name(), junk)
        assert audit_head.follow() == []
        assert [chain.point_as_text(one) for one in audit_head.remembered()] == [
            chain.point_as_text(chain.end_of_log())
        ]


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


# --- exported with proof -----------------------------------------------------------------------------------------


def document(first=1, last=None):
    return list(chain_export.document_lines(first, last or AuditHead.get().last_id))


def test_an_export_proves_itself_and_says_where_in_the_chain_it_belongs(database):
    write(6)
    verdict = chain_export.check_document(document(3, 5))
    assert (verdict.events, verdict.first_id, verdict.last_id, verdict.faults) == (3, 3, 5, [])
    assert verdict.previous_hash == AuditEvent.get_by_id(2).hash
    assert verdict.last_hash == AuditEvent.get_by_id(5).hash
    assert chain_export.differences_from_log(verdict) == []


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
    assert chain_export.check_document(spoiled(document())[how]).faults


@pytest.mark.parametrize("lines", [[], ["x"], ["[]"], ['{"format": "other"}'], None])
def test_what_is_no_export_is_refused_with_a_sentence(database, lines):
    write(1)
    with pytest.raises(Invalid):
        chain_export.check_document([document()[0], '{"id": "x"}'] if lines is None else lines)


def test_a_whole_chain_that_somebody_made_up_does_not_belong_here(database):
    write(3)
    verdict = chain_export.check_document(document())
    without_triggers(database)
    AuditEvent.update(hash="f" * 64).where(AuditEvent.id == 3).execute()
    assert chain_export.differences_from_log(verdict) == [
        "Event 3 of this installation has another hash than the document says."
    ]


def test_an_event_that_names_what_no_database_holds_verifies_all_the_same(database):
    audit.record(Action.MAPPING_REMOVED, SYSTEM, "a\x00b\ud800", kind="x\x00", source="\udfff")
    assert list(chain.verify()) == []


# --- whatever stands where ----------------------------------------------------------------------------------------

ODD = ("'x'", "x'ff'", "-1", "9223372036854775807", "'2030-13-45'")
EVENTS = "action, actor_id, actor, tenant_id, tenant_name, subject, result, address, details, previous_hash, hash, mac"
ANOTHER = f"INSERT INTO audit_event (id, at, {EVENTS}) SELECT %s, at, {EVENTS} FROM audit_event WHERE id = 3"  # noqa: S608


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whatever_sqlite_lets_stand_in_the_log_is_a_fault_or_nothing_and_ends_nobody(database, redis_url):
    write(5)
    audit_head.follow()
    without_triggers(database)
    columns = [(model, field.column_name) for model in (AuditEvent, AuditHead, AuditCheck, AuditKey)
               for field in model._meta.sorted_fields if field.column_name != "id"]  # fmt: skip
    for (model, column), odd in ((place, odd) for place in columns for odd in ODD):
        with undone(database):
            before = whole_log()
            try:
                database.execute_sql(f"UPDATE {model._meta.table_name} SET {column} = {odd}")  # noqa: S608
            except pw.IntegrityError:
                continue
            points = [] if model is AuditKey else audit_head.remembered()
            found, swept = list(chain.verify(points)), daily_check.check_next_events(points)
            daily_check.last_check(), list(chain_export.document_lines(1, 5)) if model is not AuditKey else None
            is_otherwise = model is not AuditCheck and whole_log() != before
            assert (bool(found), bool(swept) >= is_otherwise) == (is_otherwise, True), (column, odd)


def whole_log():
    tables = (AuditEvent, AuditHead, AuditKey)
    return [handle.execute_sql(f"SELECT * FROM {one._meta.table_name}").fetchall() for one in tables]  # noqa: S608


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
