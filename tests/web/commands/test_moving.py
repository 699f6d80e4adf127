"""The whole installation to a file, and back: to the other engine, with other keys, all of it or nothing."""

import gzip
import io
import json
import resource
import secrets
import subprocess
import threading
from datetime import timedelta
from gzip import GzipFile
from pathlib import Path
from types import SimpleNamespace

import peewee as pw
import pyrage
import pytest

import actors.backups.back_up
import actors.backups.capture
from actors.changes import assessment
from actors.plans import drafts
from actors.tenants import graph_clients
from db import database as engine
from db import encryption
from db.accounts import api_tokens, recovery_codes, tag_memberships
from db.accounts.users import totp_owner
from db.audit import chain
from db.audit.audit import SYSTEM, Actor
from db.backups import backup_sets
from db.changes import approvals, decisions, ignored_fields, severity_rules
from db.clock import utcnow
from db.copies import sent_contents, signer
from db.copies import stores as copy_stores
from db.database import database as handle
from db.encryption import keyring
from db.errors import Invalid
from db.events import watches
from db.installation import export_file, import_file, installation, row_codec
from db.models import (
    TABLES,
    AuditEvent,
    AuditHead,
    AuditKey,
    BackupSet,
    Channel,
    CopyErasure,
    Credential,
    DefinitionCategory,
    DefinitionText,
    DirectoryName,
    DocumentProvider,
    EntraGrant,
    ImportedPolicy,
    Listing,
    NewTenantDefaults,
    Notice,
    Notification,
    Occurrence,
    Passkey,
    Policy,
    PolicyImport,
    Preference,
    ReadinessReport,
    Rehearsal,
    RehearsalFinding,
    RehearsalRules,
    RehearsalSample,
    Restore,
    RollOut,
    RollOutTenant,
    RuleChange,
    Run,
    RunItem,
    Session,
    SharedAppCredential,
    Snapshot,
    Standard,
    StandardAdoption,
    StandardCell,
    StandardException,
    StandardItem,
    StandardTag,
    StandardVersion,
    Table,
    Tenant,
    TenantTag,
    User,
)
from db.notices import channels, deliveries, occurrences, rules
from db.policies import snapshots
from db.restores import four_eyes, mappings
from db.runs import claims, run_items, runs
from db.schema import row_ids
from db.standards import contents as standard_contents
from db.states import AppAccess, ChannelKind, NoticeEvent, Ring, Role, RunKind, RunState, Scope, SetState, Severity
from db.tenants import credentials, schedules, shared_apps, tenants
from tests.support import servers
from tests.support.changes import record_change, record_event
from tests.support.command_lines import tenantkeep
from tests.support.old_exports import SealingWriter
from tests.support.restore_steps import executed, options, previewed
from tests.support.simulated_tenant import WRITE

PASSPHRASE = "correct horse battery"


def ignored(_done, _total):
    """Nobody looks at the progress."""


def exported(path):
    export_file.export_all(path, PASSPHRASE, SYSTEM, ignored)
    return path


def imported(path, passphrase=PASSPHRASE):
    return import_file.import_all(path, passphrase, SYSTEM, ignored)


