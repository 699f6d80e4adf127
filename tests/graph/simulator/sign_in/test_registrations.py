"""Consent reaches Entra's servers one after the other: first the app is unknown, then its tokens have no roles."""

import time

import pytest
import requests

from graph.auth.app_sign_in import is_not_there_yet
from graph.errors import Forbidden, SignInFailed
from tests.graph.simulator.sign_in.conftest import APP, FIRST, HOME, SECOND


def consented(directories, seconds_ago):
    directories[FIRST].change(consents={APP: {"roles": ["Policy.Read.All"], "at": time.time() - seconds_ago}})


def test_app_is_known_first_and_its_roles_come_later(directories, sign_in):
    directories[FIRST].change(flags={"app_known_after_s": 30, "roles_after_s": 60})
    consented(directories, 10)
    with pytest.raises(SignInFailed) as unknown:
        sign_in().token()
    assert is_not_there_yet(unknown.value)
    for seconds, roles in ((40, set()), (70, {"Policy.Read.All"})):
        consented(directories, seconds)
        held = sign_in()
        held.token()
        assert held.roles() == roles
    assert is_not_there_yet(Forbidden("permission_missing", "It lacks a permission."))
    directories[FIRST].change(client_secret="x")
    with pytest.raises(SignInFailed) as refused:
        sign_in(client_id=FIRST).token()
    assert not is_not_there_yet(refused.value), "a wrong secret stays wrong"


def test_at_home_the_app_signs_in_and_may_nothing_before_consent(sign_in):
    held = sign_in(HOME)
    held.token()
    assert held.roles() == set()


def test_an_application_id_is_registered_in_one_directory_only(simulator, directories):
    app = {"client_id": APP}
    again = {"name": "Other", "directory_id": SECOND, "client_id": SECOND, "apps": [app]}
    for answer in (
        requests.post(f"{simulator}/_simulator/tenants", json=again, timeout=60),
        requests.patch(f"{simulator}/_simulator/tenants/{SECOND}", json={"apps": [app]}, timeout=60),
    ):
        assert (answer.status_code, "is registered in Home" in answer.text) == (409, True)
