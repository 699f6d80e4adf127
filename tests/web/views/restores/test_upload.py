"""An uploaded backup set: our own download comes back whole, and nothing else gets in."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

import actors.queue.run_actor
import actors.uploads.unpacking
import actors.uploads.upload
from actors.queue.run_actor import Completion
from db.accounts import users
from db.audit.audit import SYSTEM
from db.backups import backup_sets, manifests
from db.clock import utcnow
from db.models import AuditEvent, BackupSet, Content, Notification, Restore, Run, RunItem, Snapshot, Upload, UploadChunk
from db.policies import snapshots
from db.restores import restore_drafts, restore_items
from db.runs import uploads
from db.runs.completion import request_cancel
from db.states import Role, RunState, SetState
from tests.support.captures import capture_by_hand
from tests.support.forms import csrf_token
from tests.support.killed import Killed
from tests.support.zip_uploads import GOOD, fingerprint_of, line, zipped
from web.presentation.backup_zip import zip_backup_set
from web.presentation.masking import mask_secrets
from web.security.permissions import IN_TENANT, Permission

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def backup_set(cast):
    """Of Contoso: two policies, one of them with a secret."""
    from db.models import Policy

    mine = list(Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id))
    bodies = ({"name": "Wi-Fi", "password": "hush~1", "settings": []}, {"name": "Other", "settings": []})
    made = [capture_by_hand(policy, SYSTEM, body)[1] for policy, body in zip(mine, bodies, strict=True)]
    for snapshot in made:
        _fingerprinted(snapshot)
    return BackupSet.create(tenant=cast.contoso, state=SetState.COMPLETE, selection={}, types={}, problems=[],
                            manifest=manifests.save(cast.contoso, [snapshot.id for snapshot in made]))  # fmt: skip


def _fingerprinted(snapshot):
    """Its content under its real fingerprint and name: the cast's have made-up ones."""
    document = snapshots.read_snapshot(snapshot)
    mark = fingerprint_of(document)
    content = snapshots.save_content(snapshot.tenant_id, document, mark)
    Snapshot.update(content=content, name=document["body"]["name"]).where(Snapshot.id == snapshot.id).execute()


def downloaded(backup_set, shown=lambda document: document):
    return b"".join(zip_backup_set(backup_set, shown))


def send(client, data, tenant, **more):
    form = {"csrf_token": csrf_token(client, "/"), "tenant": tenant.id, "assignments": "leave", **more}
    return client.post("/restores/upload", data={**form, "file": (io.BytesIO(data), "set.zip")})


def upload(client, data, tenant, **more):
    """The run that reads it, once it has ended."""
    answer = send(client, data, tenant, **more)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    run = Run.select().order_by(Run.id.desc()).get()
    assert answer.location == f"/runs/{run.id}"
    actors.uploads.upload.read(run.id)
    assert not UploadChunk.select().count(), "what was read is not kept"
    return Run.get_by_id(run.id)


def test_a_managers_download_comes_back_as_a_draft_of_all_of_it(client, sign_in, cast, backup_set):
    sign_in(client, cast.max)
    asked = {"csrf_token": csrf_token(client, "/")}
    data = client.post(f"/backup-sets/{backup_set.id}/download", data=asked).get_data()
    run = upload(client, data, cast.contoso)
    restore = Restore.get()
    assert (run.state, run.restore_id, run.total, run.done) == ("succeeded", restore.id, 3, 3)
    assert (restore.state, restore.created_by, restore.source_directory_id) == (
        "draft", cast.max, cast.contoso.directory_id)  # fmt: skip
    items = {item.graph_id: snapshots.read_content(item.content_id) for item in restore_items.items(restore)}
    ours = [snapshot for snapshot in Snapshot.select() if snapshot.tenant == cast.contoso]
    assert items == {snapshot.policy.graph_id: snapshots.read_snapshot(snapshot) for snapshot in ours}
    assert {item.name for item in restore_items.items(restore)} == {
        snapshots.read_snapshot(snapshot)["body"]["name"] for snapshot in ours
    }
    page = client.get(f"/restores/{restore.id}").get_data(as_text=True)
    assert f"File uploaded by run {run.id}" in page
    assert f'href="/restores/{restore.id}"' in client.get(f"/runs/{run.id}").get_data(as_text=True)
    assert Notification.get(Notification.run == run).user == cast.max