@pytest.fixture
def whole(cast, graph, app, worker, quick, ended):
    """Contoso backed up, one of its policies restored, and a row of everything else that a person can make."""
    graph.change(permissions=WRITE)
    made = BackupSet.get(
        BackupSet.run == ended(actors.backups.back_up.start(cast.contoso, Actor.person(cast.max, None)).run.id)
    )
    snapshot = Snapshot.get()
    graph.put("deviceManagement/configurationPolicies", {**graph.objects()["deviceManagement/configurationPolicies"][
        snapshot.policy.graph_id], "description": "somebody was here"})  # fmt: skip
    restore = drafts.from_backup_set(made, cast.contoso, options(), SYSTEM, snapshot_ids=[snapshot.id])
    restore, run = executed(previewed(restore, ended), ended)
    assert run.state == RunState.SUCCEEDED
    schedules.add(cast.contoso, "0 2 * * *", "Europe/Vienna", Actor.person(cast.max, None))
    mappings.set_mapping(cast.contoso, cast.fabrikam.directory_id, ("groups", "one"), "other", SYSTEM)
    Preference.create(user=cast.ada, name="tenant", value=cast.contoso.id)
    four_eyes.record_requester([restore.id], cast.max, four_eyes.ASKED_FOR_IT)
    RuleChange.create(tenant=cast.contoso, asked_by=cast.max, turns_four_eyes_off=True, removed=[], named=[])
    EntraGrant.create(claim="admins", site_role="admin")
    DocumentProvider.create(name="Max & Partner", logo=b"\x89PNG", logo_type="image/png")
    DirectoryName.create(tenant=cast.contoso, kind="groups", object_id="one", name="Ümläut 🔑 “quoted”")
    DefinitionText.create(
        definition_id="camera", spelling="Camera", language="de", catalogue="configuration", title="Kamera"
    )
    DefinitionCategory.create(category_id="camera", language="de", path=["Gerät", "Kamera"], asked_at=utcnow())
    credentials.add_next(cast.contoso, "secret", {"secret": "the next one"}, SYSTEM)
    TenantTag.create(tenant=cast.contoso, name="Gold", folded="gold")
    NewTenantDefaults.create(cron="0 2 * * *", time_zone="Europe/Vienna", tags=["Gold"], members={})
    Session.create(user=cast.ada, token_mark="a" * 64, browser="a browser", way="password")
    recovery_codes.create(cast.ada, SYSTEM)
    Passkey.create(user=cast.ada, name="laptop", credential_id="eHh4", public_key="eHh4")
    User.update(totp_secret=keyring().seal(b"once", totp_owner(cast.ada.id))).where(User.id == cast.ada.id).execute()
    tag_memberships.set_role(cast.rita, "Gold", Role.OPERATOR, SYSTEM)
    api_tokens.make(cast.max, "nightly", [Scope.READ], [cast.contoso], None, 90, SYSTEM)
    app = shared_apps.find_or_begin("global", AppAccess.READ)
    shared_apps.add_next(app, "secret", {"secret": "of our app"}, SYSTEM)
    _change_and_tell(cast.contoso, snapshot)
    _import(cast.contoso, snapshot)
    _copy_elsewhere(cast.contoso)
    _rehearse(cast.contoso, cast.fabrikam)
    ReadinessReport.create(tenant=cast.contoso, share=0.5, counts={}, reasons={}, seconds=90)
    _follow_a_standard(cast.contoso)
    return SimpleNamespace(restore=restore, snapshot=snapshot, graph=graph)


def _copy_elsewhere(tenant):
    """A store that a set waits for, with one content, and the key that signs what is there."""
    signer.own_signer()
    store = copy_stores.add(
        "Vault", "s3://vault", {"access_key": "a", "secret_key": "b"}, SYSTEM, copy_days=30, needs_lock=True,
        recipients=["age1x"],
    )  # fmt: skip
    sent_contents.announce(store, [{
        "store": store.id, "directory_id": tenant.directory_id, "name": "n", "sha256": "a", "checksum": "b",
        "plain_bytes": 1, "stored_bytes": 2, "kept_until": utcnow(),
    }], 7)  # fmt: skip
    CopyErasure.create(store=store, directory_id="gone", tenant_name="Ümläut", due_at=utcnow() + timedelta(days=7))


def _rehearse(tenant, lab):
    """A rehearsal with one finding and one sample, and the lab that the tenant has."""
    RehearsalRules.create(tenant=tenant, lab=lab)
    rehearsal = Rehearsal.create(tenant=tenant, plan_counts={"create": 1}, findings=1)
    RehearsalFinding.create(rehearsal=rehearsal, step="contents", code="damaged", message="Ümläut")
    RehearsalSample.create(rehearsal=rehearsal, policy_type="configurationPolicies", graph_id="one", name="One")


