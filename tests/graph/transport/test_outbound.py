"""The way out, by real proxies on this machine: Graph and sign-in at their own names, and each way that it breaks."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from graph.auth.app_sign_in import AppSignIn, ClientSecret
from graph.auth.clouds import Cloud, endpoints
from graph.auth.user_sign_in import Registration, UserSignIn
from graph.errors import Unavailable
from graph.transport import client, deadline, outbound
from graph.transport.client import GraphClient
from graph.transport.outbound import Proxy
from tests.support.certificates import Authority
from tests.support.environment import SIMULATOR_PORT
from tests.support.outbound_proxy import PASSWORD, QUOTED, Behaviour, OutboundProxy
from tests.support.servers import free_port
from tests.support.simulated_tenant import SimulatedTenant

GRAPH, LOGIN = "graph.microsoft.com", "login.microsoftonline.com"


@pytest.fixture(autouse=True)
def _directly_again(monkeypatch):
    # Somebody else's proxy, which answers nothing: a request that went by it would fail.
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # for the test's own calls to the simulator
    yield
    outbound.use(Proxy())


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def service(authority):
    """graph.microsoft.com on this machine, with a certificate of the company's authority; `asked` are the bodies."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, body))
            answer = json.dumps({"id": "x", "padding": "p" * 5000}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = handle_any  # noqa: N815

        def log_message(self, *args):
            pass

    asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = authority.server_context(GRAPH).wrap_socket(server.socket, server_side=True)
    server.asked = asked
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(service):
    service.asked.clear()
    with OutboundProxy({GRAPH: service.server_port}) as running:
        yield running


def graph():
    return GraphClient(f"https://{GRAPH}", lambda fresh: "token")


def test_every_way_in_which_a_proxy_fails_is_said_without_the_password_and_nothing_was_sent(
    proxy, service, authority, monkeypatch
):
    for behaviour, url, words in (
        (
            Behaviour(),
            proxy.url(password="wrong-password"),
            "asks for another user or password. Check TENANTKEEP_PROXY",
        ),
        (Behaviour(status=403), proxy.url(), "refuses the way to Microsoft Graph (403)"),
        (Behaviour(status=502), proxy.url(), "does not reach Microsoft Graph (502)"),
        (Behaviour(is_silent=True), proxy.url(), "does not answer in time. Check TENANTKEEP_PROXY_URL"),
        (Behaviour(), f"http://u:{QUOTED}@127.0.0.1:{free_port()}", "cannot be reached, or hangs up. Check TENANTKEEP"),
    ):
        proxy.behaviour = behaviour
        if behaviour.is_silent:
            monkeypatch.setattr(client, "TIMEOUT", (0.3, 0.3))
        outbound.use(Proxy(url), str(authority.pem))
        with pytest.raises(Unavailable) as e:
            graph().batch(["/deviceManagement/one", "/deviceManagement/two"])
        assert (words in e.value.sentence, e.value.code) == (True, "proxy"), url
        for secret in (PASSWORD, QUOTED, "wrong-password"):
            assert secret not in e.value.sentence
    assert service.asked == []


@pytest.mark.parametrize("speaks_tls", [False, True])
def test_a_line_that_breaks_in_an_answer_leaves_the_write_sent_once_and_in_doubt(proxy, service, authority, speaks_tls):
    proxy.own_tls = authority.server_context("127.0.0.1") if speaks_tls else None
    outbound.use(Proxy(proxy.url()), str(authority.pem))
    assert graph().get("/deviceManagement/one")["id"] == "x"
    proxy.behaviour = Behaviour(breaks_after=3000)
    with pytest.raises(Unavailable) as e:
        graph()._send_signed("POST", f"https://{GRAPH}/beta/deviceManagement/things", {"displayName": "One"})
    assert e.value.code == "unreachable", "no refusal of the proxy: the request left, and may have been carried out"
    assert [method for method, _ in service.asked] == ["GET", "POST"]


def test_the_deadline_of_an_answer_holds_through_a_proxy(proxy, authority, monkeypatch):
    monkeypatch.setattr(deadline, "TOTAL_SECONDS", 0.0)
    outbound.use(Proxy(proxy.url()), str(authority.pem))
    with pytest.raises(Unavailable):
        graph().get("/deviceManagement/one")


def test_an_inspecting_proxy_is_believed_once_its_authority_is_named_and_all_of_sign_in_and_graph_goes_by_it(
    simulator, authority
):
    """With the settings as they come: Microsoft's own addresses, whatever this machine can resolve."""
    directory, app = "35353535-3535-4535-8535-353535353535", "46464646-4646-4646-8646-464646464646"
    facts = type("Facts", (), {"name": "Behind a proxy", "directory_id": directory, "client_id": app})
    SimulatedTenant.add(simulator, facts, "a client secret")
    where = endpoints(Cloud.GLOBAL, login_url=f"https://{LOGIN}", graph_url=f"https://{GRAPH}")
    inspects = {host: authority.server_context(host) for host in (GRAPH, LOGIN)}
    with OutboundProxy(dict.fromkeys(inspects, SIMULATOR_PORT), inspects) as proxy:
        sign_in = AppSignIn(directory, app, ClientSecret("a client secret"), where)
        outbound.use(Proxy(proxy.url()), str(authority.pem))
        tenant = GraphClient(where.graph_url, sign_in.token)
        assert tenant.get("/deviceManagement/configurationPolicies")["value"] == []
        registration = Registration(directory, app, "a client secret", "https://tenantkeep.example/return")
        assert UserSignIn(registration, where).begin()[0].startswith(f"https://{LOGIN}/")
        assert set(proxy.asked) == {f"{GRAPH}:443", f"{LOGIN}:443"}
        outbound.use(Proxy(proxy.url()))
        with pytest.raises(Unavailable) as e:
            AppSignIn(directory, app, ClientSecret("a client secret"), where).token()
    assert e.value.code == "certificate"
    assert "Does a proxy inspect TLS here? Then name the file of its CA in TENANTKEEP_CA_BUNDLE" in e.value.sentence


def test_what_is_reached_without_the_proxy():
    proxy = Proxy("http://proxy.example:3128", (".corp.example", "receiver.example", "10.0.0.0/8", "fd00::/8"))
    direct = ("127.0.0.1", "127.8.9.1", "169.254.169.254", "::1", "localhost", "a.localhost", "a.corp.example",
              "corp.example", "Receiver.Example", "below.receiver.example", "10.1.2.3", "fd00::7")  # fmt: skip
    served = ("graph.microsoft.com", "notcorp.example", "receiver.example.org", "11.0.0.1", "2001:db8::1", "localhosts")
    assert [host for host in direct if proxy.serves(host)] == []
    assert [host for host in served if not proxy.serves(host)] == []
    assert not Proxy().serves("graph.microsoft.com")
    assert (proxy.shown, "proxy.example:3128" in repr(proxy)) == ("proxy.example:3128", False)
