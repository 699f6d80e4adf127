"""The client against a real HTTP server that answers what each test scripts."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from graph.errors import Malformed, NotFound, Rejected, SignInFailed, Throttled, Unavailable, Unclear
from graph.transport import deadline
from graph.transport.client import GraphClient, Request


class Server:
    """`answers`: each (status, headers, body), or a function of the request's body; in order, the last repeats."""

    def __init__(self):
        self.answers, self.asked = [], []
        self.drip_headers, self.drip_body = threading.Event(), threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.asked.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
                if outer.drip_headers.is_set() or outer.drip_body.is_set():
                    return self.drip()
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                status, headers, body = answer(outer.asked[-1][3]) if callable(answer) else answer
                if status is None:
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return None
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
                return None

            def drip(self):
                """A byte now and then, until the client has had enough."""
                head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"
                self.close_connection = True
                if outer.drip_body.is_set():
                    self.wfile.write(head + b"\r\n")
                with contextlib.suppress(OSError):
                    for byte in (b"X-Slow: 1\r\n" if outer.drip_headers.is_set() else b" ") * 1000:
                        self.wfile.write(bytes([byte]))
                        time.sleep(0.05)

            do_GET = do_POST = handle_any  # noqa: N815

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server():
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def tokens():
    return []


@pytest.fixture
def client(server, tokens):
    def token(fresh):
        tokens.append(fresh)
        return f"token-{sum(tokens)}"

    made = GraphClient(server.url, token)
    yield made
    made._session.close()


def ok(body):
    return (200, {}, body)


def refused(status, code="x", **headers):
    return (status, {name.replace("_", "-"): value for name, value in headers.items()}, {"error": {"code": code}})


def test_a_get_carries_token_request_id_and_the_enum_preference(client, server):
    server.answers = [ok({"id": "1"})]
    assert client.get("/deviceManagement/intents/1") == {"id": "1"}
    method, path, headers, _ = server.asked[0]
    assert (method, path) == ("GET", "/beta/deviceManagement/intents/1")
    assert headers["Authorization"] == "Bearer token-0"
    assert headers["Prefer"] == "include-unknown-enum-members"
    assert len(headers["client-request-id"]) == 36


def test_pages_are_followed_verbatim_through_empty_ones(client, server):
    link = f"{server.url}/beta/x?$select=a%2Cb&n=a+b&$skiptoken=%255bcosmosdb%255d%2525"
    first, empty = {"value": [{"n": 1}], "@odata.nextLink": link}, {"value": [], "@odata.nextLink": link + "2"}
    server.answers = [ok(first), ok(empty), ok({"value": [{"n": 2}]})]
    assert list(client.pages("/x")) == [{"n": 1}, {"n": 2}]
    assert server.asked[1][1] == link.removeprefix(server.url)


def test_a_page_link_that_repeats_is_no_endless_loop(client, server):
    server.answers = [ok({"value": [], "@odata.nextLink": f"{server.url}/beta/x?p=2"})]
    with pytest.raises(Malformed, match="twice"):
        list(client.pages("/x"))


def test_a_link_to_another_host_never_gets_the_token(client, server):
    server.answers = [ok({"value": [], "@odata.nextLink": "https://evil.example/beta/x"})]
    with pytest.raises(Rejected, match="another host"):
        list(client.pages("/x"))
    server.answers = [ok({"responses": [{"id": "0", "status": 200, "body": {"n": 1}}]})]
    foreign, ours = client.batch([f"http://127.0.0.1:{server.http.server_port + 1}/beta/x", "/y"])
    assert foreign.error.code == "foreign_link"
    assert ours.body == {"n": 1}, "the others of the call are unharmed"


def test_an_expired_token_is_renewed_once(client, server, tokens):
    server.answers = [refused(401, "InvalidAuthenticationToken"), ok({})]
    client.get("/x")
    assert server.asked[1][2]["Authorization"] == "Bearer token-1"
    server.answers = [refused(401, "InvalidAuthenticationToken")]
    with pytest.raises(SignInFailed):
        client.get("/x")
    assert len(server.asked) == 4