def _follow_a_standard(tenant):
    """A standard of one item that the tenant follows, with an exception, a cell and a roll-out."""
    standard = Standard.create(name="Ümläut", uid="a" * 36)
    version = StandardVersion.create(standard=standard, number=1, source="tenant", parameters=[])
    ids = standard_contents.save(standard, {"f" * 64: {"body": {"name": "One"}, "assignments": None}})
    StandardItem.create(
        version=version, position=0, key="one", policy_type="configurationPolicies", name="One", content=ids["f" * 64],
        references={},
    )  # fmt: skip
    StandardTag.create(standard=standard, tag="Gold", folded="gold", ring=Ring.ALL)
    adoption = StandardAdoption.create(
        standard=standard,
        tenant=tenant,
        ring=Ring.PILOT,
        version=version,
        values={"prefix": "Ü"},
        counts={"missing": 1},
    )
    StandardException.create(
        standard=standard, tenant=tenant, item_key="one", kind="leave_out", paths=[], reason="It is old."
    )
    StandardCell.create(
        adoption=adoption, item_key="one", policy_type="configurationPolicies", name="One", state="missing"
    )
    rollout = RollOut.create(standard=standard, version=version, ring=Ring.PILOT, stop_percent=20, at_once=3)
    RollOutTenant.create(rollout=rollout, tenant=tenant, counts={}, conflicts=[])


def _import(tenant, snapshot):
    """An import that somebody kept, of one policy."""
    policy_import = PolicyImport.create(
        tenant=tenant, name="Ümläut", source_directory_id=tenant.directory_id, formats=[], findings=[], files=[],
        kept_at=utcnow(),
    )  # fmt: skip
    ImportedPolicy.create(
        policy_import=policy_import, position=0, path="One.json", format="graph", name="One", findings=[],
        policy_type="configurationPolicies", graph_id="one", content=snapshot.content, references={}, placeholders=[],
    )  # fmt: skip


def _change_and_tell(tenant, snapshot):
    """A change of the snapshot's policy that was accepted, by whom it was made, and the channel that tells it."""
    watches.set_watched(tenant, True, SYSTEM)
    ignored_fields.add(tenant, "configurationPolicies", "body/x", SYSTEM)
    severity_rules.set_built_in("roles", Severity.LOW, SYSTEM)
    assessment.assess(tenant.id)  # by now: the worker would do it in the midst of the comparison
    approvals.approve_scope(tenant, "", SYSTEM)
    record_event(snapshot.policy)
    change = record_change(snapshot.policy, before=snapshot, after_mark="f" * 64)
    decisions.accept([change], SYSTEM, "Ümläut")
    occurrences.begin(NoticeEvent.CHANGE, "moved", tenant, severity=Severity.HIGH, change_id=change.id)
    channel = channels.add("Ops", ChannelKind.WEBHOOK, "https://hooks.example.com/x", SYSTEM, secret="s" * 32)
    rule = rules.add_sensible(channel, "Europe/Vienna", SYSTEM)
    notice = Notice.create(channel=channel, rule=rule, occurrence=Occurrence.get(key="moved"))
    deliveries.create(channel, [notice], utcnow() + timedelta(days=1))


def rows(model):
    """Id -> the row, without what is sealed with keys that differ."""
    fields = [field for field in row_codec.fields(model) if field not in row_codec.SEALED_FIELDS]
    key = model._meta.primary_key.name
    found = model.select(*fields).order_by(model._meta.primary_key).dicts()
    return {row[key]: {name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()}
            for row in found}  # fmt: skip


