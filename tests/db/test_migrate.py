import re
import runpy
import threading
import time

import peewee as pw
import psycopg2
import pytest

import config
from db import database as engine
from db import encryption, migrate
from db.models import TABLES, Change, CopyStore, Policy, RecoveryKey, Tenant
from db.schema import online_changes, row_ids
from tests.support import servers
from tests.support.changes import record_change
from tests.support.migrating import migrate_twice_at_once


def indexes(found):
    """Without those for searching, which each engine has its own way of making."""
    ours = [index for index in found if not index.name.startswith(("policy_search", "tenant_search"))]
    return sorted((index.name, tuple(index.columns), index.unique) for index in ours)


def schema(database):
    """Table -> its columns and indexes, as the engine tells them."""
    return {
        table: (
            [(column.name, column.data_type, column.null) for column in database.get_columns(table)],
            indexes(database.get_indexes(table)),
        )
        for table in sorted(model._meta.table_name for model in TABLES)
    }


def test_the_migrations_make_exactly_the_tables_of_the_models(database, tmp_path):
    migrated = schema(database)
    if isinstance(database, pw.SqliteDatabase):
        fresh = pw.SqliteDatabase(tmp_path / "fresh.db")
    else:
        database.execute_sql("CREATE SCHEMA fresh")
        fresh = pw.PostgresqlDatabase(database.database, **database.connect_params, options="-c search_path=fresh")
    with fresh.bind_ctx(TABLES):
        fresh.create_tables(TABLES)
        if isinstance(fresh, pw.SqliteDatabase):
            assert schema(fresh) == migrated
        else:
            for table, (columns, theirs) in migrated.items():
                assert [(c.name, c.data_type, c.null) for c in fresh.get_columns(table, schema="fresh")] == columns
                assert indexes(fresh.get_indexes(table, schema="fresh")) == theirs
    fresh.close()


def test_two_that_migrate_at_once_both_succeed_and_one_does_the_work(tmp_path):
    engine.bind_database(f"sqlite:///{tmp_path}/new.db")
    encryption.use_keys(config.settings().encryption_keys)
    assert migrate_twice_at_once() == [False, True]


# What processes of the version before may be using: (migration, what it does) -> since which version nobody does.
NOBODY_USES = {}
HARMFUL = re.compile(
    r"DROP (?:TABLE|COLUMN)|RENAME|ALTER COLUMN|SET NOT NULL|(?<!IS )NOT NULL(?! DEFAULT)|ADD (?:CONSTRAINT|FOREIGN)"
    r"|(?:CREATE|CREATE UNIQUE|DROP) INDEX|LOCK TABLE|migrator\."
)


@pytest.mark.parametrize("path", sorted(migrate.DIRECTORY.glob("0*.py"))[7:], ids=lambda path: path.stem)
def test_a_migration_takes_nothing_from_processes_of_the_version_before(path):
    """What goes, goes a version later than its last use; what is added, older processes need not fill in."""
    text = re.sub(r"#.*", "", path.read_text())
    if path.stem == "0008_identities":
        # SQLite's tables are made anew there, by nobody else's leave: docs/operating.md says to stop first.
        text = text.partition("def _make_anew")[0]
    found = {match.group() for match in HARMFUL.finditer(text)}
    assert {name for name in found if (path.stem, name) not in NOBODY_USES} == set()
    assert re.search(r"^atomic = False$", text, re.MULTILINE), "its steps stand by themselves, and can be made again"


def test_the_documented_migration_can_be_carried_out_again(cast, database):
    class Label(pw.Model):
        id = row_ids.Identity()

    page = (servers.ROOT / "docs" / "architecture.md").read_text().partition("## Writing a migration")[2]
    example = {"Label": Label, "Tenant": Tenant}
    exec(page.partition("```python")[2].partition("```")[0], example)  # noqa: S102 - our own page
    for _ in range(2):
        example["up"](None, database)
    assert {"label_id"} <= {column.name for column in database.get_columns("run")}
    assert "is_quiet" in {column.name for column in database.get_columns("tenant")}
    assert ("label_id", "label") in {(key.column, key.dest_table) for key in database.get_foreign_keys("run")}
    assert "run_label" in {index.name for index in database.get_indexes("run")}
    if not isinstance(database, pw.SqliteDatabase):
        unproven = "SELECT COUNT(*) FROM pg_constraint WHERE NOT convalidated"
        assert database.execute_sql(unproven).fetchone() == (0,)
        assert {column.data_type for column in database.get_columns("label")} == {"bigint"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_change_has_the_type_of_its_policy_whoever_wrote_it_and_when(cast, captured, database):
    """The list is narrowed by it, and a process of the version before writes changes without it."""
    before, _ = (record_change(made[0]) for made in captured[:2])
    Change.update(policy_type=None).where(Change.id == before.id).execute()
    up = runpy.run_path(migrate.DIRECTORY / "0054_narrowed_lists.py")["up"]
    up(None, database)
    record_change(captured[2][0])
    types = [change.policy_type for change in Change.select()]
    assert types == [change.policy.policy_type for change in Change.select()] == ["configurationPolicies"] * 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_an_interrupted_build_left_is_no_index_and_is_built_anew(cast, database):
    with pytest.raises(pw.IntegrityError):
        online_changes.create_index(database, "policy_new", "policy (tenant_id)", is_unique=True)
    assert "policy_new" in {index.name for index in database.get_indexes("policy")}, "it is there, and nothing uses it"
    Policy.delete().execute()
    online_changes.create_index(database, "policy_new", "policy (tenant_id)", is_unique=True)
    query = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'policy_new'::regclass"
    assert database.execute_sql(query).fetchone() == (True,)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nobody_waits_behind_a_migration_that_waits_for_a_long_look(database, database_url, monkeypatch):
    monkeypatch.setattr(online_changes, "LOCK_TIMEOUT_MS", 200)
    done = threading.Event()

    def migration():
        with database.connection_context():
            online_changes.add_column(database, "tenant", "new", "INTEGER")
        done.set()

    slowest, thread = 0.0, threading.Thread(target=migration)
    with psycopg2.connect(database_url) as long:
        long.cursor().execute("SELECT 1 FROM tenant")
        thread.start()
        database.execute_sql("SET statement_timeout = 30000")
        for turn in range(1000):
            began = time.monotonic()
            database.execute_sql("SELECT 1 FROM tenant")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
            if turn > 20 and slowest > 0.05:
                break
        assert not done.is_set()
    assert done.wait(120)
    thread.join()
    assert 0.05 < slowest < 10, "one waited, and not until the long look was over"


def test_the_keys_that_stores_are_sealed_to_get_names(cast, database):
    columns = {"address": "s3://x", "sealed": b"", "copy_days": 30}
    for recipients in (["age1a", "age1b"], ["age1b"], ["age1c"]):
        CopyStore.create(name="Vault", recipients=recipients, **columns)
    up = runpy.run_path(str(migrate.DIRECTORY / "0045_recovery_keys.py"))["up"]
    for _ in range(2):
        up(None, database)
    found = [(key.name, key.recipient) for key in RecoveryKey.select().order_by(RecoveryKey.id)]
    assert found == [("Recovery key 1", "age1a"), ("Recovery key 2", "age1b"), ("Recovery key 3", "age1c")]