def test_throttling_is_raised_with_its_wait_and_never_slept(client, server):
    server.answers = [refused(429, Retry_After="2.128", request_id="r-1")]
    with pytest.raises(Throttled) as e:
        client.get("/x")
    assert (e.value.retry_after, e.value.request_id) == (2.128, "r-1")
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((None, {}, b""), Unavailable),
        ((200, {}, b'{"value": [{"id":'), Malformed),
        ((200, {}, b"<html>"), Malformed),
        ((200, {}, [1]), Malformed),
        ((200, {}, b"[" * 100_000), Malformed),
        ((200, {"Content-Length": "500"}, b"{}"), Unavailable),
        ((301, {"Location": "https://evil.example"}, {}), Malformed),
        ((200, {"Content-Encoding": "gzip"}, b"no gzip"), Malformed),
        ((200, {}, {"error": {"code": "x"}}), Malformed),
        ((200, {}, b'{"a": 1, "a": 2}'), Malformed),
        ((200, {}, b'{"a": NaN}'), Malformed),
        ((200, {}, b'{"a": 1e400}'), Malformed),
        ((200, {}, b'{"a": 1' + b"0" * 100_000 + b"}"), Malformed),
        ((200, {}, '{"a": "é"}'.encode("latin-1")), Malformed),
        ((200, {}, b'{"a":' * 101 + b"1" + b"}" * 101), Malformed),
        ((200, {}, b'{"a": [' + b"1," * 1_000_000 + b"1]}"), Malformed),
        ((204, {}, b""), Malformed),
    ],
)
def test_an_answer_that_is_not_graphs_becomes_an_error_of_ours(client, server, answer, kind):
    server.answers = [answer]
    with pytest.raises(kind):
        client.get("/x")


def test_a_page_of_the_wrong_shape_is_malformed(client, server):
    server.answers = [ok({"value": ["text"]})]
    with pytest.raises(Malformed):
        list(client.pages("/x"))


def batch_answer(*parts, status=200):
    return (status, {}, {"responses": [{"id": str(n), "status": s, "headers": h, "body": b} for n, s, h, b in parts]})


def test_batch_answers_come_in_the_order_asked_each_with_its_own_error(client, server):
    server.answers = [batch_answer((2, 200, {}, {"n": 2}), (0, 200, {}, {"n": 0}),
                                   (1, 429, {"retry-after": "7"}, {"error": {"code": "TooManyRequests"}}))]  # fmt: skip
    first, second, third = client.batch(["/a", "/b", f"{server.url}/beta/c?$skiptoken=%2525"])
    assert (first.body, third.body) == ({"n": 0}, {"n": 2})
    assert second.error.retry_after == 7
    sent = server.asked[0][3]["requests"]
    assert [part["url"] for part in sent] == ["/a", "/b", "/c?$skiptoken=%2525"]
    assert all(part["headers"]["Prefer"] for part in sent)
    assert (client.requests_made, client.http_calls) == (3, 1)


UNCLEAR = {"error": {"code": "UnknownError", "message": ""}}


def test_a_read_that_is_refused_without_a_word_is_asked_once_more_and_no_oftener(client, server):
    server.answers = [(403, {}, UNCLEAR), ok({"n": 1})]
    assert client.get("/x") == {"n": 1}
    server.answers = [(403, {}, UNCLEAR), (403, {}, UNCLEAR), ok({})]
    with pytest.raises(Rejected, match="did not say why"):
        client.get("/x")
    asked = len(server.asked)
    server.answers = [
        batch_answer((0, 200, {}, {"n": 0}), (1, 403, {}, UNCLEAR), (2, 403, {}, "<html>"), (3, 403, {}, UNCLEAR)),
        batch_answer((0, 200, {}, {"n": 1}), (1, 403, {}, UNCLEAR)),
    ]
    answers = client.batch(["/a", "/b", "/c", Request("/d", "PATCH", {})])
    assert [answer.body for answer in answers[:2]] == [{"n": 0}, {"n": 1}]
    assert [type(answer.error) for answer in answers[2:]] == [Rejected, Unclear], (
        "nobody knows what became of the write"
    )
    assert len(server.asked) == asked + 2
    assert [part["url"] for part in server.asked[-1][3]["requests"]] == ["/b", "/c"], "a write is not sent again"


def test_what_goes_wrong_when_asking_once_more_leaves_the_others_their_answers(client, server):
    server.answers = [batch_answer((0, 200, {}, {"n": 0}), (1, 403, {}, UNCLEAR)), (None, {}, b"")]
    first, second = client.batch(["/a", "/b"])
    assert first.body == {"n": 0}
    assert isinstance(second.error, Unavailable)


class Gate:
    def __init__(self):
        self.refusals = []

    def take(self, counts):
        return "taken"

    def answered(self, taken, counts):
        raise AssertionError("a refused call counts for as long as it must")

    def refused(self, service, seconds):
        self.refusals.append((service, seconds))