def test_every_row_arrives_on_the_other_engine_and_the_installation_works_there(
    whole, arrive, cast, tmp_path, sign_in, ended
):
    file = exported(tmp_path / "all.tenantkeep")
    here = {model: rows(model) for model in row_codec.EXPORTED_TABLES}
    assert [model.__name__ for model, found in here.items() if not found] == [], "nothing of these was there to take"
    bodies = {snapshot.id: snapshots.read_snapshot(snapshot) for snapshot in Snapshot.select()}
    assert file.stat().st_mode & 0o777 == 0o600

    arrive()
    made = imported(file)
    there = {model: rows(model) for model in row_codec.EXPORTED_TABLES}
    assert made.rows == sum(map(len, here.values()))
    assert there[AuditEvent].popitem()[1]["action"] == "installation:imported"
    for model in here:
        if model not in {AuditHead, AuditKey}:
            assert there[model] == here[model], model
    assert list(chain.verify()) == []
    assert {snapshot.id: snapshots.read_snapshot(snapshot) for snapshot in Snapshot.select()} == bodies
    assert tenants.credential_values(Tenant.get_by_id(cast.contoso.id)) == {"secret": "contoso client secret"}
    assert credentials.open_values(Credential.get()) == {"secret": "the next one"}
    assert shared_apps.open_values(SharedAppCredential.get()) == {"secret": "of our app"}
    assert channels.open_values(Channel.get()) == {"address": "https://hooks.example.com/x", "secret": "s" * 32}
    assert keyring().unseal(User.get_by_id(cast.ada.id).totp_secret, totp_owner(cast.ada.id)) == b"once"
    assert not Session.select().exists()

    from web.app import create_app

    User.update(totp_secret=None).where(User.id == cast.ada.id).execute()
    browser = sign_in(create_app().test_client(), cast.max)
    assert browser.get(f"/restores/{whole.restore.id}").status_code == 200
    graph_clients.clear_cache()
    again = ended(actors.backups.capture.start(Policy.get_by_id(whole.snapshot.policy_id), SYSTEM).run.id)
    assert (again.state, again.id > max(here[Run])) == (RunState.SUCCEEDED, True)
    undo = drafts.undo(Restore.get_by_id(whole.restore.id), SYSTEM)
    assert executed(previewed(undo, ended), ended)[1].state == RunState.SUCCEEDED
    assert list(chain.verify()) == []


def test_no_table_of_the_database_is_neither_taken_nor_named_as_left_out(database):
    ours = {model._meta.table_name for model in TABLES}
    # SQLite's own: the last id that each table gave, which travels beside the rows.
    others = {"schema_migration", "schemamigration", "sqlite_sequence"}
    made = {name for name in database.get_tables() if not name.startswith("policy_search")}
    assert made - others == ours
    assert set(Table.__subclasses__()) == set(TABLES) == {*row_codec.EXPORTED_TABLES, *row_codec.LEFT_OUT}


def test_every_binary_column_says_whether_it_is_sealed():
    binary = {
        f"{model.__name__}.{field.name}"
        for model in row_codec.EXPORTED_TABLES
        for field in row_codec.fields(model)
        if isinstance(field, pw.BlobField)
    }
    assert binary == {
        f"{field.model.__name__}.{field.name}" for field in (*row_codec.SEALED_FIELDS, *row_codec.NOT_SEALED)
    }


def test_every_table_comes_after_those_that_it_refers_to():
    for place, model in enumerate(row_codec.EXPORTED_TABLES):
        for field in model._meta.refs:
            assert field.rel_model is model or row_codec.EXPORTED_TABLES.index(field.rel_model) < place, (
                f"{model}.{field.name}"
            )


@pytest.fixture
def busy(captured, cast):
    """A capture that nobody took yet, and a backup in parts that a worker is in the midst of."""
    ada = Actor.person(cast.ada, None)
    item = run_items.NewRunItem("configurationPolicies", "One", Policy.get().id, "one")
    waiting = runs.start(
        tenant=cast.contoso, kind=RunKind.CAPTURE_SNAPSHOT, dedupe_key="a", items=[item], actor=ada
    ).run
    held = runs.start(tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key="b", items=[item], actor=ada).run
    backup_sets.begin(held, {}, False, ["configurationPolicies"])
    claim = claims.take_claim(held.id, held.kind)
    Listing.create(run=held, policy_type="intents", rows=[])
    part = Run.create(tenant=cast.contoso, kind=RunKind.BACK_UP_PART, dedupe_key="c", parent=held, part=1)
    claims.take_claim(part.id, part.kind)
    Notification.update(read_at=utcnow()).execute()
    return SimpleNamespace(waiting=waiting, held=held, claim=claim, part=part)


