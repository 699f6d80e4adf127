"""Ids become 64 bits wide beside the work of processes of the version before, and it may be broken off anywhere."""

import secrets
import threading
import time
from contextlib import contextmanager

import peewee as pw
import psycopg2
import pytest

from db import database as engine
from db import migrate
from db.schema import id_widening
from tests.support import servers
from tests.support.migrating import migrate_twice_at_once


@pytest.fixture
def before(request, tmp_path, monkeypatch):
    """A database as the version before left it, with rows in it, and every table large: its handle, and its address."""
    kind = getattr(request, "param", "postgresql")
    # Before the other is bound, and before every table is large.
    request.getfixturevalue(f"_{kind}")
    monkeypatch.setattr(id_widening, "SMALL_TABLE_BYTES", 0)
    monkeypatch.setattr(id_widening, "ROWS_AT_ONCE", 70)
    with empty_database(request, kind, tmp_path / "before.db") as url:
        handle = engine.bind_database(url)
        handle.connect()
        migrate._runner().up("0007_tenants")
        fill(handle)
        yield handle, url
        handle.close()


@contextmanager
def empty_database(request, kind, path):
    if kind == "sqlite":
        yield f"sqlite:///{path}"
        return
    server, name = request.getfixturevalue("_postgresql"), f"before_{secrets.token_hex(6)}"
    servers.execute(server, f"CREATE DATABASE {name}")
    yield f"{server}/{name}"
    engine.database.close_all()
    servers.execute(server, f"DROP DATABASE {name} WITH (FORCE)")


BOTH = pytest.mark.parametrize("before", ["sqlite", "postgresql"], indirect=True)
NOW = "'2026-01-01 00:00:00'"


def fill(handle):
    insert(handle, "users (email, name, site_role, is_active, created_at)", [f"'a@b.c', 'A', 'none', true, {NOW}"])
    insert(handle, "tenant (name, directory_id, client_id, cloud, credential_kind, is_active, created_at)",
           [f"'{n}', '{n}', '{n}', 'global', 'none', true, {NOW}" for n in range(3)])  # fmt: skip
    insert(handle, "policy (tenant_id, policy_type, graph_id, name, is_built_in, state, first_seen_at, last_seen_at, "
           "snapshot_count)", [f"{1 + n % 3}, 'intents', '{n}', 'Policy {n}', false, 'present', {NOW}, {NOW}, 0"
                               for n in range(300)])  # fmt: skip
    insert(handle, "audit_event (id, at, action, actor_id, actor, tenant_id, subject, result, details, previous_hash, "
           "hash)", [f"{n}, {NOW}, 'x', 1, 'A', 2, 'run {n}', 'ok', '{{}}', '', ''" for n in range(9)])  # fmt: skip
    for number in range(1, 301):
        old_run(handle.execute_sql, number)
    if not isinstance(handle, pw.SqliteDatabase):
        # As after a move by a tool that knows nothing of it: the default names it, and that is all.
        handle.execute_sql("ALTER SEQUENCE run_id_seq OWNED BY NONE")
    for number in range(100, 300, 10):
        handle.execute_sql(f"UPDATE run SET retry_of_id = {number - 1}, restore_id = 7 WHERE id = {number}")


def insert(handle, into, rows):
    handle.execute_sql(f"INSERT INTO {into} VALUES ({'), ('.join(rows)})")


def old_run(execute, number):
    """A run with an item and a notification, in the words of the version before; another goes."""
    columns = "tenant_id, kind, dedupe_key, policy_id, state, requested_by_id, origin, attempts, created_at, total, " \
              "done, skipped, failed, uncertain, parts_begun"  # fmt: skip
    values = f"1, 'policy.sync', 'k{number}', 5, 'queued', 1, 'web', 0, {NOW}, 0, 0, 0, 0, 0, 0"
    [[run]] = execute(f"INSERT INTO run ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING RETURNING id").fetchall()
    for statement in (
        "INSERT INTO run_item (run_id, policy_id, policy_type, name, state, tries) "
        f"VALUES ({run}, 5, 'intents', 'x', 'done', 0)",
        f"INSERT INTO notification (user_id, run_id, created_at, changed_at) VALUES (1, {run}, {NOW}, {NOW})",
        f"UPDATE run SET state = 'succeeded', ended_at = {NOW} WHERE id = {run}",
        f"DELETE FROM run WHERE id = {run - 250}",
    ):
        execute(statement)
    return run


@contextmanager
def old_process(url):
    """It starts and ends runs all the time; yields what went wrong, and the longest that a statement took."""
    told, stop = {"faults": [], "slowest": 0.0, "runs": 0}, threading.Event()

    def work():
        connection = psycopg2.connect(url)
        connection.autocommit = True

        def execute(*words):
            cursor = connection.cursor()
            began = time.monotonic()
            cursor.execute(*words)
            told["slowest"] = max(told["slowest"], time.monotonic() - began)
            return cursor

        while not stop.is_set():
            time.sleep(0.002)  # a process that never pauses leaves a migration no moment
            try:
                told["runs"] += 1
                old_run(execute, 1000 + told["runs"])
            except psycopg2.Error as e:
                told["faults"].append(e)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