def test_a_call_that_is_throttled_as_a_whole_is_told_to_all_who_share_the_budget(server):
    gate = Gate()
    client = GraphClient(server.url, lambda fresh: "token", budget=gate)
    server.answers = [(500, {}, {"error": {"message": "too many requests to query broker"}})]
    with pytest.raises(Throttled) as e:
        client.batch(["/deviceManagement/a", "/groups/b"])
    assert (e.value.retry_after, gate.refusals) == (10.0, [("intune", 10.0), ("directory", 10.0)])


def test_a_part_without_an_answer_is_unavailable_and_a_424_batch_is_read(client, server):
    server.answers = [batch_answer((0, 404, {}, {"error": {"code": "NotFound"}}), status=424)]
    first, second = client.batch(["/a", "/b"])
    assert isinstance(first.error, NotFound)
    assert isinstance(second.error, Unavailable)


def test_parts_refused_for_an_expired_token_are_asked_once_more(client, server):
    old = {"error": {"code": "InvalidAuthenticationToken"}}
    server.answers = [batch_answer((0, 200, {}, {"n": 0}), (1, 401, {}, old)), batch_answer((0, 200, {}, {"n": 1}))]
    assert [answer.body for answer in client.batch(["/a", "/b"])] == [{"n": 0}, {"n": 1}]
    assert len(server.asked[1][3]["requests"]) == 1


def test_an_unreachable_graph_is_a_sentence():
    client = GraphClient("http://127.0.0.1:9", lambda fresh: "t")
    with pytest.raises(Unavailable, match="cannot be reached"):
        client.get("/x")


def test_a_byte_order_mark_and_other_headers_change_no_answer(client, server):
    server.answers = [(200, {"Content-Type": "text/html; charset=utf-16"}, b'\xef\xbb\xbf{"a": "\xc3\xa9"}')]
    assert client.get("/x") == {"a": "é"}


@pytest.mark.parametrize("link", [7, "", "/beta/x?p=2", "ftp://x", ["http://x"], "http://x/\n", True])
def test_a_page_link_that_is_no_address_ends_no_list(client, server, link):
    server.answers = [ok({"value": [], "@odata.nextLink": link})]
    with pytest.raises(Malformed, match="no address"):
        list(client.pages("/x"))


def test_links_that_lead_on_for_ever_end(client, server, monkeypatch):
    monkeypatch.setattr("graph.transport.pages.MOST_PAGES", 5)
    numbers = iter(range(100))
    server.answers = [lambda _: ok({"value": [], "@odata.nextLink": f"{server.url}/beta/x?p={next(numbers)}"})]
    with pytest.raises(Malformed, match="more than 5 pages"):
        list(client.pages("/x"))


@pytest.mark.parametrize("part", [{"id": 0}, {"id": None}, {"id": "7"}, {}, {"status": "200"}, {"status": True}])
def test_a_part_that_cannot_be_told_whose_it_is_is_unanswered(client, server, part):
    server.answers = [ok({"responses": [{"id": "0", "status": 200, "body": {}, **part}]})]
    if not part:
        server.answers[0][2]["responses"] *= 2
    assert client.batch(["/x"])[0].error.code == "unanswered"


@pytest.mark.parametrize(
    "body", [None, "PGh0bWw+", [], 7, {"id": 7}, {"id": None}, {}, {"id": "x" * 201}, {"id": "\x00"}]
)
def test_what_was_made_and_has_no_id_is_a_lost_answer(client, server, body):
    server.answers = [ok({"responses": [{"id": "0", "status": 201, "body": body, "headers": ["x"]}]})]
    error = client.batch([Request("/x", "POST", {}, creates=True)])[0].error
    assert isinstance(error, Malformed)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such option")
def test_what_is_not_acknowledged_is_not_sent_for_ever(server):
    adapter = deadline.adapter()
    for manager in (adapter.poolmanager, adapter.proxy_manager_for(server.url)):
        connection = manager.connection_from_url(server.url)._new_conn()
        connection.connect()
        given_up = connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        assert given_up == 1000 * deadline.UNACKNOWLEDGED_SECONDS
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.close()


def test_a_slow_drip_ends_in_time_whether_headers_or_body(server, monkeypatch):
    monkeypatch.setattr("graph.transport.deadline.TOTAL_SECONDS", 0.5)
    client = GraphClient(server.url, lambda fresh: "token")
    for drip in (server.drip_headers, server.drip_body):
        drip.set()
        with pytest.raises(Unavailable, match="in time"):
            client.get("/x")
        drip.clear()
    client._session.close()