def test_runs_that_were_under_way_end_as_failed_and_everybody_is_told(busy, arrive, database_url, cast, tmp_path):
    file = exported(tmp_path / "all.tenantkeep")
    arrive(database_url.partition(":")[0])
    assert imported(file).ended_runs == 2
    for run in (busy.waiting, busy.held):
        found = Run.get_by_id(run.id)
        assert (found.state, found.error_code, found.failed) == (RunState.FAILED, "imported", 1)
        assert Notification.get(Notification.run == run).read_at is None
        ends = AuditEvent.select().where((AuditEvent.action == "run:ended") & (AuditEvent.subject == f"run {run.id}"))
        assert ends.count() == 1
    assert BackupSet.get().state == SetState.INCOMPLETE
    assert Run.get_or_none(Run.id == busy.part.id) is None
    assert not RunItem.select().where(RunItem.state == "pending").exists()
    assert list(chain.verify()) == []


def test_no_id_of_a_row_that_is_gone_is_given_where_it_arrives(captured, arrive, cast, tmp_path):
    last = row_ids.last_given_id(Run)
    Run.delete().where(Run.id == last).execute()
    file = exported(tmp_path / "all.tenantkeep")
    arrive()
    imported(file)
    assert runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="new", items=[], actor=SYSTEM).run.id > last


def nothing_is_here():
    left = [
        model.__name__
        for model in row_codec.EXPORTED_TABLES
        if model not in {AuditHead, AuditKey} and model.select().exists()
    ]
    return left == [] and AuditHead.get().last_id == 0


def test_a_damaged_file_or_a_wrong_passphrase_leaves_the_installation_empty(captured, arrive, database_url, tmp_path):
    file = exported(tmp_path / "all.tenantkeep")
    arrive(database_url.partition(":")[0])
    whole = file.read_bytes()
    half = len(whole) // 2
    for wrong in (whole[:-1], whole[:half], whole[:half] + bytes([whole[half] ^ 1]) + whole[half + 1 :]):
        (tmp_path / "damaged").write_bytes(wrong)
        with pytest.raises(Invalid, match="damaged"):
            imported(tmp_path / "damaged")
        assert nothing_is_here()
    with pytest.raises(Invalid, match="passphrase is wrong"):
        imported(file, "correct horse batterz")
    assert nothing_is_here()
    assert imported(file).rows


def write_in_old_format(path):
    """An export as it was before age files."""
    out = io.BytesIO()
    export_file.write_rows(out, ignored)
    with path.open("wb") as file:
        sealer = SealingWriter(file, PASSPHRASE, export_file.header())
        with GzipFile(fileobj=sealer, mode="wb") as lines:
            first, _, rest = out.getvalue().partition(b"\n")
            lines.write(json.dumps({"rows": json.loads(first)["rows"]}).encode() + b"\n" + rest)
        sealer.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_export_is_opened_by_standard_tools_and_one_of_the_old_format_still_imports(captured, arrive, tmp_path):
    lines = gzip.decompress(pyrage.passphrase.decrypt(exported(tmp_path / "new").read_bytes(), PASSPHRASE)).splitlines()
    assert json.loads(lines[0])["migrations"] == export_file.header()["migrations"]
    assert any(b"contoso" in line.lower() for line in lines)
    write_in_old_format(tmp_path / "old")
    names = [policy.name for policy in Policy.select()]
    arrive("sqlite")
    (tmp_path / "else").write_bytes(pyrage.passphrase.encrypt(gzip.compress(b"{}\n"), PASSPHRASE))
    (tmp_path / "keys").write_bytes(pyrage.encrypt(b"x", [pyrage.x25519.Identity.generate().to_public()]))
    for name, sentence in (("else", "is no export"), ("keys", "sealed to keys")):
        with pytest.raises(Invalid, match=sentence):
            imported(tmp_path / name)
    assert nothing_is_here()
    assert imported(tmp_path / "old").rows
    assert [policy.name for policy in Policy.select()] == names
    assert list(chain.verify()) == []


