"""PostgreSQL with an owner and a role that owns nothing, as docs/installing.md makes them."""

import json
import re
import subprocess

import peewee as pw
import pytest

import config
from actors.process import startup
from db import database as engine
from db import migrate
from db.audit import audit, chain
from db.audit.audit import SYSTEM, Action
from db.installation import privileges
from db.models import TABLES
from tests.support import servers
from tests.support.command_lines import process, tenantkeep
from tests.support.database_roles import copied, documented_roles


@pytest.fixture(scope="module")
def migrated(_postgresql, _redis_server):
    with documented_roles(_postgresql) as roles:
        done = tenantkeep("migrate", **roles.environment(with_owner=True))
        assert (done.returncode, "Applied" in done.stdout) == (0, True), done.stdout + done.stderr
        roles.execute(roles.documented("installing.md")[2], roles.owner)
        yield roles


@pytest.fixture
def roles(migrated):
    with copied(migrated) as roles:
        yield roles


@pytest.fixture
def as_role(roles, monkeypatch):
    """This process, as the role that owns nothing."""
    monkeypatch.setenv("TENANTKEEP_DATABASE_URL", roles.url(roles.app))
    config.settings.cache_clear()
    yield roles
    engine.database.close_all()
    config.settings.cache_clear()


def test_the_documented_role_can_do_all_that_tenantkeep_does_and_no_more(as_role):
    startup.prepare(config.settings())
    assert privileges.missing_grants() == privileges.excess_privileges() == []
    as_role.execute("CREATE TABLE of_a_later_version (id serial)", as_role.owner)
    engine.database.execute_sql("INSERT INTO of_a_later_version DEFAULT VALUES")


def test_migrate_as_the_role_says_nothing_to_do_when_there_is_nothing(roles):
    done = tenantkeep("migrate", **roles.environment())
    assert (done.returncode, done.stdout) == (0, "Nothing to do.\n")


def test_migrate_as_the_role_is_refused_in_one_sentence_and_changes_nothing(roles):
    last = max(path.stem for path in migrate.DIRECTORY.glob("[0-9]*.py"))
    roles.execute(f"DELETE FROM schema_migration WHERE name = '{last}'")  # noqa: S608
    done = tenantkeep("migrate", "--json", **roles.environment())
    assert done.returncode > 1
    [sentence] = done.stderr.splitlines()
    assert "TENANTKEEP_OWNER_DATABASE_URL" in sentence
    assert json.loads(done.stdout)["error"]["message"] == sentence
    with documented_roles(roles.server) as empty:
        fresh = tenantkeep("migrate", **empty.environment())
        assert (fresh.returncode > 1, len(fresh.stderr.splitlines())) == (True, 1)


def test_migrate_as_the_owner_says_what_the_role_lacks_afterwards(roles):
    roles.execute(f"REVOKE ALL ON run FROM {roles.app}", roles.owner)
    done = tenantkeep("migrate", **roles.environment(with_owner=True))
    assert done.returncode == 1
    statement = f"GRANT SELECT, INSERT, UPDATE, DELETE ON run TO {roles.app};"
    assert statement in done.stdout
    roles.execute(statement, roles.owner)
    assert tenantkeep("migrate", **roles.environment(with_owner=True)).returncode == 0


def test_whatever_right_is_missing_is_named_with_the_statement_that_gives_it(as_role):
    """Each table, each sequence and the schema, one after the other."""
    things = [f"TABLE {table._meta.table_name}" for table in TABLES]
    things += ["TABLE schema_migration", "SEQUENCE run_id_seq", "SCHEMA public"]
    for thing in things:
        as_role.execute(f"REVOKE ALL ON {thing} FROM {as_role.app}; REVOKE ALL ON {thing} FROM PUBLIC")
        with pytest.raises(startup.StartupError) as e:
            startup.prepare(config.settings())
        assert thing.partition(" ")[2] in str(e.value)
        engine.database.close_all()
        as_role.execute("".join(re.findall(r"GRANT [^;]*;", str(e.value))), as_role.owner)
        startup.prepare(config.settings())


def test_what_the_role_may_beyond_is_named_too(as_role):
    as_role.execute(f"GRANT UPDATE, DELETE ON audit_event TO {as_role.app}")
    found = json.loads(process("doctor", "--json", **as_role.environment()).stdout)
    [rights] = [one for one in found if one["what"] == "rights"]
    assert rights["message"].endswith(f"REVOKE UPDATE, DELETE ON audit_event FROM {as_role.app};")


@pytest.mark.parametrize("process", ["web", "worker", "scheduler"])
def test_a_process_without_its_rights_refuses_to_start_in_one_sentence(roles, process):
    roles.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {roles.app}", roles.owner)
    environment = servers.environment(**roles.environment(), PORT=str(servers.free_port()))
    done = subprocess.run(
        [servers.TENANTKEEP, process], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode > 1
    [sentence] = done.stderr.splitlines()
    assert f"TO {roles.app};" in sentence


def test_ready_names_a_right_that_was_taken_away_meanwhile(as_role):
    from web.app import create_app

    client = create_app().test_client()
    assert client.get("/readyz").status_code == 200
    as_role.execute(f"REVOKE SELECT ON run FROM {as_role.app}", as_role.owner)  # noqa: S608
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert f"GRANT SELECT ON run TO {as_role.app};" in answer.json["troubles"]["start"]


def test_the_role_appends_to_the_audit_log_and_nothing_else(as_role):
    startup.prepare(config.settings())
    with engine.database.connection_context():
        audit.record(Action.KEYS_ROTATED, SYSTEM, "installation", resealed=0)
        assert list(chain.verify()) == []
        for act in ("UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event", "TRUNCATE audit_event",
                    "DROP TRIGGER audit_event_append_only ON audit_event", "DROP TABLE audit_event",
                    "ALTER TABLE audit_event DISABLE TRIGGER ALL", "CREATE TABLE mine (id int)"):  # fmt: skip
            with pytest.raises(pw.ProgrammingError, match=r"permission denied|must be owner"):
                engine.database.execute_sql(act)


def test_the_extension_for_searching_can_be_added_later_as_documented(roles):
    roles.execute("DROP EXTENSION IF EXISTS pg_trgm CASCADE")
    [statements] = roles.documented("operating.md")
    roles.execute(statements, roles.owner)
