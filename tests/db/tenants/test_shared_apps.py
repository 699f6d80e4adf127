"""Our own apps: which tenants sign in with them, and how their credentials give way to the next."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.encryption import SealError
from db.errors import Invalid
from db.models import AuditEvent, Credential, SharedApp, SharedAppCredential, Tenant
from db.states import AppAccess, CredentialKind, CredentialPlace, SharedPlace
from db.tenants import credentials, shared_apps

pytestmark = pytest.mark.usefixtures("lock_order")

READ_APP, WRITE_APP = "aaaaaaaa-1111-4111-8111-111111111111", "aaaaaaaa-2222-4222-8222-222222222222"
HOME = "aaaaaaaa-0000-4000-8000-000000000000"


def our_app(access=AppAccess.READ, client_id=READ_APP):
    return shared_apps.set_app("global", access, client_id, HOME, SYSTEM)


def give(app, secret):
    return shared_apps.add_next(app, CredentialKind.SECRET, {"secret": secret}, SYSTEM)


def places(app):
    return {row.place: shared_apps.open_values(row)["secret"] for row in shared_apps.credentials_of(app)}


def test_credentials_follow_each_other_and_the_first_to_be_tried_is_the_current_one(cast):
    app = our_app()
    for secret in ("one", "two", "three"):
        assert shared_apps.put_in_force(give(app, secret))
    give(app, "refused")
    last = give(app, "four")
    shared_apps.record_refusal(last, "secret_wrong", "It is wrong.")
    assert list(places(app).items()) == [("current", "three"), ("next", "four"), ("previous", "two")]
    assert shared_apps.find_at(app, SharedPlace.NEXT).refusal == "It is wrong."
    assert not shared_apps.forget(shared_apps.find_at(app, SharedPlace.CURRENT), SYSTEM), "tenants need it"
    assert shared_apps.forget(last, SYSTEM)
    assert not shared_apps.put_in_force(last), "it was forgotten before it signed in"
    SharedAppCredential.update(since=utcnow() - timedelta(days=15)).execute()
    assert shared_apps.forget_old() == 1
    assert places(app) == {"current": "three"}
    told = [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("shared-"))]
    assert told[:3] == ["shared-app:set", "shared-credential:given", "shared-credential:in-force"]
    assert "four" not in "".join(str(event.details) for event in AuditEvent.select())


def test_credential_opens_at_its_own_row_alone(cast):
    app, other = our_app(), our_app(AppAccess.WRITE, WRITE_APP)
    given, moved = give(app, "one"), give(other, "two")
    moved.sealed = given.sealed
    with pytest.raises(SealError, match="another owner"):
        shared_apps.open_values(moved)


def test_app_stays_while_tenants_sign_in_with_it(cast):
    app, writing = our_app(), our_app(AppAccess.WRITE, WRITE_APP)
    give(app, "one")
    Tenant.update(credential_kind="shared", client_id=READ_APP, credential=b"").where(
        Tenant.id == cast.contoso.id
    ).execute()
    credentials.add_next(
        cast.fabrikam, CredentialKind.SHARED, {}, SYSTEM, client_id=WRITE_APP, place=CredentialPlace.WRITE_NEXT
    )
    assert [shared_apps.count_tenants(each) for each in (app, writing)] == [1, 1]
    for act in (lambda: our_app(client_id=HOME), lambda: shared_apps.remove_app(writing, SYSTEM)):
        with pytest.raises(Invalid, match=r"1 tenant\(s\) sign in with our app"):
            act()
    assert our_app() == app, "the same again changes nothing"
    assert places(app) == {"next": "one"}
    with pytest.raises(Invalid, match="must be two"):
        shared_apps.set_app(
            "global", AppAccess.WRITE, READ_APP, HOME, SYSTEM
        ) if Credential.delete().execute() else None
    with pytest.raises(Invalid, match="client id must be a GUID"):
        our_app(client_id="x")
    shared_apps.remove_app(writing, SYSTEM)
    assert [row.access for row in SharedApp.select()] == ["read"]
