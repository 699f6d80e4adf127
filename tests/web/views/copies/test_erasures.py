"""The page of what a store has of a removed tenant: an admin's alone, and an act that names the tenant."""

import pytest

import config
from db.copies import erasures
from db.models import CopyErasure, CopyStore, Tenant
from tests.support.copied import make_set
from tests.web.views.copies.test_copies import post

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COLUMNS = {"sealed": b"", "recipients": [], "copy_days": 30}


@pytest.fixture
def removed(cast):
    """A store with a set of Contoso, which was removed, and the address of the page about it."""
    store = CopyStore.create(name="Vault", address="file:///x", **COLUMNS)
    make_set(cast.contoso)
    Tenant.delete().where(Tenant.id == cast.contoso.id).execute()
    return store, f"/copies/{store.id}/removed/{cast.contoso.directory_id}"


def test_an_admin_has_a_removed_tenants_copies_deleted_by_its_directory_id_and_takes_that_back(
    app, cast, client, sign_in, removed, monkeypatch
):
    monkeypatch.setenv("TENANTKEEP_DELETION_DAYS", "7")
    config.settings.cache_clear()
    store, path = removed
    sign_in(client, cast.root)
    assert f'href="{path}"' in client.get(f"/copies/{store.id}").get_data(as_text=True)
    text = client.get(path).get_data(as_text=True)
    assert "7 days after you ask for it" in text
    assert "stay there until their own days are over" in text
    refused = post(client, f"{path}/erase", typed_directory="Contoso").get_data(as_text=True)
    assert "Type the directory id to have the copies deleted" in refused
    assert not CopyErasure.select().exists()
    text = post(client, f"{path}/erase", typed_directory=f" {cast.contoso.directory_id.upper()} ").get_data(
        as_text=True
    )
    assert "unless somebody takes that back" in text
    assert "typed_directory" not in text
    refused = post(client, f"/copies/{store.id}/remove", typed_name="Vault").get_data(as_text=True)
    assert "take it back; then remove the store" in refused
    erasures.begin(CopyErasure.get())
    CopyErasure.update(due_at=CopyErasure.get().requested_at, error="It refuses <b>.", sets=4).execute()
    assert "The store does not work now" in client.get(path).get_data(as_text=True), "nobody has looked at it yet"
    CopyStore.update(is_active=False).execute()
    text = client.get(path).get_data(as_text=True)
    assert "Gone by now: 4 backup sets, 0 contents." in text
    assert "It refuses &lt;b&gt;." in text
    assert "The store is switched off" in text
    post(client, f"{path}/keep")
    assert not CopyErasure.select().exists()
    assert "waits for its deletion" in post(client, f"{path}/keep").get_data(as_text=True)


def test_a_git_store_says_why_nothing_is_deleted_there(app, cast, client, sign_in, removed):
    path = removed[1]
    CopyStore.update(address="git+file:///x").execute()
    sign_in(client, cast.root)
    assert "A Git repository keeps its history" in client.get(path).get_data(as_text=True)
    post(client, f"{path}/erase", typed_directory=cast.contoso.directory_id)
    assert not CopyErasure.select().exists()


def test_only_an_admin_sees_it_and_it_is_of_removed_tenants_alone(app, cast, client, sign_in, removed):
    store, path = removed
    sign_in(client, cast.max)
    assert client.get(path).status_code == 403
    sign_in(client, cast.root)
    make_set(cast.fabrikam)
    assert client.get(f"/copies/{store.id}/removed/{cast.fabrikam.directory_id}").status_code == 404