def test_what_a_file_says_of_itself_stands_apart_and_labels_nothing(client, sign_in, cast, backup_set):
    group = "11111111-2222-4333-8444-555555555555"
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}
    document = {"body": {"name": "Good", "settings": []}, "assignments": [{"target": target}]}
    said = line("p", document, references={"groups": {group: "SG-Of-The-File"}})
    manifest = {"directory_id": cast.contoso.directory_id, "tenant": "Tenant-Of-The-File", "backup_set": 7,
                "created_at": "once", "policies": [said]}  # fmt: skip
    sign_in(client, cast.max)
    upload(client, zipped([("p.json", json.dumps(document))], manifest=manifest), cast.contoso)
    [restore], [item] = Restore.select(), list(restore_items.items(Restore.get()))
    assert item.file_says == {"name": "Good", "groups": {group: "SG-Of-The-File"}}
    assert restore.file_says["tenant"] == "Tenant-Of-The-File"
    assert "Of-The-File" not in restore.source_name
    assert not [event for event in AuditEvent.select() if "Of-The-File" in f"{event.subject}{event.details}"]
    for path in (f"/restores/{restore.id}", f"/restores/{restore.id}/items/{item.id}"):
        before, _, apart = client.get(path).get_data(as_text=True).partition("The file says")
        assert "Of-The-File" not in before, path
        assert "Of-The-File" in apart, path
    for path in ("/restores/", "/runs/", "/notifications/", f"/tenants/{cast.contoso.id}"):
        assert "Of-The-File" not in client.get(path).get_data(as_text=True), path


def test_what_an_operators_download_lacks_is_left_out_by_name_and_the_rest_is_kept(client, sign_in, cast, backup_set):
    sign_in(client, cast.ada)
    run = upload(client, downloaded(backup_set, mask_secrets), cast.contoso)
    assert run.state == "partial"
    assert [item.name for item in restore_items.items(Restore.get())] == ["Other"]
    page = client.get(f"/runs/{run.id}").get_data(as_text=True)
    assert "Left out: it was changed after its download, or downloaded without its secrets." in page


def test_an_uploaded_text_never_becomes_what_a_capture_reads(client, sign_in, cast, backup_set):
    """Equal fingerprints allow for other texts: an id, a clock, a token."""
    document = {"body": {"name": "Good", "settings": [], "id": "other"}, "assignments": []}
    sign_in(client, cast.max)
    upload(client, zipped(lines=[line("other", document)], files=[("other.json", json.dumps(document))]), cast.contoso)
    assert len(restore_items.items(Restore.get())) == 2
    assert not Content.select().where(Content.fingerprint == fingerprint_of(document)).exists()
    assert backup_sets.snapshot_ids(backup_set)


def test_a_file_of_another_directory_needs_a_manager_of_both_sides(client, sign_in, cast, backup_set):
    def refused(data):
        run = upload(client, data, cast.contoso)
        event = AuditEvent.select().where(AuditEvent.action == "access:refused").order_by(AuditEvent.id.desc()).get()
        assert (run.state, event.subject, event.result) == ("failed", f"run {run.id}", "refused"), run.error_message
        return run.error_message

    ours = zipped(manifest={"directory_id": cast.fabrikam.directory_id, "policies": [line("good", GOOD)]})
    sign_in(client, cast.ada)
    assert "manages Contoso" in refused(zipped())
    sign_in(client, cast.max)
    assert upload(client, zipped(), cast.contoso).state == "succeeded"
    assert send(client, zipped(), cast.fabrikam).status_code == 403
    assert "manages Contoso and Fabrikam" in refused(ours)
    users.set_member(cast.max, cast.fabrikam, Role.MANAGER, SYSTEM)
    sign_in(client, cast.max)
    assert upload(client, ours, cast.contoso).state == "succeeded"
    sign_in(client, cast.rita)
    assert send(client, zipped(), cast.contoso).status_code == 403
    assert Restore.select().count() == 2


def test_who_lost_the_right_or_the_account_meanwhile_gets_no_draft(client, sign_in, cast, backup_set):
    sign_in(client, cast.ada)
    data = downloaded(backup_set)
    send(client, data, cast.contoso)
    users.set_member(cast.ada, cast.contoso, Role.READER, SYSTEM)
    actors.uploads.upload.read(Run.get(Run.kind == "restore.upload").id)
    assert "operates Contoso" in Run.get(Run.kind == "restore.upload").error_message
    assert not Restore.select().count()
    assert not Upload.select().count()


