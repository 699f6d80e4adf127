"""The commands as a person types them: exit code and output."""

import json
import os
import sys
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from actors.tenants import graph_clients
from db.accounts import sessions, users
from db.backups import manifests
from db.models import AuditEvent, BackupSet, Membership, Policy, Run, Tenant, User
from tests.support import undone_restores
from tests.support.command_lines import process, tenantkeep
from tests.support.simulated_tenant import WRITE
from web.commands import cli, main
from web.commands.frame import context

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


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
    graph_clients.clear_cache()
    failed = tenantkeep("sync", "Contoso", "--wait")
    assert failed.returncode == 1
    assert "client secret" in failed.stdout


def test_without_wait_it_answers_at_once_and_a_second_start_finds_the_first(graph, cast):
    first, second = tenantkeep("sync", "Contoso"), tenantkeep("sync", "Contoso")
    assert (first.returncode, second.returncode) == (0, 0)
    number = Run.get().id
    assert first.stdout.startswith("Started: Sync of ")
    assert first.stdout.endswith(f" (run {number})\n")
    assert second.stdout.startswith("Waiting to start already: Sync of ")
    assert graph.requests()["http"] == 0


def test_people_and_tenants_are_added_and_audited(database):
    guid = "5f3759df-0000-4000-8000-000000000001"
    ids = ["--directory-id", guid, "--client-id", guid]
    added = tenantkeep("user", "add", "Ada@Example.com", "--name", "Ada", "--role", "admin", "--password-stdin",
                       stdin="a long password\n")  # fmt: skip
    assert added.returncode == 0
    assert tenantkeep("tenant", "add", "Woodgrove", *ids, "--client-secret-stdin", stdin="hush~1\n").returncode == 0
    assert tenantkeep("member", "add", "ada@example.com", "Woodgrove", "manager").returncode == 0
    by_tag = tenantkeep("member", "add", "ada@example.com", "--tag", "Gold", "reader", "--json")
    assert json.loads(by_tag.stdout) == {"user": "ada@example.com", "tag": "Gold", "role": "reader"}
    assert User.get().site_role == "admin"
    assert Membership.get().role == "manager"
    assert b"hush" not in bytes(Tenant.get().credential)
    assert {event.actor.rpartition(" ")[2] for event in AuditEvent.select()} == {"(command)"}
    verified = asked("audit", "verify")
    assert (verified["events"], verified["faults"]) == (AuditEvent.select().count(), [])


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
def test_wrong_input_is_one_sentence_and_exit_code_64(cast, words, stdin, sentence):
    done = tenantkeep(*words, stdin=stdin)
    assert done.returncode == 64
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not Run.select().exists()


def test_a_certificate_file_that_is_none_says_what_it_lacks(cast, tmp_path):
    (tmp_path / "broken.pem").write_text("no certificate")
    guid = "5f3759df-0000-4000-8000-000000000001"
    done = tenantkeep("tenant", "add", "X", "--directory-id", guid, "--client-id", guid, "--certificate",
                      str(tmp_path / "broken.pem"))  # fmt: skip
    assert done.returncode == 64
    assert "broken.pem" in done.stderr
    assert not Tenant.select().where(Tenant.name == "X").exists()


def test_a_tenant_check_says_what_is_missing_and_what_it_is_for(graph, cast):
    done = tenantkeep("tenant", "check", "Contoso")
    assert (done.returncode, "To restore, these are missing too" in done.stdout) == (0, True)
    assert "DeviceManagementScripts.ReadWrite.All: Compliance script, PowerShell script" in done.stdout
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
    assert done.returncode == 78
    assert sentence in done.stderr
    assert value not in done.stderr or "://" in value
    assert not Run.select().exists()


def test_an_old_database_refuses_to_start_and_migrating_mends_it(database_url, tmp_path, simulator):
    fresh = f"sqlite:///{tmp_path}/fresh.db"
    refused = tenantkeep("audit", "verify", TENANTKEEP_DATABASE_URL=fresh)
    assert refused.returncode == 78
    assert "tenantkeep migrate" in refused.stderr
    assert tenantkeep("migrate", TENANTKEEP_DATABASE_URL=fresh).returncode == 0
    assert process("audit", "verify", TENANTKEEP_DATABASE_URL=fresh).returncode == 0
    assert tenantkeep("migrate", TENANTKEEP_DATABASE_URL=fresh).stdout == "Nothing to do.\n"


