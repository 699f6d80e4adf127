"""The pages of stores: an admin's alone, with nothing on them that signs in, and no word to any store."""

import pyrage
import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import recovery_keys, stores
from db.models import CopiedSet, CopyStore
from db.states import CopyState
from tests.support.copied import make_set
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEY = str(pyrage.x25519.Identity.generate().to_public())
# Nothing listens there: a page that asked would hang or fail.
GIVEN = {
    "kind": "s3",
    "name": "Vault <b>",
    "address": "s3://bucket/x?endpoint=http://127.0.0.1:9",
    "access_key": "AKIA",
    "secret_key": "hunter2",
    "recipients": KEY,
    "copy_days": "30",
    "rate": "512",
    "needs_lock": "yes",
}


def post(client, path, **data):
    token = csrf_token(client, "/copies/")
    return client.post(path, data={**data, "csrf_token": token}, follow_redirects=True)


def test_an_admin_adds_asks_changes_and_removes_a_store(app, cast, client, sign_in):
    sign_in(client, cast.root)
    assert "its backups are lost with it" in client.get("/copies/").get_data(as_text=True)
    for kind in ("s3", "azure", "sftp", "file", "other"):
        assert client.get(f"/copies/new?kind={kind}").status_code == 200
    wrong = post(client, "/copies/", **{**GIVEN, "copy_days": "many"})
    assert wrong.status_code == 400
    text = wrong.get_data(as_text=True)
    assert "Give a whole number of days." in text
    assert GIVEN["address"] in text
    assert "hunter2" not in text
    make_set(cast.contoso)
    text = post(client, "/copies/", **GIVEN).get_data(as_text=True)
    store = CopyStore.get()
    assert (store.bytes_per_second, store.copy_days, store.recipients) == (512 * 1024, 30, [KEY])
    assert "Vault &lt;b&gt;" in text
    assert "hunter2" not in text
    CopiedSet.update(state=CopyState.FAILED, message="Its disk is full.").execute()
    assert "Its disk is full." in client.get(f"/copies/{store.id}").get_data(as_text=True)
    for what in ("push", "verify", "check", "nonsense"):
        assert post(client, f"/copies/{store.id}/ask", what=what).status_code == 200
    assert CopyStore.get().is_verify_asked
    stores.record_damage(store, "contents/3f/x.age was missing.")
    assert "I have looked into it" in client.get(f"/copies/{store.id}").get_data(as_text=True)
    assert "I have looked into it" not in post(client, f"/copies/{store.id}/ask", what="seen").get_data(as_text=True)
    assert CopyStore.get().damage is None
    stores.record(store, turn=1, overtaken_at=utcnow())
    assert "Take the store back" in client.get(f"/copies/{store.id}").get_data(as_text=True)
    assert "Take the store back" not in post(client, f"/copies/{store.id}/ask", what="take_back").get_data(as_text=True)
    assert CopyStore.get().turn is None
    post(client, f"/copies/{store.id}", name="Safe", copy_days="60", rate="", is_active="yes")
    store = CopyStore.get()
    assert (store.name, store.copy_days, store.bytes_per_second, store.needs_lock) == ("Safe", 60, None, False)
    assert "Safe" in client.get("/copies/").get_data(as_text=True)
    refused = post(client, f"/copies/{store.id}/remove", typed_name="Vault")
    assert "Type the name of the store to remove it: Safe." in refused.get_data(as_text=True)
    assert CopyStore.select().exists()
    post(client, f"/copies/{store.id}/remove", typed_name=" safe")
    assert not CopyStore.select().exists()


def test_an_address_of_another_kind_of_store_than_was_chosen_is_refused(app, cast, client, sign_in):
    sign_in(client, cast.root)
    for address, kind in (("file:///mnt/copies", "Folder"), ("git+https://host/x.git", "Git, for reading")):
        refused = post(client, "/copies/", **{**GIVEN, "address": address, "access_key": "", "secret_key": ""})
        assert f"This is an address of another kind of store: choose “{kind}” above." in refused.get_data(as_text=True)
    assert not CopyStore.select().exists()


def test_whoever_adds_a_store_before_there_is_a_recovery_key_is_led_to_them(app, cast, client, sign_in):
    sign_in(client, cast.root)
    words = "Make two first, for two safes"
    text = client.get("/copies/new").get_data(as_text=True)
    assert words in text
    assert '<a href="/copies/keys/">' in text
    assert words not in client.get("/copies/new?kind=git").get_data(as_text=True)
    recovery_keys.add("Safe in Bern", KEY, SYSTEM)
    assert words not in client.get("/copies/new").get_data(as_text=True)


def test_a_git_store_says_that_it_is_for_reading_and_asks_for_no_key(app, cast, client, sign_in):
    sign_in(client, cast.root)
    for_reading = "cannot bring a policy or an installation back"
    text = client.get("/copies/new?kind=git").get_data(as_text=True)
    assert for_reading in text
    assert 'name="recipients"' not in text
    given = {"kind": "git", "name": "Review", "address": "git+https://host/x.git", "token": "hunter2",
             "username": "gitlab+deploy-token-1", "rate": "64"}  # fmt: skip
    refused = post(client, "/copies/", **given, recipients=KEY)
    assert "not sealed: give no recovery key" in refused.get_data(as_text=True)
    refused = post(client, "/copies/", **given | {"address": "https://host/x.git"})
    assert "An address begins with" in refused.get_data(as_text=True)
    backup_set = make_set(cast.contoso)
    text = post(client, "/copies/", **given).get_data(as_text=True)
    store = CopyStore.get()
    assert (store.recipients, store.needs_lock, store.bytes_per_second) == ([], False, 64 * 1024)
    assert stores.open_credentials(store) == {"token": "hunter2", "username": "gitlab+deploy-token-1"}
    assert for_reading in text
    assert "hunter2" not in text
    post(client, f"/copies/{store.id}", name="Read", rate="", is_active="yes", needs_lock="yes")
    assert (CopyStore.get().name, CopyStore.get().needs_lock) == ("Read", False)
    assert "none: for reading" in client.get("/copies/").get_data(as_text=True)
    CopiedSet.update(state=CopyState.COMPLETE).execute()
    assert "Read: in Git, for reading" in client.get(f"/backup-sets/{backup_set.id}").get_data(as_text=True)


def test_readers_of_a_tenant_see_where_copies_of_a_set_are(app, cast, client, sign_in):
    store = CopyStore.create(name="Vault", address="s3://x", sealed=b"", recipients=[], copy_days=30)
    backup_set = make_set(cast.contoso)
    sign_in(client, cast.rita)
    assert "Vault: not there yet" in client.get(f"/backup-sets/{backup_set.id}").get_data(as_text=True)
    CopiedSet.update(state=CopyState.COMPLETE).execute()
    assert "Vault: there, not locked" in client.get(f"/backup-sets/{backup_set.id}").get_data(as_text=True)
    for address in ("/copies/", "/copies/new", f"/copies/{store.id}"):
        assert client.get(address).status_code == 403