CATALOGUE = """
SELECT 'column', attrelid::regclass::text, attname, format_type(atttypid, NULL), attnotnull::text,
pg_get_expr(adbin, adrelid) FROM pg_attribute a LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)
AND attnum > 0 AND NOT attisdropped
UNION ALL SELECT 'index', indrelid::regclass::text, '', pg_get_indexdef(indexrelid), indisvalid::text, ''
FROM pg_index WHERE indrelid::regclass::text NOT LIKE 'pg_%%'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated::text, ''
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled::text, ''
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', '', proname, prosrc, '', '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql')
UNION ALL SELECT 'sequence', seqrelid::regclass::text, refobjid::regclass::text, seqtypid::regtype::text, seqmax::text,
deptype::text FROM pg_sequence LEFT JOIN pg_depend ON objid = seqrelid AND refclassid = 'pg_class'::regclass
"""


def catalogue(handle):
    """All that the engine knows of our tables, but the order of their columns: wide ones stand behind the others."""
    is_sqlite = isinstance(handle, pw.SqliteDatabase)
    query = "SELECT type, name, tbl_name, sql FROM sqlite_master" if is_sqlite else CATALOGUE
    return sorted(map(str, handle.execute_sql(query).fetchall()))


@pytest.fixture
def made_empty(before, request):
    """The catalogue of a database that was empty, so that every table was small."""
    if isinstance(before[0], pw.SqliteDatabase):
        handle = pw.SqliteDatabase(request.getfixturevalue("_sqlite"))
    else:
        handle = pw.PostgresqlDatabase("migrated", dsn=f"{request.getfixturevalue('_postgresql')}/migrated")
    with handle.connection_context():
        return catalogue(handle)


def rows(handle):
    return {table: handle.execute_sql(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()
            for table, columns in (("run", "id, tenant_id, policy_id, retry_of_id, restore_id"),
                                   ("run_item", "id, run_id, policy_id"), ("audit_event", "id, actor_id, tenant_id"),
                                   ("policy", "id, tenant_id"), ("notification", "id, user_id, run_id"))}  # fmt: skip


def test_old_processes_work_on_beside_it_and_after_it(before, made_empty):
    handle, url = before
    with old_process(url) as told:
        assert "0008_identities" in migrate.migrate()
        then = told["runs"]
        servers.wait_for(lambda: told["runs"] > then + 5, "The old process")
    assert told["faults"] == []
    assert told["slowest"] < 30
    assert catalogue(handle) == made_empty
    with pytest.raises(pw.PeeweeException, match="append-only"):
        handle.execute_sql("UPDATE audit_event SET tenant_id = 3")


def test_a_page_is_filled_in_without_a_look_at_the_others(before, monkeypatch):
    handle, _ = before
    monkeypatch.setattr(id_widening, "ROWS_AT_ONCE", 5000)
    handle.execute_sql(
        "INSERT INTO policy (tenant_id, policy_type, graph_id, name, is_built_in, state, first_seen_at, last_seen_at, "
        f"snapshot_count) SELECT 1, 'x', n, n, false, 'present', {NOW}, {NOW}, 0 FROM generate_series(301, 20000) AS n"
    )
    handle.execute_sql("ANALYZE policy")
    execute, plans = handle.execute_sql, []

    def explained(sql, *values):
        if sql.startswith("UPDATE"):
            plans.append(str(execute(f"EXPLAIN {sql}", *values).fetchall()))
        return execute(sql, *values)

    monkeypatch.setattr(handle, "execute_sql", explained)
    id_widening.widen(handle, {"policy": ()})
    assert len(plans) == 4
    assert not [plan for plan in plans if "Seq Scan" in plan]


@BOTH
def test_broken_off_anywhere_it_goes_on_and_nothing_is_lost(before, made_empty, monkeypatch):
    handle, _ = before
    there = rows(handle)
    execute, left, breaks = handle.execute_sql, [0], 0

    def breaking(*words):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return execute(*words)

    monkeypatch.setattr(handle, "execute_sql", breaking)
    while True:
        left[0] = 60 + 7 * breaks
        try:
            migrate.migrate()
            break
        except KeyboardInterrupt:
            breaks += 1
            handle.close()
            handle.connect()
    monkeypatch.undo()
    assert breaks > 3
    assert rows(handle) == there
    assert catalogue(handle) == made_empty


@pytest.mark.parametrize("before", ["sqlite"], indirect=True)
def test_sqlite_s_references_and_search_go_with_the_tables_that_are_made_anew(before):
    handle, _ = before
    migrate.migrate()
    assert handle.execute_sql("PRAGMA foreign_key_check").fetchall() == []
    handle.execute_sql("UPDATE policy SET name = 'Another' WHERE id = 7")
    found = handle.execute_sql("SELECT rowid FROM policy_search WHERE policy_search MATCH 'another OR \"licy 17\"'")
    assert {7, 18} <= {row[0] for row in found.fetchall()}
    handle.execute_sql("DELETE FROM run WHERE id = 300")
    assert old_run(handle.execute_sql, 301) == 301
    with pytest.raises(pw.IntegrityError, match="append-only"):
        handle.execute_sql("DELETE FROM audit_event")


def test_who_waits_to_migrate_is_not_waited_for(before, monkeypatch):
    """The first builds indexes beside writers, and waits for everything that began before; the second waits for it.

    It asks so slowly that each index begins while it asks.
    """
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(migrate, "TRY_LOCK", f"{migrate.TRY_LOCK} FROM pg_sleep(0.05)")
    assert migrate_twice_at_once() == [False, True]
