"""An uploaded backup set: our own download comes back whole, and nothing else gets in."""

import io
import json
import zipfile

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from actors import restore_requests
from db import backup_sets, manifests, restores, snapshots, users
from db.audit import SYSTEM
from db.errors import Invalid
from db.models import BackupSet, Content, Restore, Snapshot
from db.states import Role, SetState
from graph.first_fingerprint import fingerprint as first_fingerprint
from graph.policy_types import POLICY_TYPES
from tests.conftest import capture_by_hand, csrf_token
from tests.uploads import GOOD, fingerprint_of, line, zipped
from web import unpacking
from web.archive import archive
from web.unpacking import Unpacking
from web.views.secrets import masked

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
                            manifest=manifests.keep(cast.contoso, [one.id for one in made]))  # fmt: skip


def _fingerprinted(snapshot):
    """Its content under its real fingerprint: the cast's have made-up ones."""
    document = snapshots.body(snapshot)
    mark = fingerprint_of(document)
    content = snapshots.keep_content(snapshot.tenant_id, document, mark)
    Snapshot.update(content=content).where(Snapshot.id == snapshot.id).execute()


def downloaded(backup_set, shown=lambda document: document):
    return b"".join(archive(backup_set, shown))


def upload(client, data, tenant, **more):
    form = {"csrf_token": csrf_token(client, "/"), "tenant": tenant.id, "assignments": "leave", **more}
    return client.post("/restores/upload", data={**form, "file": (io.BytesIO(data), "set.zip")})


def test_a_managers_download_comes_back_as_a_draft_of_all_of_it(client, sign_in, cast, backup_set):
    sign_in(client, cast.max)
    asked = {"csrf_token": csrf_token(client, "/")}
    data = client.post(f"/backup-sets/{backup_set.id}/download", data=asked).get_data()
    answer = upload(client, data, cast.contoso)
    restore = Restore.get()
    assert (answer.status_code, answer.location) == (303, f"/restores/{restore.id}")
    assert (restore.state, restore.created_by, restore.source_directory_id) == (
        "draft", cast.max, cast.contoso.directory_id)  # fmt: skip
    items = {one.graph_id: snapshots.document(one.content_id) for one in restores.items(restore)}
    ours = [one for one in Snapshot.select() if one.tenant == cast.contoso]
    assert items == {one.policy.graph_id: snapshots.body(one) for one in ours}
    assert {one.name for one in restores.items(restore)} == {snapshots.body(one)["body"]["name"] for one in ours}
    assert "uploaded backup set" in client.get(answer.location).get_data(as_text=True)


def test_what_an_operators_download_lacks_is_left_out_by_name_and_the_rest_is_kept(client, sign_in, cast, backup_set):
    sign_in(client, cast.ada)
    answer = upload(client, downloaded(backup_set, masked), cast.contoso)
    assert [one.name for one in restores.items(Restore.get())] == ["Other"]
    page = client.get(answer.location).get_data(as_text=True)
    assert "Left out: “Contoso policy 1”: it was changed after its download, or downloaded without its secrets." in page


def test_a_file_is_taken_by_its_text_and_an_older_one_by_what_was_called_equal_then(cast):
    document = {"body": {"name": "P", "settings": [], "technologies": "mdm,linuxMdm"}, "assignments": []}
    older = first_fingerprint(POLICY_TYPES["configurationPolicies"], document)
    assert older != fingerprint_of(document)
    lines = [
        line("older", document, fingerprint=older),
        line("newer", document, fingerprint="0" * 64, sha256=restore_requests.mark_of(document)),
        line("edited", document, fingerprint="0" * 64, sha256="0" * 64),
    ]
    files = [(f"{one}.json", json.dumps(document)) for one in ("older", "newer", "edited")]
    found = Unpacking(io.BytesIO(zipped(files, lines)))
    restore, left_out = restore_requests.of_upload(
        cast.contoso, found.source, found.uploaded(), {"assignments": "leave"}, SYSTEM
    )
    assert [one.graph_id for one in restores.items(restore)] == ["good", "older", "newer"]
    assert len(left_out) == 1


