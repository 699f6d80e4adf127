"""What nobody who is not signed in may cause: events without end, questions to Entra ID, threads that are held."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

import config
from actors.queue.broker import locks
from db.models import AuditEvent
from graph.auth import public_documents
from tests.support import servers
from tests.support.environment import PASSWORD
from tests.support.forms import csrf_token
from tests.web.security.test_isolation import VERBS, rules
from tests.web.views.people.test_sign_in import attempt
from web.app import create_app
from web.security import attempt_limits
from web.views.installation import health

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GUID = "11111111-2222-4333-8444-555555555555"


class Entra(ThreadingHTTPServer):
    """Takes every request, and its time."""

    daemon_threads = True

    def __init__(self, seconds):
        super().__init__(("127.0.0.1", 0), _Slow)
        self.seconds, self.asked, self.now, self.most = seconds, [], 0, 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def settings(self):
        app = {f"TENANTKEEP_SIGN_IN_{name}": GUID for name in ("DIRECTORY_ID", "CLIENT_ID", "CLIENT_SECRET")}
        here = f"http://127.0.0.1:{self.server_port}"
        return {"TENANTKEEP_LOGIN_URL": here, "TENANTKEEP_PUBLIC_URL": "http://127.0.0.1:8000", **app}


class _Slow(BaseHTTPRequestHandler):
    def do_GET(self):
        with self.server.lock:
            self.server.asked.append(self.path)
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
        time.sleep(self.server.seconds)
        self.server.now -= 1
        self.send_error(503)

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_words):
        pass


@pytest.fixture
def entra():
    made = Entra(seconds=0)
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def app(database, redis_url, cast, entra, monkeypatch):
    for name, value in entra.settings().items():
        monkeypatch.setenv(name, value)
    config.settings.cache_clear()
    return create_app()


def events():
    return AuditEvent.select().where(AuditEvent.result == "refused").count()


def test_no_route_lets_a_stranger_write_to_the_audit_log_or_ask_entra(app, entra):
    client, before = app.test_client(), AuditEvent.select().count()
    for rule in rules(app):
        path = app.url_map.bind("localhost").build(
            rule.endpoint, dict.fromkeys(rule.arguments, 7), append_unknown=False, force_external=False
        )
        for verb in (*VERBS, "TRACE", "BREW"):
            if rule.endpoint != "sign_in.to_entra" or verb not in ("GET", "HEAD"):
                client.open(path, method=verb, data={"state": "x", "code": "y"} if verb == "POST" else None)
    for path in ("/static/none", "/nowhere", "/sign-in/entra/return?code=x&state=y", "/sign-in/entra/return"):
        client.get(path)
    assert AuditEvent.select().count() == before
    assert entra.asked == []


def test_a_return_that_is_no_answer_to_this_browsers_own_question_costs_nothing(app, entra, client):
    for address in ("?code=x&state=y", "?code=x", "?error=access_denied&state=é", "?state="):
        assert client.get(f"/sign-in/entra/return{address}").status_code == 401
    assert (events(), entra.asked) == (0, [])


def test_what_is_refused_an_address_fills_the_audit_log_no_further_whatever_accounts_it_invents(app):
    for number in range(45):
        attempt(app.test_client(), f"invented{number}@example.com", "x" * 12)
    assert events() == 45
    for number in range(25):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = "2001:db8:0:7::" + f"{number:x}"
        client.post("/sign-in", data={"csrf_token": csrf_token(client, "/sign-in"), "email": f"v6{number}@example.com"})
    assert events() == 70, "another address"
    for number in range(45):
        attempt(app.test_client(), f"others{number}@example.com", "x" * 12)
    assert events() == 45 + 25 + (attempt_limits.EVENTS_PER_ADDRESS.amount - 45)


@pytest.mark.parametrize(
    ("forwarded", "recorded"),
    [("192.0.2.7:4711", "192.0.2.7"), ("[2001:DB8::1]:9", "2001:db8::1"), ("x" * 3000, "unknown")],
)
def test_address_from_proxies_is_recorded_in_one_spelling(database, redis_url, cast, monkeypatch, forwarded, recorded):
    monkeypatch.setenv("TENANTKEEP_PROXIES", "1")
    config.settings.cache_clear()
    client = create_app().test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = forwarded
    assert attempt(client, "nobody@example.com", "x" * 12).status_code == 401
    assert AuditEvent.select().order_by(AuditEvent.id.desc()).first().address == recorded


def test_many_addresses_together_fill_the_audit_log_no_further_and_who_is_full_leaves_no_count(app, monkeypatch):
    monkeypatch.setattr(attempt_limits, "EVENTS_OF_ALL_ADDRESSES", attempt_limits.RateLimitItemPerHour(3))
    monkeypatch.setattr(attempt_limits, "EVENTS_PER_ADDRESS", attempt_limits.RateLimitItemPerHour(4))
    monkeypatch.setattr(attempt_limits, "PER_ADDRESS", attempt_limits.RateLimitItemPerMinute(2, 5))
    for number in range(12):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number % 2}"
        attempt(client, f"invented{number}@example.com", "x" * 12)
    assert events() == 3
    counts = sum(b"/1/5/minute" in key for key in locks.scan_iter("tenantkeep:tries*"))
    assert counts <= 4, "what is invented leaves nothing in Redis where it could not be recorded either"


def test_a_customers_whole_network_of_ipv6_shares_its_tries(app):
    def at(number, email, password="x" * 12):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = f"2001:db8:0:9::{number:x}"
        return attempt(client, email, password).status_code

    assert {at(number, f"person{number}@example.com") for number in range(30)} == {401}
    assert at(99, "max@example.com", PASSWORD) == 429


def test_what_strangers_try_keeps_nobody_out_who_has_proof(app, cast):
    own = app.test_client()
    attempt(own)
    for _ in range(11):
        attempt(app.test_client(), password="x" * 12)
    for number in range(31):
        answer = attempt(app.test_client(), f"invented{number}@example.com", "x" * 12)
    assert answer.status_code == 429
    form = {"csrf_token": csrf_token(own, "/account/"), "password": PASSWORD, "new": "another long one"}
    said = own.post("/account/password", data=form, follow_redirects=True).get_data(as_text=True)
    assert "The password was changed" in said
    own.post("/sign-out", data={"csrf_token": csrf_token(own, "/account/")})
    assert attempt(own, password="another long one").status_code == 303


def test_a_session_without_the_browsers_cookie_is_proof_too_and_has_a_count_of_its_own(app, cast):
    own = app.test_client()
    attempt(own)
    own.delete_cookie(attempt_limits._cookie_name(attempt_limits._account_hash("ada@example.com")))
    for number in range(31):
        attempt(app.test_client(), f"invented{number}@example.com", "x" * 12)
    form = {"csrf_token": csrf_token(own, "/account/"), "new": "another long one"}

    def change(password):
        answer = own.post("/account/password", data={**form, "password": password}, follow_redirects=True)
        return answer.get_data(as_text=True)

    for _ in range(10):
        assert "not your current password" in change("x" * 12)
    assert "Too many tries" in change(PASSWORD), "who found a browser open may not guess for ever"


def test_a_stranger_sends_no_more_than_a_sign_in_needs_and_of_an_upload_nothing_is_read(app, cast):
    stranger, own = app.test_client(), app.test_client()
    attempt(own)
    for path in ("/sign-in", "/restores/upload", "/tenants/choose", "/nowhere"):
        form = {"csrf_token": csrf_token(stranger, "/sign-in"), "email": "x" * 20_000}
        assert stranger.post(path, data=form).status_code == 413 - 9 * (path == "/nowhere"), path
        assert own.post(path, data={**form, "csrf_token": csrf_token(own, "/account/")}).status_code != 413, path


def test_however_many_ask_whether_all_is_well_one_looks_at_a_time(app, monkeypatch):
    looks = []

    def slow_look():
        looks.append(time.monotonic())
        time.sleep(1.5)
        return {}

    monkeypatch.setattr(health, "_readiness", health.ReadinessCheck())
    monkeypatch.setattr(health, "_redis_trouble", slow_look)
    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(lambda _number: app.test_client().get("/readyz").status_code, range(20)))
    assert set(told) == {200}
    assert len(looks) <= 2, "the second for those who asked when the first had begun"
    app.test_client().get("/readyz")
    assert len(looks) <= 3, "and what is asked afterwards is looked at anew"


def test_cookies_are_for_https_alone_where_the_request_came_over_it_whatever_the_settings_lack(
    database, redis_url, cast, capsys
):
    behind_two = {"X-Forwarded-Proto": "https, http"}
    for headers, is_secure in (({}, False), ({"X-Forwarded-Proto": "https"}, True), (behind_two, True)):
        client = create_app().test_client()
        client.environ_base.update({f"HTTP_{name.upper().replace('-', '_')}": word for name, word in headers.items()})
        cookies = attempt(client).headers.getlist("Set-Cookie")
        assert [("Secure" in cookie) for cookie in cookies] == [is_secure] * 2, cookies
        assert ("TENANTKEEP_PUBLIC_URL is not set" in capsys.readouterr().err) == is_secure
        assert "Strict-Transport-Security" not in client.get("/sign-in").headers, "nobody said whom to believe"


def test_leaving_for_entra_is_counted_before_anything_is_asked(app, entra, monkeypatch):
    monkeypatch.setattr(attempt_limits, "ENTRA_SIGN_INS_PER_ADDRESS", attempt_limits.RateLimitItemPerMinute(2, 5))
    client = app.test_client()
    assert [client.get("/sign-in/entra").status_code for _ in range(4)] == [503, 503, 429, 429]
    assert len(entra.asked) <= 2


def test_a_slow_entra_holds_few_threads_and_junk_none(database, redis_url, cast):
    slow, port = Entra(seconds=4.5), servers.free_port()
    address, times = f"http://127.0.0.1:{port}", []
    environment = servers.environment(**slow.settings(), PORT=str(port))

    def junk(number):
        path = "return?code=x&state=y" if number % 2 else ""
        began = time.monotonic()
        status = requests.get(
            f"{address}/sign-in/entra/{path}".rstrip("/"), timeout=60, allow_redirects=False
        ).status_code
        return status, time.monotonic() - began

    with (
        servers.running([servers.TENANTKEEP, "web", "--processes", "1"], env=environment) as web,
        ThreadPoolExecutor(40) as pool,
    ):
        servers.wait_for(lambda: servers.answers_http(f"{address}/readyz"), "web", process=web)
        answers = [pool.submit(junk, number) for number in range(40)]
        while not all(answer.done() for answer in answers):
            began = time.monotonic()
            assert requests.get(f"{address}/healthz", timeout=60).ok
            times.append(time.monotonic() - began)
            time.sleep(0.1)
    assert max(times) < 4
    assert slow.most <= public_documents.MAX_CONCURRENT
    assert {path.rpartition("/")[2] for path in slow.asked} == {"openid-configuration"}
    told = [answer.result() for answer in answers]
    assert {status for status, _ in told} == {401, 503}
    assert sum(seconds > 4 for _, seconds in told) <= public_documents.MAX_CONCURRENT
    slow.shutdown()
    slow.server_close()