def test_the_last_admin_who_forgot_the_password_and_lost_the_phone_gets_back_in_on_the_server(cast, redis_url):
    sessions.begin(cast.root, None, "", "password")
    User.update(totp_secret=b"sealed").where(User.id == cast.root.id).execute()
    done = tenantkeep("user", "password", "ROOT@example.com", "--turn-codes-off", "--password-stdin",
                      stdin="a whole new password\n")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert users.check_password("root@example.com", "a whole new password").totp_secret is None
    assert sessions.of_user(cast.root.id) == []
    sessions.begin(cast.root, None, "", "password")
    assert asked("user", "sign-out", "root@example.com") == {"sessions": 1}
    assert tenantkeep("user", "sign-out", "nobody@example.com").returncode == 64


def test_a_process_user_without_a_name_is_known_by_its_number(database_url, monkeypatch):
    """As in a container that runs as a number which no passwd file has."""

    def unknown(number):
        raise KeyError(f"getpwuid(): uid not found: {number}")

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert context.command_actor().name == f"user {os.getuid()} (command)"


def test_no_command_at_all_ends_with_the_code_of_a_run_that_succeeded_in_part_for_wrong_input(database_url):
    def every(group, words=()):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from every(command, (*words, name))
            elif command.callback.__module__.startswith("web."):
                yield (*words, name)

    found = list(every(cli))
    assert len(found) > 30
    for words in found:
        with pytest.raises(SystemExit) as ended, patched_arguments(*words, "--no-such-option"):
            main()
        assert ended.value.code == 64, words


@contextmanager
def patched_arguments(*words):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["tenantkeep", *words])
        yield


def told(*words):
    """In this process, which is quicker than one of its own."""
    done = CliRunner().invoke(cli, words, standalone_mode=False)
    assert done.exit_code == 0, done.exception
    return done.stdout


def listed(*words):
    return json.loads(told(*words, "--json"))


def test_lists_name_what_other_commands_take(cast, captured):
    [one, other] = listed("tenant", "list")
    assert (one["name"], one["state"], one["directory_id"]) == ("Contoso", "on", cast.contoso.directory_id)
    assert other["name"] == "Fabrikam"
    assert {row["email"] for row in listed("user", "list")} >= {"ada@example.com", "root@example.com"}
    assert [row["role"] for row in listed("member", "list", "Fabrikam")] == ["operator"]
    assert len(listed("member", "list")) == 4
    policies = listed("policy", "list", "Contoso")
    assert [row["id"] for row in policies] == [policy.id for policy, *_ in captured if policy.tenant == cast.contoso]
    assert [row["id"] for row in listed("run", "list", "--limit", "1")] == [captured[-1][1].id]
    assert {row["tenant"] for row in listed("run", "list", "Contoso")} == {"Contoso"}
    assert told("backup-set", "list", "Contoso") == "There is none.\n"
    assert listed("restores", "list") == listed("schedule", "list", "Contoso") == []
    table = told("policy", "list", "Contoso").splitlines()
    assert table[0].split()[:2] == ["id", "policy"]
    assert len(table) == 3


def test_a_restore_that_was_undone_is_listed_with_what_undid_it(cast, captured):
    restore = undone_restores.restored(cast, captured)
    undo = undone_restores.undone(restore, cast)
    again = undone_restores.undone(restore, cast)
    rows = listed("restores", "list", "Contoso")
    assert {row["id"]: row["undone_by"] for row in rows} == {restore.id: [undo.id, again.id], undo.id: [], again.id: []}
    table = told("restores", "list").splitlines()
    assert table[0].endswith("undone by")
    assert table[-1].endswith(f"  {undo.id}, {again.id}")