def test_an_uploaded_text_never_becomes_what_a_capture_reads(cast, backup_set):
    """Equal fingerprints allow for other texts: an id, a clock, a token."""
    document = {"body": {"name": "Good", "settings": [], "id": "theirs"}, "assignments": []}
    out = zipped(lines=[line("other", document)], files=[("other.json", json.dumps(document))])
    found = Unpacking(io.BytesIO(out))
    restore_requests.of_upload(cast.contoso, found.source, found.uploaded(), {"assignments": "leave"}, SYSTEM)
    assert not Content.select().where(Content.fingerprint == fingerprint_of(document)).exists()
    assert backup_sets.snapshots_of(backup_set)


def test_a_file_of_another_directory_needs_a_manager_of_both_sides(client, sign_in, cast, backup_set):
    sign_in(client, cast.ada)
    assert upload(client, zipped(), cast.contoso).status_code == 403
    sign_in(client, cast.max)
    assert upload(client, zipped(), cast.contoso).status_code == 303
    assert upload(client, zipped(), cast.fabrikam).status_code == 403
    ours = zipped(manifest={"directory_id": cast.fabrikam.directory_id, "policies": [line("good", GOOD)]})
    assert upload(client, ours, cast.contoso).status_code == 403
    users.set_member(cast.max, cast.fabrikam, Role.MANAGER, SYSTEM)
    assert upload(client, ours, cast.contoso).status_code == 303
    sign_in(client, cast.rita)
    assert upload(client, zipped(), cast.contoso).status_code == 403
    assert Restore.select().count() == 2


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


