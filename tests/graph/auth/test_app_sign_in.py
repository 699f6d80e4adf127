"""Signing in for real: MSAL against the simulator's own endpoints, secret and certificate."""

import threading

import pytest
import requests

from graph.auth.app_sign_in import AppSignIn, ClientSecret
from graph.auth.certificate import parse_certificate_file
from graph.auth.clouds import Cloud, endpoints
from graph.errors import SignInFailed, Unavailable
from tests.graph.auth.key_files import certificate_pem, key_pem, new_key, pfx, self_signed
from tests.support.simulated_tenant import SimulatedTenant

DIRECTORY, CLIENT = "33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"


@pytest.fixture
def tenant(simulator):
    facts = {"name": "Signs in", "directory_id": DIRECTORY, "client_id": CLIENT, "client_secret": "right",
             "permissions": ["Policy.Read.All"]}  # fmt: skip
    requests.post(f"{simulator}/_simulator/tenants", json=facts, timeout=60).raise_for_status()
    requests.delete(f"{simulator}/_simulator/requests", timeout=60)
    return SimulatedTenant(simulator, DIRECTORY)


@pytest.fixture
def sign_in(simulator):
    def make(credential=None, directory_id=DIRECTORY, client_id=CLIENT, cloud=Cloud.GLOBAL):
        where = endpoints(cloud, login_url=simulator, graph_url=simulator)
        return AppSignIn(directory_id, client_id, credential or ClientSecret("right"), where)

    return make


def test_a_secret_signs_in_and_tells_the_granted_roles(tenant, sign_in):
    held = sign_in()
    assert held.token().count(".") == 2
    assert held.roles() == {"Policy.Read.All"}


def test_many_threads_ask_once(tenant, sign_in):
    held = sign_in()
    threads = [threading.Thread(target=held.token) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tenant.requests()["tokens"] == 1
    held.token(fresh=True)
    assert tenant.requests()["tokens"] == 2


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ({"secret_expired": True}, "secret_expired"),
        ({"not_consented": True}, "app_unknown"),
        ({"app_disabled": True}, "app_disabled"),
        ({"sign_in_blocked": True}, "sign_in_blocked"),
    ],
)
def test_a_refusal_names_cause_and_remedy(tenant, sign_in, flags, code):
    tenant.change(flags=flags)
    with pytest.raises(SignInFailed) as e:
        sign_in().token()
    assert e.value.code == code
    assert "right" not in e.value.sentence


def test_a_wrong_secret_and_an_unknown_tenant_are_told_apart(tenant, sign_in):
    with pytest.raises(SignInFailed, match="secret is wrong"):
        sign_in(ClientSecret("wrong one")).token()
    with pytest.raises(SignInFailed, match="no tenant with this directory id"):
        sign_in(directory_id="99999999-9999-4999-8999-999999999999").token()


@pytest.mark.parametrize(("flag", "error"), [("sign_in_unavailable", Unavailable), ("not_consented", SignInFailed)])
def test_a_sign_in_works_as_soon_as_its_trouble_is_over_though_msal_remembers_refusals(tenant, sign_in, flag, error):
    tenant.change(flags={flag: True})
    held = sign_in()
    with pytest.raises(error):
        held.token()
    tenant.change(flags={flag: False})
    assert held.token()


@pytest.mark.parametrize("directory_id", ["common", "organizations", "contoso.com", ""])
def test_only_a_guid_names_a_tenant(sign_in, directory_id):
    with pytest.raises(SignInFailed, match="GUID"):
        sign_in(directory_id=directory_id)


def test_an_empty_secret_is_refused_before_anything_is_sent(sign_in):
    with pytest.raises(SignInFailed, match="empty"):
        sign_in(ClientSecret(""))


@pytest.mark.parametrize("cloud", list(Cloud))
def test_every_cloud_asks_for_its_own_graph(tenant, simulator, cloud):
    where = endpoints(cloud, login_url=simulator, graph_url=simulator)
    assert where.graph_url == simulator
    real = endpoints(cloud, login_url="https://login.microsoftonline.com", graph_url="https://graph.microsoft.com")
    assert real.scope == f"{real.graph_url}/.default"
    assert real.login_url == real.authority


@pytest.mark.parametrize("shape", ["pem", "pem with passphrase", "pfx"])
def test_a_certificate_signs_in_once_it_is_registered(tenant, sign_in, shape):
    key = new_key()
    certificate = self_signed(key)
    pem = certificate_pem(certificate)
    data = {
        "pem": (key_pem(key) + pem).encode(),
        "pem with passphrase": (key_pem(key, b"open") + pem).encode(),
        "pfx": pfx(key, certificate, b"open"),
    }[shape]
    credential = parse_certificate_file(data, None if shape == "pem" else "open")
    with pytest.raises(SignInFailed, match="not registered"):
        sign_in(credential).token()
    tenant.change(certificates=[pem])
    assert sign_in(credential).token()


def test_credential_of_an_app_is_replaced_without_a_gap(tenant, simulator):
    """Both are given, then Entra forgets the old one: threads that ask for tokens meanwhile are never refused."""
    where = endpoints(Cloud.GLOBAL, login_url=simulator, graph_url=simulator)
    held = AppSignIn(DIRECTORY, CLIENT, ClientSecret("old"), where, [ClientSecret("right"), ClientSecret("older")])
    tenant.change(client_secret="old")
    refusals, go_on = [], threading.Event()

    def ask():
        while not go_on.is_set():
            try:
                held.token(fresh=True)
            except SignInFailed as e:
                refusals.append(e.code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for secret in ("right", "older", "right"):
        tenant.change(client_secret=secret)
        held.token(fresh=True)
    go_on.set()
    for thread in threads:
        thread.join()
    assert refusals == []
    before = tenant.requests()["tokens"]
    held.token(fresh=True)
    assert tenant.requests()["tokens"] == before + 1, "the one that worked last is asked first"
    tenant.change(client_secret="none of them")
    with pytest.raises(SignInFailed, match="client secret is wrong"):
        held.token(fresh=True)
