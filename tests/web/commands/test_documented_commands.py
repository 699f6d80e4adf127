"""Every command line that the documents show is run, so that none of them promises a command that fails."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import config
from db.accounts import api_tokens
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database as handle
from db.housekeeping import tenant_switch
from db.models import (
    Policy,
    Restore,
    RollOut,
    RollOutTenant,
    StandardAdoption,
    StandardCell,
    StandardItem,
    StandardVersion,
    Tenant,
    User,
)
from db.notices import channels
from db.states import AppAccess, ChannelKind
from db.tenants import shared_apps
from tests.actors.tenants.test_credential_change import pem
from tests.support import two_tenants
from tests.support.restore_steps import as_previewed
from web.commands import cli

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# They stay until somebody ends them; other tests do.
STAYING = {"demo", "web", "worker", "scheduler"}
# Some ask for an empty installation, or a store or its key (test_moving.py, test_copies.py, test_recovering.py); others
# wait for a worker (test_document_command.py, test_imports.py, test_readiness.py, test_bring_back.py).
ELSEWHERE = {"import-all", "copies", "document", "import", "readiness", "bring-back", "recover", "recovery-key"}
GUID = "5f3759df-0000-4000-8000-000000000004"
ADDRESS = "https://hooks.example.com/x\n"
SAID = "correct horse battery\n" * 2


def shown():
    """(page, line) of every line of a table or of a block of code that is a command."""
    for page in PAGES:
        for line in page.read_text().splitlines():
            found = re.match(r"\| `(tenantkeep [^`]+)`|\s*(tenantkeep [^`|]+?)(?:  +#.*)?$", line)
            for command in re.split(r" && ", (found[1] or found[2]).strip()) if found else ():
                yield page.name, command


def named():
    """(page, words) of every command that a sentence names."""
    for page in PAGES:
        for words in re.findall(r"`tenantkeep ([a-z][a-z -]*[a-z])[^`]*`", page.read_text()):
            yield page.name, words.split()


def test_every_command_that_a_sentence_names_is_there():
    for page, words in named():
        group = cli
        for word in words:
            group = getattr(group, "commands", {}).get(word)
            if group is None or not hasattr(group, "commands"):
                break
        assert group is not None, f"{page}: tenantkeep {' '.join(words)}"


@pytest.fixture
def installation(database, redis_url, _password_hash, tmp_path, monkeypatch):
    """restore(): as if no command had been run; the folder has the files that the documents name."""
    held = two_tenants.hold(two_tenants.OWN, "Contoso", two_tenants.OWN_DIGITS, _password_hash)
    Tenant.update(name="Contoso").where(Tenant.id == held.tenant.id).execute()
    tenant_switch.switch_off(held.tenant, SYSTEM)
    tenant_switch.switch_on(held.tenant, SYSTEM)
    monkeypatch.chdir(tmp_path)
    # Links that commands print begin with it.
    monkeypatch.setenv("TENANTKEEP_PUBLIC_URL", "https://keep.example.com")
    # A command has no second person.
    monkeypatch.setenv("TENANTKEEP_ROLLOUT_FOUR_EYES", "off")
    config.settings.cache_clear()
    # No worker is there to send a test.
    monkeypatch.setattr("web.commands.channels.TEST_SECONDS", 0.1)
    Path("tenantkeep.pem").write_bytes(pem()[0])
    values = {
        "EMAIL": User.select().first().email, "TENANT": "Contoso", "NAME": "Contoso", "NEW_NAME": "Woodgrove",
        "POLICY": str(Policy.select().first().id), "BACKUP_SET": held.ids["backup_set_id"], "ID": held.ids["run_id"],
        "ROLE": "reader", "PROCESS": "worker", "TIME": "2026-03-01T12:00",
        "GUID": "5f3759df-0000-4000-8000-000000000001", "…": "5f3759df-0000-4000-8000-000000000002",
        "FILE": "out/file", "FILE.zip": "out/file.zip", "/backup/tenantkeep.export": "out/export",
    }  # fmt: skip
    item = StandardItem.select().first()
    values["of standards"] = {
        "STANDARD": "Contoso standard", "ITEM": item.key, "NUMBER": held.ids["exception_id"], "RING": "pilot", "N": "1",
        "NAME=VALUE": "prefix=CT", "CHOICE": "tell", "ID": held.ids["rollout_id"],
    }  # fmt: skip
    handle.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path = Path(handle.obj.database)
    handle.close()
    shutil.copy(path, tmp_path / "kept")

    def restore():
        for left in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
            left.unlink(missing_ok=True)
        shutil.copy(tmp_path / "kept", path)
        shutil.rmtree("out", ignore_errors=True)
        Path("out").mkdir()

    yield values, restore
    handle.connect(reuse_if_open=True)


def words_of(line, values):
    words = shlex.split(line.partition(" <")[0].removeprefix("tenantkeep ").replace(" --wait", ""))
    values = {**values, **values["of standards"]} if words[0] in ("standard", "rollout") else values
    return [values.get(word, word) for word in words]


# What has to be so before a command can be done.
def prepare(words, run):
    with handle.connection_context():
        if words[:2] == ["tenant", "add"]:
            Tenant.update(name="Another").execute()
        if words[:2] == ["tenant", "keep"]:
            Tenant.update(removal_due_at=utcnow()).execute()
        if words[:2] == ["tenant", "switch-on"]:
            Tenant.update(is_active=False).execute()
        if words[:2] == ["user", "add"] and words[2] == User.select().first().email:
            words[2] = "new@example.com"
        if words[:2] == ["channel", "test"]:
            channels.add(words[2], ChannelKind.SLACK, ADDRESS.strip(), SYSTEM)
        if words[:2] == ["tenant", "import"]:
            shared_apps.set_app("global", AppAccess.READ, GUID, GUID, SYSTEM)
            Path(words[2]).write_text("name,directory_id\nWoodgrove,5f3759df-0000-4000-8000-000000000003\n")
        if words[:2] == ["token", "add"]:
            words[words.index("--user") + 1] = User.select().first().email
        if words[:2] == ["token", "end"]:
            words[2] = str(api_tokens.make(User.select().first(), "x", ["read"], None, None, 1, SYSTEM)[0].id)
        prepare_standard(words)
    if words[:2] == ["audit", "verify"] and "--file" in words:
        run(["audit", "export", words[words.index("--file") + 1]])


def prepare_standard(words):
    if words[0] == "rollout":
        as_it_stands_before(words[1])
    if words[:2] == ["standard", "roll-out"]:
        RollOut.delete().execute()
    if words[:2] == ["standard", "set"]:
        prefix = {"name": "prefix", "kind": "prefix", "label": "P", "default": "ST", "object": None, "places": []}
        StandardVersion.update(parameters=[prefix]).execute()
    if words[:2] == ["standard", "link"]:
        words[5] = words[4]
    if words[:2] == ["standard", "keep"]:
        about = {"policy_type": "configurationPolicies", "name": "x", "state": "aligned"}
        StandardCell.create(adoption=StandardAdoption.get(), item_key=words[4], **about)


# Of a roll-out: the act -> the states that it and its tenant are in before.
STANDS = {
    "confirm": ("previewed", "previewed"), "pause": ("running", "previewed"), "go-on": ("paused", "previewed"),
    "stop": ("running", "previewed"), "take-up": ("stopped", "left_out"), "take-back": ("previewed", "objected"),
    "override": ("previewed", "objected"), "roll-back": ("stopped", "done"),
}  # fmt: skip


def as_it_stands_before(act):
    whole, part = STANDS.get(act, ("previewed", "waiting"))
    restore = Restore.create(tenant=Tenant.get(), source_directory_id="s", source_name="s", options={})
    RollOut.update(state=whole).execute()
    RollOutTenant.update(state=part, restore=as_previewed(restore), counts={"create": 1}).execute()


def run(words):
    said = {"tenant remove": "Contoso\n", "channel add": ADDRESS}.get(" ".join(words[:2]), SAID)
    return CliRunner().invoke(cli, words, input=said, standalone_mode=False)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_command_line_that_a_page_shows_is_taken(installation, simulator):
    values, restore = installation
    failed, count = [], 0
    for page, line in dict.fromkeys(shown()):
        words = words_of(line, values)
        if words[0] in STAYING | ELSEWHERE:
            continue
        restore()
        prepare(words, run)
        done, count = run(words), count + 1
        # 1: the answer is no, as where nothing answers; no command line that is wrong ends so.
        if done.exit_code not in (0, 1) or not isinstance(done.exception, SystemExit | None):
            failed.append(f"{page}: {line}: {done.exception!r}")
    assert failed == []
    assert count > 60
