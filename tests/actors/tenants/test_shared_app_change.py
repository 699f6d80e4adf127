"""The next credential of our own app: tried by a worker, in force once it signed in, kept with the reason otherwise."""

import pytest
import requests

from actors.tenants import shared_app_change
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import AuditEvent
from db.states import AppAccess, CredentialKind, SharedPlace
from db.tenants import shared_apps
from tests.support import servers
from tests.support.simulated_tenant import SimulatedTenant

pytestmark = pytest.mark.usefixtures("lock_order")
APP, HOME = "ffffffff-1111-4111-8111-111111111111", "ffffffff-0000-4000-8000-000000000000"


def test_certificate_of_our_making_is_in_force_once_its_public_part_is_uploaded(simulator, worker, cast):
    given = shared_app_change.make_certificate("global", AppAccess.READ, SYSTEM)
    with pytest.raises(Invalid, match="Name the app first"):
        shared_app_change.try_next(given.app)
    assert shared_apps.find("global", AppAccess.READ) is None, "nobody can consent to it yet"
    app = shared_apps.set_app("global", AppAccess.READ, APP, HOME, SYSTEM)
    facts = {"name": "Home", "directory_id": HOME, "client_id": HOME, "apps": [{"client_id": APP}]}
    requests.post(f"{simulator}/_simulator/tenants", json=facts, timeout=60).raise_for_status()
    assert shared_app_change.try_next(app)
    servers.wait_for(lambda: bool(shared_apps.find_at(app, SharedPlace.NEXT).refusal), "The refusal")
    assert "Upload its public part" in shared_apps.find_at(app, SharedPlace.NEXT).refusal
    public = shared_apps.public_certificate(given)
    assert "PRIVATE" not in public
    SimulatedTenant(simulator, HOME).change(apps=[{"client_id": APP, "certificates": [public]}])
    assert shared_app_change.try_next(app)
    servers.wait_for(lambda: shared_apps.find_at(app, SharedPlace.CURRENT) is not None, "The certificate")
    assert shared_apps.find_at(app, SharedPlace.CURRENT).id == given.id
    shared_app_change.try_shared_credential.fn(credential_id=given.id)  # a message that came twice
    told = [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("shared-cred"))]
    assert told == ["shared-credential:given", "shared-credential:tried", "shared-credential:in-force"]
    with pytest.raises(Invalid, match="no next credential"):
        shared_app_change.try_next(app)
    consent = shared_app_change.NewCredential(CredentialKind.SHARED, {}, None)
    with pytest.raises(Invalid, match="signs in with a certificate"):
        shared_app_change.give("global", AppAccess.READ, consent, SYSTEM)