def test_the_worker_asks_for_the_roles_that_pages_ask_for(cast):
    for permission, roles in (
        (Permission.OPERATE, actors.uploads.upload.OPERATES),
        (Permission.MANAGE, actors.uploads.upload.MANAGES),
    ):
        assert roles == {role for role, held in IN_TENANT.items() if permission in held}


def test_a_second_file_is_told_which_is_under_way_and_not_taken(client, sign_in, cast, backup_set):
    sign_in(client, cast.max)
    send(client, downloaded(backup_set), cast.contoso)
    first = Run.get(Run.kind == "restore.upload")
    answer = send(client, downloaded(backup_set), cast.contoso)
    assert answer.location == f"/runs/{first.id}"
    assert f"Run {first.id} still reads another file of yours" in client.get(answer.location).get_data(as_text=True)
    assert (Upload.select().count(), Run.select().where(Run.kind == "restore.upload").count()) == (1, 1)
    sign_in(client, cast.root)
    assert send(client, downloaded(backup_set), cast.contoso).location != answer.location, "hers is another"


def test_a_cancelled_upload_leaves_neither_draft_nor_file(client, sign_in, cast, backup_set, monkeypatch):
    sign_in(client, cast.max)
    send(client, downloaded(backup_set), cast.contoso)
    run = Run.get(Run.kind == "restore.upload")
    keep = snapshots.save_content

    def kept_and_cancelled(*facts):
        request_cancel(run, SYSTEM)
        return keep(*facts)

    monkeypatch.setattr(snapshots, "save_content", kept_and_cancelled)
    actors.uploads.upload.read(run.id)
    assert Run.get_by_id(run.id).state == "cancelled"
    items = RunItem.select().where(RunItem.run == run).order_by(RunItem.id)
    assert [item.state for item in items] == ["skipped", "done", "skipped"]
    assert not Restore.select().count()
    assert not UploadChunk.select().count()


@pytest.mark.parametrize("place", ["save_content", "create", "finish"])
def test_what_was_interrupted_goes_on_and_makes_one_draft(client, sign_in, cast, backup_set, monkeypatch, place):
    sign_in(client, cast.max)
    send(client, downloaded(backup_set), cast.contoso)
    run = Run.get(Run.kind == "restore.upload")
    holder = {"save_content": snapshots, "create": restore_drafts, "finish": actors.queue.run_actor.completion}[place]
    real, times = getattr(holder, place), []

    def killed(*facts, **more):
        times.append(None)
        if len(times) == 2 or place != "save_content":
            raise Killed
        return real(*facts, **more)

    with monkeypatch.context() as patch:
        patch.setattr(holder, place, killed)
        if place == "finish":
            patch.setattr(
                actors.uploads.upload,
                "run_claimed",
                lambda *facts: actors.queue.run_actor.run_claimed(*facts, Completion(finish=killed)),
            )
        with pytest.raises(Killed):
            actors.uploads.upload.read(run.id)
    Run.update(claimed_by=None).where(Run.id == run.id).execute()  # as the sweep takes it back
    actors.uploads.upload.read(run.id)
    assert Run.get_by_id(run.id).state == RunState.SUCCEEDED
    assert [len(restore_items.items(restore)) for restore in Restore.select()] == [2]
    assert not Upload.select().count()


def test_what_was_received_and_got_no_run_goes_after_a_day(cast):
    uploads.receive(cast.contoso, {}, io.BytesIO(b"x" * (uploads.CHUNK_BYTES + 1)))
    uploads.delete_abandoned()
    assert UploadChunk.select().count() == 2
    Upload.update(created_at=utcnow() - timedelta(days=1, minutes=1)).execute()
    uploads.delete_abandoned()
    assert not UploadChunk.select().count()


