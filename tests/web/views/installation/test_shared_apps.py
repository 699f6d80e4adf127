"""The page of our own apps: how to set one up, and that no private key is ever on it."""

import pytest

from db.models import SharedApp, SharedAppCredential
from db.states import AppAccess, SharedPlace
from db.tenants import shared_apps
from tests.support.forms import csrf_token

pytestmark = pytest.mark.usefixtures("lock_order", "redis_url")

PAGE = "/installation/apps"
APP, HOME = "ffffffff-1111-4111-8111-111111111111", "ffffffff-0000-4000-8000-000000000000"


@pytest.fixture
def admin(client, sign_in, cast):
    return sign_in(client, cast.root)


def sent(client, act, access="read", **fields):
    data = {**fields, "access": access, "csrf_token": csrf_token(client, PAGE)}
    return client.post(f"{PAGE}/{act}", data=data, follow_redirects=True)


def test_app_is_set_up_step_by_step_and_its_key_stays_here(admin, caplog):
    page = admin.get(PAGE).get_data(as_text=True)
    assert "not set up" in page
    assert "Connect-MgGraph" in page
    assert "az ad app create" in page
    assert "/connect/return" in page
    answers = [sent(admin, "new-certificate").get_data(as_text=True)]
    credential = SharedAppCredential.get()
    private = shared_apps.open_values(credential)["private_key"].splitlines()[1]
    answers.append(sent(admin, "name", client_id=APP, directory_id=HOME).get_data(as_text=True))
    app = SharedApp.get()
    assert (app.client_id, app.directory_id, app.access) == (APP, HOME, "read")
    answers.append(sent(admin, "try").get_data(as_text=True))
    assert "It is being tried" in answers[-1]
    script = admin.get(f"{PAGE}/setup?access=read&for=sh")
    public = admin.get(f"{PAGE}/certificate.pem?access=read").get_data(as_text=True)
    assert "".join(public.splitlines()[1:-1]) in script.get_data(as_text=True)
    assert script.headers["Content-Disposition"] == "attachment; filename=tenantkeep-read.sh"
    answers += [script.get_data(as_text=True), public, admin.get(PAGE).get_data(as_text=True), caplog.text]
    assert not any(private in answer or "PRIVATE KEY" in answer for answer in answers)
    assert admin.get(f"{PAGE}/certificate.pem?access=write").status_code == 404


def test_rotation_and_what_is_refused(admin):
    sent(admin, "name", "write", client_id=APP, directory_id=HOME)
    assert "must be two" in sent(admin, "name", client_id=APP, directory_id=HOME).get_data(as_text=True)
    refused = sent(admin, "name", "write", client_id="x", directory_id=HOME)
    assert refused.status_code == 400
    assert "client id must be a GUID" in refused.get_data(as_text=True)
    app = shared_apps.find("global", AppAccess.WRITE)
    sent(admin, "credential", "write", kind="secret", secret="c4nary-secret")
    assert shared_apps.put_in_force(shared_apps.find_at(app, SharedPlace.NEXT))
    assert "c4nary" not in sent(admin, "credential", "write", kind="managed_identity").get_data(as_text=True)
    assert [row.kind for row in shared_apps.credentials_of(app)] == ["secret", "managed_identity"]
    assert "Set TENANTKEEP_FEDERATED" in sent(admin, "credential", "write", kind="federated").get_data(as_text=True)
    assert sent(admin, "forget", "write", place="current").status_code == 400
    assert "credential is gone" in sent(admin, "forget", "write", place="next").get_data(as_text=True)
    assert "It is gone here" in sent(admin, "remove", "write").get_data(as_text=True)
    assert not SharedApp.select().exists()


def test_page_is_for_admins(client, sign_in, cast):
    sign_in(client, cast.max)
    for path in (PAGE, f"{PAGE}/setup", f"{PAGE}/certificate.pem"):
        assert client.get(path).status_code == 403