def test_a_file_of_the_old_writer_is_read_and_says_which_version_takes_it(database, tmp_path):
    """The fixture was written by Tenantkeep before age files; what it says of itself is in its header."""
    file = Path(__file__).parents[2] / "fixtures" / "old_export.tenantkeep"
    with pytest.raises(Invalid, match=r"Tenantkeep .* whose database ends with 0042_undelete"):
        imported(file)
    with pytest.raises(Invalid, match="passphrase is wrong"):
        imported(file, "correct horse batterz")


def test_an_installation_with_anything_in_it_is_refused_and_left_as_it_is(captured, tmp_path):
    file = exported(tmp_path / "all.tenantkeep")
    before = {model: rows(model) for model in row_codec.EXPORTED_TABLES}
    with pytest.raises(Invalid, match="not empty: it has rows in users, tenant"):
        imported(file)
    assert {model: rows(model) for model in row_codec.EXPORTED_TABLES} == before
    assert list(chain.verify()) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("migrations", "sentence"),
    [
        (lambda ours: ours[:-1], "Import it with that version"),
        (lambda ours: [*ours, "0999_later"], "Update this one first"),
    ],
)
def test_a_file_of_another_version_says_which_version_takes_it(
    cast, arrive, database_url, tmp_path, monkeypatch, migrations, sentence
):
    theirs = {**export_file.header(), "migrations": migrations(export_file.header()["migrations"]), "version": "9.9"}
    with monkeypatch.context() as patch:
        patch.setattr(export_file, "header", lambda: theirs)
        file = exported(tmp_path / "all.tenantkeep")
    arrive(database_url.partition(":")[0])
    with pytest.raises(Invalid, match=f"Tenantkeep 9.9.*{sentence}"):
        imported(file)
    assert nothing_is_here()


def test_the_picture_is_of_one_moment_and_holds_up_nobody(captured, arrive, database_url, cast, tmp_path):
    """Somebody works on between two tables; what they did after the first look is in no table of the file."""

    def work(_done, _total):
        def act():
            with handle.connection_context():
                tenants.add(
                    f"New {secrets.token_hex(4)}", *[f"{secrets.token_hex(4)}-1111-4111-8111-111111111111"] * 2, SYSTEM
                )

        thread = threading.Thread(target=act)
        thread.start()
        thread.join()

    export_file.export_all(tmp_path / "all.tenantkeep", PASSPHRASE, SYSTEM, work)
    assert Tenant.select().count() > 10
    arrive(database_url.partition(":")[0])
    imported(tmp_path / "all.tenantkeep")
    assert Tenant.select().count() == 2
    assert list(chain.verify()) == []


# PostgreSQL holds less than SQLite, never more.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_text_that_the_other_engine_cannot_hold_is_named_and_nothing_is_left(cast, arrive, tmp_path):
    Policy.update(name="x" * 1001).execute()
    file = exported(tmp_path / "all.tenantkeep")
    arrive()
    with pytest.raises(Invalid, match="Nothing was imported: table policy"):
        imported(file)
    assert nothing_is_here()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_import_that_fills_the_disk_leaves_nothing(cast, arrive, tmp_path):
    names = [{"tenant": cast.contoso, "kind": "groups", "object_id": str(n), "name": "x" * 900} for n in range(50)]
    DirectoryName.insert_many(names).execute()
    file = exported(tmp_path / "all.tenantkeep")
    bound = arrive("sqlite")
    size = bound.execute_sql("PRAGMA page_count").fetchone()[0]
    bound.execute_sql(f"PRAGMA max_page_count = {size + 2}")
    with pytest.raises(Invalid, match=r"Nothing was imported: .*full"):
        imported(file)
    assert nothing_is_here()
    bound.execute_sql(f"PRAGMA max_page_count = {size * 1000}")
    assert imported(file).rows


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_export_that_lacks_a_key_leaves_no_file(captured, tmp_path):
    encryption.use_keys([secrets.token_bytes(32)])
    with pytest.raises(Invalid, match=r"Nothing was exported\. TENANTKEEP_ENCRYPTION_KEYS lacks the key"):
        exported(tmp_path / "all.tenantkeep")
    assert list(tmp_path.glob("*all*")) == []


