"""Our own apps, registered in the simulator, and the administrator who answers on Microsoft's page there."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import requests

from db.audit.audit import SYSTEM
from db.states import AppAccess, CredentialKind
from db.tenants import shared_apps
from tests.support.simulated_tenant import READ, WRITE, SimulatedTenant, catalog_policy

HOME, CUSTOMER, OTHER = (f"eeeeeeee-eeee-4eee-8eee-eeeeeeeeeee{digit}" for digit in "123")
READER, WRITER = (f"eeeeeeee-1111-4111-8111-11111111111{digit}" for digit in "12")
SECRET = "the secret of our apps"


def register_apps(simulator, home, roles=READ):
    """Register both apps, with `home` as the address that Microsoft comes back to, and set them up here.

    The one that reads asks for these roles.

    Return the customer's and the other directory, as the simulator keeps them.
    """
    apps = [
        {"client_id": client_id, "name": "Tenantkeep", "secrets": [SECRET], "roles": asked,
         "redirect_uris": [f"{home}/connect/return"]}
        for client_id, asked in ((READER, roles), (WRITER, WRITE))
    ]  # fmt: skip
    for name, directory in (("Home", HOME), ("Tailspin Toys", CUSTOMER), ("Other", OTHER)):
        facts = {"name": name, "directory_id": directory, "client_id": directory, "consents": {}, "permissions": [],
                 "flags": {"app_known_after_s": 0, "roles_after_s": 0},
                 "apps": apps if directory == HOME else []}  # fmt: skip
        requests.post(f"{simulator}/_simulator/tenants", json=facts, timeout=60).raise_for_status()
        simulated = SimulatedTenant(simulator, directory)
        simulated.put("organization", {"id": directory, "displayName": name, "verifiedDomains": []})
        policy = "30000001-0000-4000-8000-000000000000"
        simulated.put("deviceManagement/configurationPolicies", catalog_policy(policy, "First"))
    for access, client_id in ((AppAccess.READ, READER), (AppAccess.WRITE, WRITER)):
        app = shared_apps.set_app("global", access, client_id, HOME, SYSTEM)
        credential = shared_apps.add_next(app, CredentialKind.SECRET, {"secret": SECRET}, SYSTEM)
        shared_apps.put_in_force(credential)
    return SimpleNamespace(customer=SimulatedTenant(simulator, CUSTOMER), other=SimulatedTenant(simulator, OTHER))


def decide(address, decision, directory=None):
    """Press a button on Microsoft's page. Return the path and query that the browser is sent back to."""
    choice = {"decision": decision} | ({"as_directory": directory} if directory else {})
    answer = requests.get(address, params=choice, allow_redirects=False, timeout=60)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"