REFUSED = {
    "not a ZIP": (lambda: b"no ZIP at all", "That is not a ZIP file."),
    "cut short": (lambda: zipped()[:-30], "That is not a ZIP file."),
    "no manifest": (lambda: zipped().replace(b"manifest.json", b"manifesto.jsn"), "no manifest.json"),
    "manifest of nothing": (lambda: zipped(manifest="[]"), "lists no policies"),
    "manifest that is no JSON": (lambda: zipped(manifest="{"), "no JSON"),
    "no directory": (lambda: zipped(manifest={"policies": []}), "of which directory"),
    "traversal": (lambda: zipped([("../up.json", "{}")]), "leads out of its folder"),
    "backslashes": (lambda: zipped([("a\\..\\..\\up.json", "{}")]), "leads out of its folder"),
    "absolute": (lambda: zipped([("/etc/passwd", "{}")]), "leads out of its folder"),
    "drive": (lambda: zipped([("C:/x.json", "{}")]), "leads out of its folder"),
    "encrypted": (lambda: encrypted(zipped()), "encrypted"),
    "another compression": (lambda: zipped(method=zipfile.ZIP_LZMA), "compressed in a way"),
    "bomb": (lambda: zipped([("bomb.json", b" " * (unpacking.RATIO_FROM + 1))]), "grows more than any policy"),
    "no bytes": (lambda: b"", "That is not a ZIP file."),
    "huge file": (lambda: zipped([("big.json", b"x" * (unpacking.LARGEST_FILE + 1))]), "no policy is as large"),
    "two of one name": (lambda: twice(zipped([("evil.json", "{}")])), "two files of one name"),
    "only a changed file": (lambda: lying(zipped()), "Nothing of this file can be restored"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_is_refused_with_a_sentence(client, sign_in, cast, what):
    make, sentence = REFUSED[what]
    sign_in(client, cast.max)
    answer = upload(client, make(), cast.contoso)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, sentence in page, Restore.select().count()) == (400, True, 0), what
    assert 'value="leave" required checked' in page, "what was chosen stays"


NESTED = '{"body": ' + '{"a": ' * 200 + "1" + "}" * 200 + "}"
VERY_NESTED = "[" * 200_000
LEFT_OUT = {
    "not in the ZIP": ({}, None, "not in the ZIP"),
    "not UTF-8": ({}, b"\xff\xfe{}", "not in UTF-8"),
    "no JSON": ({}, b"{", "no JSON"),
    "not a number": ({}, b'{"body": {"a": NaN}}', "no JSON"),
    "not finite": ({}, b'{"body": {"a": -1e999}}', "no JSON"),
    "a number without end": ({}, b'{"body": {"a": ' + b"9" * 5000 + b"}}", "no JSON"),
    "more values than any": ({}, b'{"body": {"a": [' + b"[]," * 1_000_000 + b"0]}}", "more values than any policy"),
    "a ZIP in the ZIP": ({}, zipped(), "not in UTF-8"),
    "a name twice, another content": ({}, b'{"body": {}, "body": {"name": "x"}}', "changed after its download"),
    "nested": ({}, NESTED, "nested too deeply"),
    "nested beyond the parser": ({}, VERY_NESTED, "nested too deeply"),
    "no policy": ({}, b'{"body": [], "assignments": null}', "no policy as our downloads"),
    "odd assignments": ({}, b'{"body": {}, "assignments": [1]}', "no policy as our downloads"),
    "unknown type": ({"policy_type": "nonsense"}, json.dumps(GOOD), "no policy type nonsense"),
    "another fingerprint": ({"fingerprint": "0" * 64}, json.dumps(GOOD), "changed after its download"),
    "no fingerprint": ({"fingerprint": None}, json.dumps(GOOD), "says no fingerprint"),
    "listed twice": ({"graph_id": "good"}, json.dumps(GOOD), "listed twice"),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_a_policy_that_cannot_be_used_is_left_out_with_a_sentence(cast, what):
    changes, data, sentence = LEFT_OUT[what]
    files = [] if data is None else [("bad.json", data)]
    found = Unpacking(io.BytesIO(zipped(files, [line("bad", GOOD, **changes)])))
    restore, changed = restore_requests.of_upload(
        cast.contoso, found.source, found.uploaded(), {"assignments": "leave"}, SYSTEM
    )
    [left_out] = [*found.left_out, *changed]
    assert sentence in left_out
    assert [one.name for one in restores.items(restore)] == ["Good"]


def test_names_that_no_database_takes_are_kept_as_far_as_they_can_be(cast):
    document = {"body": {"name": "a\x00b\ud800", "settings": []}, "assignments": []}
    odd = line("odd", document, references={"groups": {"\ud800": "x\x00"}, "filters": 7})
    found = Unpacking(io.BytesIO(zipped([("odd.json", json.dumps(document))], [odd])))
    restore, _ = restore_requests.of_upload(cast.contoso, found.source, found.uploaded(), {"assignments": "x"}, SYSTEM)
    assert [(one.name, one.references) for one in restores.items(restore)][1] == (
        "a\ufffdb\ufffd", {"groups": {"?": "x"}})  # fmt: skip


def test_too_many_files_and_too_many_bytes_are_refused_before_they_are_read(cast, monkeypatch):
    monkeypatch.setattr(unpacking, "MOST_FILES", 2)
    with pytest.raises(Invalid, match="more than 2 files"):
        Unpacking(io.BytesIO(zipped([("one more.json", "{}")])))
    monkeypatch.setattr(unpacking, "LARGEST_DIRECTORY", 50)
    with pytest.raises(Invalid, match="more than 2 files"):
        Unpacking(io.BytesIO(zipped()))
    monkeypatch.undo()
    monkeypatch.setattr(unpacking, "MOST_BYTES", 100)
    with pytest.raises(Invalid, match="larger than"):
        Unpacking(io.BytesIO(zipped()))


def test_bytes_are_counted_while_they_are_read(cast, monkeypatch):
    found = Unpacking(io.BytesIO(zipped()))
    monkeypatch.setattr(unpacking, "MOST_BYTES", found._read_bytes + 10)
    with pytest.raises(Invalid, match="larger than"):
        list(found.uploaded())


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