def fill_after(size):
    """In the command's process: no file may grow larger, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_commands_say_what_they_did_and_refuse_in_a_sentence(captured, tmp_path, arrive):
    file = tmp_path / "all.tenantkeep"
    done = tenantkeep("export-all", str(file), "--passphrase-stdin", "--json", stdin=f"{PASSPHRASE}\n")
    told = json.loads(done.stdout)
    assert (done.returncode, told["file"], told["bytes"]) == (0, str(file), file.stat().st_size)
    assert AuditEvent.get(AuditEvent.action == "installation:exported").details == {"file": str(file)}
    full = tenantkeep("import-all", str(file), "--passphrase-stdin", stdin=f"{PASSPHRASE}\n")
    assert (full.returncode, "not empty" in full.stderr, len(full.stderr.splitlines())) == (64, True, 1)
    arrive("sqlite")
    done = tenantkeep("import-all", str(file), "--passphrase-stdin", "--json", stdin=f"{PASSPHRASE}\n")
    assert (done.returncode, json.loads(done.stdout)["rows"]) == (0, told["rows"])
    assert PASSPHRASE not in done.stdout + done.stderr


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_written_or_read_is_said(database, tmp_path):
    with pytest.raises(Invalid, match="12 characters"):
        export_file.export_all(tmp_path / "all", "short", SYSTEM, ignored)
    with pytest.raises(Invalid, match="cannot be written: No such file"):
        exported(tmp_path / "nowhere" / "all")
    with pytest.raises(Invalid, match="cannot be read: No such file"):
        imported(tmp_path / "all")
    with pytest.raises(Invalid, match="no export"):
        imported(Path(__file__))


# On SQLite the database's own files would be full first.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_export_that_fills_the_disk_leaves_the_one_before(captured, tmp_path):
    file = tmp_path / "all.tenantkeep"
    file.write_text("the one before")
    full = tenantkeep(
        "export-all", str(file), "--force", "--passphrase-stdin", stdin=f"{PASSPHRASE}\n", preexec_fn=fill_after(1000)
    )
    assert (full.returncode, "cannot be written" in full.stderr) == (64, True)
    assert [path.name for path in tmp_path.glob("*all*")] == ["all.tenantkeep"]
    assert file.read_text() == "the one before"


def copied(database, database_url, path):
    """As docs/operating.md says: the address of a copy made while it runs."""
    if isinstance(database, pw.SqliteDatabase):
        database.execute_sql(f"VACUUM INTO '{path}'")
        return f"sqlite:///{path}"
    binaries, place = servers.postgresql_binaries(), database_url.rpartition("/")[0]
    subprocess.run([binaries / "pg_dump", "--format", "custom", "--file", path, database_url], check=True)
    servers.execute(place, "CREATE DATABASE copied")
    subprocess.run([binaries / "pg_restore", "--dbname", f"{place}/copied", path], check=True)
    return f"{place}/copied"


def test_a_copy_that_the_engine_makes_of_itself_works_with_the_keys(captured, database, database_url, tmp_path):
    url = copied(database, database_url, tmp_path / "copy")
    handle.close()
    with engine.bind_database(url).connection_context():
        installation.check_keys()
        assert snapshots.read_snapshot(captured[0][2])["body"]["name"] == captured[0][0].name
        assert list(chain.verify()) == []
    handle.obj.close_all()
    if not engine.is_sqlite():
        servers.execute(database_url.rpartition("/")[0], "DROP DATABASE copied WITH (FORCE)")
