"""What no column and no number can hold is kept as far as it can be, or refused with a sentence, on both engines."""

import pytest

from db.models import BackupSet, Notification, Tenant, User
from tests.support import two_tenants
from tests.support.forms import csrf_token

ENDLESS = "9" * 5000


@pytest.fixture
def stage(client, sign_in, _password_hash):
    """post(path, **form) as an admin; and what there is."""
    own, _, people = two_tenants.both(_password_hash)
    sign_in(client, people["admin"])
    token = csrf_token(client, "/notifications/")

    def post(path, **form):
        return client.post(path, data={"csrf_token": token, **form})

    return post, own, people


def unread_notifications():
    return {row.id for row in Notification.select(Notification.id).where(Notification.read_at.is_null())}


def test_a_number_that_is_none_of_ours_is_refused_or_none(stage):
    post, own, people = stage
    tenant, restore = own.ids["tenant_id"], own.ids["restore_id"]
    unread = unread_notifications()
    assert unread
    for number in ("²", ENDLESS, "99999999999999999999", "-1", ""):
        assert post(f"/tenants/{tenant}/settings", full_every_days=number).status_code == 303
        assert post(f"/tenants/{tenant}/retention", last=number or "x").status_code == 303
        assert post("/notifications/read", id=number).status_code == 303
        assert post(f"/restores/{restore}/items", leave=number).status_code in (303, 400)
    assert post(f"/users/{people['admin'].id}/memberships/99999999999999999999/remove").status_code == 404
    unchanged = Tenant.get_by_id(tenant)
    assert (unchanged.full_every_days, unchanged.retention) == (7, None)
    assert unread <= unread_notifications(), "none was named"


def test_a_text_loses_what_no_database_takes_and_what_is_too_long(stage):
    post, own, people = stage
    assert post(f"/backup-sets/{own.ids['backup_set_id']}/pin", reason="be\x00cause").status_code == 303
    assert BackupSet.get_by_id(own.ids["backup_set_id"]).pinned_reason == "because"
    form = {"site_role": "admin", "is_active": "yes"}
    assert post(f"/users/{people['admin'].id}", name="\x00" + "N" * 300, **form).status_code == 303
    assert User.get_by_id(people["admin"].id).name == "N" * 255
    new = {"email": "new\x00@" + "e" * 300, "name": "x" * 300, "password": "p" * 12}
    assert post("/users/", **new).status_code == 303
    assert len(User.get(User.email.startswith("new@")).email) == 255
    waiting = int(own.ids["restore_id"]) + 1
    assert post(f"/restores/{waiting}/approve", reason="\x00", plan="\x00").status_code == 400
