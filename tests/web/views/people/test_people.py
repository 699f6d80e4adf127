"""Signing in, users, the audit log, notifications and health."""

import csv
import io
import re

import pytest

from db.models import AuditEvent, Membership, Notification, User
from db.runs import notifications
from tests.support.environment import PASSWORD
from tests.support.forms import csrf_token

pytestmark = pytest.mark.usefixtures("lock_order")


def attempt(client, **form):
    return client.post("/sign-in", data={"csrf_token": csrf_token(client, "/sign-in"), "password": PASSWORD, **form})


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_the_way_after_the_sign_in_is_only_ever_ours(client, cast, elsewhere):
    assert attempt(client, email="ada@example.com", next=elsewhere).headers["Location"] == "/"
    assert attempt(client, email="ada@example.com", next="/runs/?x=1").headers["Location"] == "/runs/?x=1"


def test_an_admin_adds_a_person_and_gives_them_a_role(client, sign_in, cast):
    sign_in(client, cast.root)
    form = {
        "csrf_token": csrf_token(client, "/users/"),
        "email": "New@Example.com",
        "password": "x" * 12,
        "site_role": "none",
    }
    assert client.post("/users/", data={**form, "password": "short"}).status_code == 400
    assert client.post("/users/", data=form).status_code == 303
    new = User.get(User.email == "new@example.com")
    role = {"csrf_token": form["csrf_token"], "tenant": cast.contoso.id, "role": "operator"}
    client.post(f"/users/{new.id}/memberships", data=role)
    membership = Membership.get(Membership.user == new)
    assert membership.role == "operator"
    client.post(f"/users/{new.id}/memberships/{membership.id}/remove", data=form)
    assert not Membership.select().where(Membership.user == new).exists()


def test_the_last_admin_can_be_neither_demoted_nor_locked_out(client, sign_in, cast):
    sign_in(client, cast.root)
    form = {"csrf_token": csrf_token(client, "/users/"), "name": "Root", "site_role": "none", "is_active": "yes"}
    page = client.post(f"/users/{cast.root.id}", data=form, follow_redirects=True).get_data(as_text=True)
    assert "last active admin" in page
    assert User.get_by_id(cast.root.id).site_role == "admin"


def test_the_audit_log_is_filtered_and_exported_and_the_export_is_audited(client, sign_in, cast, captured):
    sign_in(client, cast.audra)
    page = client.get("/audit/?action=run:ended&result=ok").get_data(as_text=True)
    assert page.count(">run:ended</code>") == 4
    rows = list(csv.DictReader(io.StringIO(client.get("/audit/export.csv?action=run:ended").get_data(as_text=True))))
    assert [row["action"] for row in rows] == ["run:ended"] * 4
    assert AuditEvent.select().order_by(AuditEvent.id.desc()).first().action == "audit:exported"


def test_the_audit_log_shows_the_chosen_tenant_until_any_is_asked_for(client, sign_in, cast, captured):
    sign_in(client, cast.root)
    data = {"csrf_token": csrf_token(client, "/"), "tenant": cast.contoso.id}
    client.post("/tenants/choose", data=data)
    cell = f'<a href="/tenants/{cast.fabrikam.id}">Fabrikam</a>'
    assert cell not in client.get("/audit/").get_data(as_text=True)
    page = client.get("/audit/?tenant=all&zone=UTC").get_data(as_text=True)
    assert cell in page
    assert "Clear" not in page, "nothing is narrowed"
    address = re.search(r'href="(/audit/export[^"]*)"', page)[1].replace("&amp;", "&")
    assert ",Fabrikam," in client.get(address).get_data(as_text=True)


def test_an_export_gives_a_spreadsheet_no_formula_to_run(client, sign_in, cast, captured):
    policy = captured[0][0]
    policy.name = "=cmd|' /C calc'!A0"
    policy.save()
    text = sign_in(client, cast.ada).get("/policies/export/csv/").get_data(as_text=True)
    assert "'=cmd" in text
    assert ",=cmd" not in text


def test_a_hostile_name_is_text_on_every_page(client, sign_in, cast, captured):
    policy, run, snapshot = captured[0]
    policy.name = "<script>alert(1)</script>"
    policy.save()
    sign_in(client, cast.ada)
    for path in (
        "/",
        "/policies/",
        f"/policies/{policy.id}",
        f"/runs/{run.id}",
        f"/snapshots/{snapshot.id}",
        "/notifications/",
    ):
        assert "<script>alert" not in client.get(path).get_data(as_text=True), path


def test_the_bell_counts_marks_read_and_a_visit_reads(client, sign_in, cast, captured):
    def unread():
        return re.search(r'class="count">(\d+)<', client.get("/runs/mine").get_data(as_text=True))[1]

    Notification.update(read_at=None).execute()
    sign_in(client, cast.ada)
    assert unread() == "2"
    client.get(f"/runs/{captured[0][1].id}")
    assert unread() == "1"
    client.post("/notifications/read", data={"csrf_token": csrf_token(client, "/notifications/")})
    assert notifications.unread_count(cast.ada.id) == 0
    assert notifications.unread_count(cast.sam.id) == 2, "another's stay as they were"


def test_alive_and_ready(client):
    assert client.get("/healthz").json == {"alive": True}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"ready": True, "troubles": {}})


def test_not_ready_names_what_is_missing(client, monkeypatch):
    from db import migrate

    monkeypatch.setattr(migrate, "pending", lambda: ["0002_next"])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "tenantkeep migrate" in answer.json["troubles"]["start"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_admins_own_guards_change_on_their_account_page_alone(app, cast, sign_in):
    """That page asks who it is; this one would be enough for who finds an admin's browser open."""
    root = sign_in(app.test_client(), cast.root)
    User.update(totp_secret=b"sealed").where(User.id == cast.root.id).execute()
    before = User.get_by_id(cast.root.id).password_hash
    form = {"csrf_token": csrf_token(root, "/users/"), "site_role": "admin", "is_active": "yes"}
    for path, more in ((f"/users/{cast.root.id}", {"password": "a new long password"}),
                       (f"/users/{cast.root.id}", {"entra_id": "11111111-2222-4333-8444-555555555555"}),
                       (f"/users/{cast.root.id}/second-factor/off", {})):  # fmt: skip
        answer = root.post(path, data={**form, **more}, follow_redirects=True)
        assert "on your account page" in answer.get_data(as_text=True)
    after = User.get_by_id(cast.root.id)
    assert (after.password_hash, bytes(after.totp_secret), after.entra_id) == (before, b"sealed", None)


def test_an_admin_links_their_own_entra_id_with_their_password_and_is_signed_out_elsewhere(app, cast, sign_in):
    root, elsewhere = sign_in(app.test_client(), cast.root), sign_in(app.test_client(), cast.root)
    form = {"csrf_token": csrf_token(root, "/account/"), "entra_id": "11111111-2222-4333-8444-555555555555"}
    for password, linked in (("x" * 12, None), (PASSWORD, form["entra_id"])):
        root.post("/account/entra-id", data={**form, "password": password})
        assert User.get_by_id(cast.root.id).entra_id == linked
    assert [client.get("/account/").status_code for client in (root, elsewhere)] == [200, 302]