def test_a_backup_set_shows_the_numbers_that_a_restore_takes(cast, captured):
    manifest = manifests.save(cast.contoso, [snapshot.id for policy, _, snapshot in captured[:2]])
    made = BackupSet.create(
        tenant=cast.contoso, state="complete", selection={}, types={}, problems=[], manifest=manifest
    )
    assert [(row["id"], row["policies"]) for row in listed("backup-set", "list", "Contoso")] == [(made.id, 2)]
    [row, _] = listed("backup-set", "show", str(made.id))
    assert (row["snapshot"], row["policy_type"]) == (captured[0][2].id, "configurationPolicies")


def test_a_credential_is_replaced_by_command_and_waits_for_its_end(graph, worker, cast):
    graph.change(client_secret="the new one")
    graph_clients.clear_cache()
    broken = tenantkeep("tenant", "check", "Contoso")
    assert (broken.returncode, "tenantkeep tenant credential" in broken.stdout) == (1, True)
    refused = tenantkeep("tenant", "credential", "Contoso", "--client-secret-stdin", "--wait", stdin="wrong\n")
    assert (refused.returncode, "stays in force" in refused.stdout) == (1, True)
    words = ("tenant", "credential", "Contoso", "--client-secret-stdin", "--expires", "2099-06-30", "--wait")
    done = tenantkeep(*words, stdin="the new one\n")
    assert (done.returncode, "In force from now on" in done.stdout) == (0, True)
    assert "The secret ends on 2099-06-30" in tenantkeep("tenant", "check", "Contoso").stdout
    assert asked("tenant", "credential", "Contoso", "--forget", "previous") == {"forgot": "previous"}
    assert "the new one" not in done.stdout + done.stderr
    for words in (("--switch-back",), ("--try-again", "--switch-back"), ()):
        assert tenantkeep("tenant", "credential", "Contoso", *words).returncode == 64


def test_a_tenant_is_tried_when_it_is_added_or_said_to_be_untried(graph, cast):
    guid = "5f3759df-0000-4000-8000-00000000000"
    words = ("--directory-id", f"{guid}1", "--client-id", f"{guid}2", "--client-secret-stdin")
    assert "was not tried yet" in tenantkeep("tenant", "add", "One", *words, stdin="x\n").stdout
    tried = tenantkeep("tenant", "add", "Two", *[word.replace(f"{guid}1", f"{guid}3") for word in words], "--check",
                       stdin="x\n")  # fmt: skip
    assert (tried.returncode, "Added Two. There is no tenant with this directory id" in tried.stdout) == (1, True)


def test_a_tenant_is_watched_and_no_longer_by_command(cast):
    answer = {"tenant": "Contoso", "watched": True, "every_minutes": 15, "changed": True}
    assert asked("watch", "Contoso", "on", "--minutes", "15") == answer
    assert asked("watch", "Contoso", "off") == {**answer, "watched": False, "every_minutes": None}
    assert tenantkeep("watch", "Contoso", "on", "--minutes", "0").returncode == 64


def test_a_tenant_is_renamed_switched_off_and_removed_by_command(cast, captured, redis_url):
    assert tenantkeep("tenant", "rename", "Fabrikam", "Woodgrove").returncode == 0
    assert asked("tenant", "switch-off", "Woodgrove") == {"name": "Woodgrove", "cancelled_runs": 0}
    refused = tenantkeep("sync", "Woodgrove")
    assert (refused.returncode, "Woodgrove is switched off" in refused.stderr) == (64, True)
    assert [row["state"] for row in asked("tenant", "list")] == ["on", "switched off"]
    assert tenantkeep("tenant", "switch-on", "Woodgrove").returncode == 0
    assert tenantkeep("tenant", "remove", "Woodgrove", stdin="Contoso\n").returncode == 64
    gone = tenantkeep("tenant", "remove", "Woodgrove", stdin="Woodgrove\n")
    assert (gone.returncode, "Woodgrove is gone" in gone.stdout) == (0, True)
    assert [row["name"] for row in asked("tenant", "list")] == ["Contoso"]
    assert tenantkeep("tenant", "remove", "Contoso", "--yes").returncode == 0
