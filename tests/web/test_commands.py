"""The commands as a person types them: a process of its own, its exit code, its output."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from actors import connections
from db import sessions, users
from db.models import AuditEvent, Membership, Policy, Run, Tenant, User
from tests import servers
from tests.simulated import WRITE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COMMAND = Path(sys.executable).parent / "tenantkeep"


def tenantkeep(*words, stdin="", preexec_fn=None, **environment):
    """The finished process; no command ever answers with a traceback."""
    done = subprocess.run(
        [COMMAND, *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=servers.ROOT,
        env=servers.environment(**environment),
        preexec_fn=preexec_fn,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def asked(*words, **more):
    return json.loads(tenantkeep(*words, "--json", **more).stdout)


def test_from_an_empty_database_to_a_captured_policy(graph, worker, cast):
    by_hand = tenantkeep("capture", "Contoso", str(Policy.get(Policy.tenant == cast.contoso).id), "--wait")
    assert by_hand.returncode == 0
    assert "captured" in by_hand.stdout
    by_graph_id = asked("capture", cast.contoso.directory_id, "10000001-0000-4000-8000-000000000000", "--wait")
    assert set(by_graph_id) == {
        "id", "kind", "tenant", "state", "waiting", "counts", "outcomes", "backup_set", "restore", "error", "items",
    }  # fmt: skip
    assert by_graph_id["outcomes"] == {"unchanged": 1}
    assert set(by_graph_id["items"][0]) == {
        "policy_type", "graph_id", "name", "state", "outcome", "reason", "message",
    }  # fmt: skip
    assert asked("run", "show", str(by_graph_id["id"])) == by_graph_id


def test_a_sync_that_waits_tells_its_end_by_the_exit_code(graph, worker, cast):
    assert tenantkeep("sync", "Contoso", "--wait").returncode == 0
    graph.change(client_secret="changed in Entra")
    connections.forget()
    failed = tenantkeep("sync", "Contoso", "--wait")
    assert failed.returncode == 1
    assert "client secret" in failed.stdout


def test_without_wait_it_answers_at_once_and_a_second_start_finds_the_first(graph, cast):
    first, second = tenantkeep("sync", "Contoso"), tenantkeep("sync", "Contoso")
    assert (first.returncode, second.returncode) == (0, 0)
    number = Run.get().id
    assert f"Run {number} started." in first.stdout
    assert f"Run {number} is already queued" in second.stdout
    assert graph.requests()["http"] == 0


def test_people_and_tenants_are_added_and_audited(database):
    guid = "5f3759df-0000-4000-8000-000000000001"
    ids = ["--directory-id", guid, "--client-id", guid]
    added = tenantkeep("user", "add", "Ada@Example.com", "--name", "Ada", "--role", "admin", "--password-stdin",
                       stdin="a long password\n")  # fmt: skip
    assert added.returncode == 0
    assert tenantkeep("tenant", "add", "Woodgrove", *ids, "--client-secret-stdin", stdin="hush~1\n").returncode == 0
    assert tenantkeep("member", "add", "ada@example.com", "Woodgrove", "manager").returncode == 0
    assert User.get().site_role == "admin"
    assert Membership.get().role == "manager"
    assert b"hush" not in bytes(Tenant.get().credential)
    assert {event.actor.rpartition(" ")[2] for event in AuditEvent.select()} == {"(command)"}
    assert asked("audit", "verify") == {"events": AuditEvent.select().count(), "faults": []}


@pytest.mark.parametrize(
    ("words", "stdin", "sentence"),
    [
        (("user", "add", "nobody", "--password-stdin"), "a long password\n", "e-mail"),
        (("user", "add", "a@example.com", "--password-stdin"), "short\n", "12 characters"),
        (("user", "add", "a@example.com", "--password-stdin"), "", "standard input"),
        (("member", "add", "nobody@example.com", "Contoso", "reader"), "", "user add"),
        (("tenant", "add", "X", "--directory-id", "x", "--client-id", "y", "--client-secret-stdin"), "s\n", "GUID"),
        (("tenant", "add", "X", "--directory-id", "x", "--client-id", "y"), "", "--certificate"),
        (("tenant", "check", "Nowhere"), "", "There is no tenant"),
        (("capture", "Contoso", "999"), "", "no policy 999"),
        (("run", "show", "999"), "", "no run 999"),
    ],
)
def test_wrong_input_is_one_sentence_and_exit_code_2(cast, words, stdin, sentence):
    done = tenantkeep(*words, stdin=stdin)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not Run.select().exists()


def test_a_certificate_file_that_is_none_says_what_it_lacks(cast, tmp_path):
    (tmp_path / "broken.pem").write_text("no certificate")
    guid = "5f3759df-0000-4000-8000-000000000001"
    done = tenantkeep("tenant", "add", "X", "--directory-id", guid, "--client-id", guid, "--certificate",
                      str(tmp_path / "broken.pem"))  # fmt: skip
    assert done.returncode == 2
    assert "broken.pem" in done.stderr
    assert not Tenant.select().where(Tenant.name == "X").exists()


def test_a_tenant_check_says_what_is_missing_and_what_it_is_for(graph, cast):
    done = tenantkeep("tenant", "check", "Contoso")
    assert (done.returncode, "To restore, these are missing too" in done.stdout) == (0, True)
    assert "DeviceManagementScripts.ReadWrite.All: PowerShell script" in done.stdout
    graph.change(permissions=WRITE)
    assert asked("tenant", "check", "Contoso")["missing_to_restore"] == {}
    graph.change(permissions=["Policy.Read.All"])
    found = asked("tenant", "check", "Contoso")
    assert (found["ok"], found["code"]) == (False, "permission_missing")
    assert "PowerShell script" in found["missing"]["DeviceManagementScripts.Read.All"]
    assert tenantkeep("tenant", "check", "Contoso").returncode == 1


def test_a_changed_audit_event_is_exit_code_1(cast, database):
    database.execute_sql("DROP TRIGGER IF EXISTS audit_event_no_update")
    triggers = database.execute_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        database.execute_sql(f'DROP TRIGGER "{name}"')
    AuditEvent.update(actor="somebody else").where(AuditEvent.id == 2).execute()
    done = tenantkeep("audit", "verify")
    assert (done.returncode, done.stdout.strip()) == (1, "Event 2 was changed after it was written.")


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("TENANTKEEP_ENCRYPTION_KEYS", "c2hvcnQ=", "32 random bytes"),
        ("TENANTKEEP_ENCRYPTION_KEYS", "A" * 43 + "=", "TENANTKEEP_ENCRYPTION_KEYS"),
        ("TENANTKEEP_DATABASE_URL", "mysql://x", "sqlite:///"),
        ("TENANTKEEP_DATABASE_URL", "postgresql://127.0.0.1:1/x", "The database does not answer"),
        ("TENANTKEEP_REDIS_URL", "http://x", "redis://"),
        ("TENANTKEEP_GRAPH_URL", "http://graph.example", "https"),
    ],
)
def test_a_wrong_setting_refuses_to_start_and_names_itself(cast, setting, value, sentence):
    done = tenantkeep("sync", "Contoso", **{setting: value})
    assert done.returncode == 2
    assert sentence in done.stderr
    assert value not in done.stderr or "://" in value
    assert not Run.select().exists()


def test_an_old_database_refuses_to_start_and_migrating_mends_it(database_url, tmp_path, simulator):
    fresh = f"sqlite:///{tmp_path}/fresh.db"
    refused = tenantkeep("audit", "verify", TENANTKEEP_DATABASE_URL=fresh)
    assert refused.returncode == 2
    assert "tenantkeep migrate" in refused.stderr
    assert tenantkeep("migrate", TENANTKEEP_DATABASE_URL=fresh).returncode == 0
    assert tenantkeep("audit", "verify", TENANTKEEP_DATABASE_URL=fresh).returncode == 0
    assert tenantkeep("migrate", TENANTKEEP_DATABASE_URL=fresh).stdout == "Nothing to do.\n"


def test_the_last_admin_who_forgot_the_password_and_lost_the_phone_gets_back_in_on_the_server(cast, redis_url):
    sessions.begin(cast.root, None, "", "password")
    User.update(totp_secret=b"sealed").where(User.id == cast.root.id).execute()
    done = tenantkeep("user", "password", "ROOT@example.com", "--turn-codes-off", "--password-stdin",
                      stdin="a whole new password\n")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert users.check_password("root@example.com", "a whole new password").totp_secret is None
    assert sessions.of(cast.root.id) == []
    sessions.begin(cast.root, None, "", "password")
    assert asked("user", "sign-out", "root@example.com") == {"sessions": 1}
    assert tenantkeep("user", "sign-out", "nobody@example.com").returncode == 2
