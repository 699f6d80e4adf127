"""Two customers and the directory in which our multi-tenant app is registered."""

import pytest
import requests

from graph.auth.app_sign_in import AppSignIn, ClientSecret
from graph.auth.clouds import Cloud, endpoints
from tests.support.simulated_tenant import SimulatedTenant

HOME, FIRST, SECOND = (f"dddddddd-dddd-4ddd-8ddd-ddddddddddd{digit}" for digit in "123")
APP = "dddddddd-1111-4111-8111-111111111111"
RETURN = "https://tenantkeep.example.com/connect/return"


@pytest.fixture
def directories(simulator):
    """The three, by their ids. The app asks for two roles, and signs in with the secret “right”."""
    app = {"client_id": APP, "secrets": ["right"], "redirect_uris": [RETURN],
           "roles": ["Policy.Read.All", "AuditLog.Read.All"]}  # fmt: skip
    for name, directory in (("Home", HOME), ("First", FIRST), ("Second", SECOND)):
        facts = {"name": name, "directory_id": directory, "client_id": directory,
                 "apps": [app] if directory == HOME else []}  # fmt: skip
        requests.post(f"{simulator}/_simulator/tenants", json=facts, timeout=60).raise_for_status()
    return {directory: SimulatedTenant(simulator, directory) for directory in (HOME, FIRST, SECOND)}


@pytest.fixture
def sign_in(simulator, directories):
    def make(directory=FIRST, credential=None, client_id=APP):
        where = endpoints(Cloud.GLOBAL, login_url=simulator, graph_url=simulator)
        return AppSignIn(directory, client_id, credential or ClientSecret("right"), where)

    return make