def test_what_is_kept_is_sealed_and_read_back_at_any_place(cast):
    data = bytes(range(256)) * 4000
    upload = uploads.receive(cast.contoso, {}, io.BytesIO(data))
    assert not [chunk for chunk in UploadChunk.select() if data[:64] in bytes(chunk.sealed)]
    stored = uploads.UploadReader(upload)
    for place, length in ((0, 10), (uploads.CHUNK_BYTES - 5, 10), (len(data) - 3, 10), (len(data), 1), (7, -1)):
        stored.seek(place)
        assert stored.read(length) == data[place:][: length if length >= 0 else None], (place, length)


def encrypted(data):
    """With the bit set that says so, in the list of files."""
    at = data.index(b"PK\x01\x02") + 8
    return data[:at] + bytes([data[at] | 1]) + data[at + 1 :]


def lying(data):
    """The first file says that it is as long as one byte."""
    at = data.index(b"PK\x01\x02") + 24
    return data[:at] + (1).to_bytes(4, "little") + data[at + 4 :]


def twice(data):
    """What is evil.json says that it is good.json, in the list of files and before its bytes."""
    return data.replace(b"evil.json", b"good.json")


REFUSED_AT_ONCE = {
    "not a ZIP": (lambda: b"no ZIP at all, whatever its name", "That is not a ZIP file"),
    "cut short": (lambda: zipped()[:-30], "That is not a ZIP file"),
    "no bytes": (lambda: b"", "That is not a ZIP file."),
}
REFUSED = {
    "no manifest": (lambda: zipped().replace(b"manifest.json", b"manifesto.jsn"), "no manifest.json"),
    "no directory": (lambda: zipped(manifest={"policies": []}), "of which directory"),
    "traversal": (lambda: zipped([("../up.json", "{}")]), "leads out of its folder"),
    "encrypted": (lambda: encrypted(zipped()), "encrypted"),
    "another compression": (lambda: zipped(method=zipfile.ZIP_LZMA), "compressed in a way"),
    "two of one name": (lambda: twice(zipped([("evil.json", "{}")])), "two files of one name"),
    "only a changed file": (
        lambda: zipped(manifest={"directory_id": "9" * 32, "policies": [line("good", GOOD, fingerprint="0")]}),
        "Nothing of this file can be restored. “good.json” was left out: it was changed after its download",
    ),
}


@pytest.mark.parametrize("what", REFUSED_AT_ONCE)
def test_what_is_no_zip_is_refused_at_once_and_what_was_chosen_stays(client, sign_in, cast, what):
    make, sentence = REFUSED_AT_ONCE[what]
    sign_in(client, cast.max)
    answer = send(client, make(), cast.contoso)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, sentence in page, Upload.select().count()) == (400, True, 0), what
    assert f'value="{cast.contoso.id}" selected' in page, "what was chosen stays"


def test_a_file_is_refused_with_a_sentence_on_its_run(client, sign_in, cast):
    sign_in(client, cast.max)
    for what, (make, sentence) in REFUSED.items():
        run = upload(client, make(), cast.contoso)
        assert (run.state, sentence in run.error_message, Restore.select().count()) == ("failed", True, 0), what


def test_what_was_read_of_a_file_that_spends_its_budget_is_in_no_draft(client, sign_in, cast, backup_set, monkeypatch):
    data = downloaded(backup_set)
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        first, *_, manifest = (sum(map(file.read(name).count, (b"[", b"{", b","))) for name in file.namelist())
    monkeypatch.setattr(actors.uploads.unpacking, "MAX_VALUES", first + manifest)
    sign_in(client, cast.max)
    run = upload(client, data, cast.contoso)
    assert (run.state, run.done) == ("failed", 0)
    assert "more values together than any backup does" in run.error_message
    assert not Restore.select().count()


def test_only_this_form_takes_large_files_and_only_from_those_signed_in(app, client, sign_in, cast):
    big = zipped([("filler.bin", bytes(range(256)) * 8000)], method=zipfile.ZIP_STORED)
    assert len(big) > 2_000_000

    def send(sender, path):
        form = {"csrf_token": csrf_token(sender, "/sign-in"), "tenant": str(cast.contoso.id), "assignments": "leave"}
        # Encoded here: the test client's own temporary file is never closed.
        boundary, body = encode_multipart({**form, "file": FileStorage(io.BytesIO(big), "set.zip")})
        return sender.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}").status_code

    assert send(app.test_client(), "/restores/upload") == 413
    sign_in(client, cast.max)
    assert send(client, "/restores/upload") == 303
    assert send(client, "/restores/new") == 413
