"""What leaves for an address that a person gave: where it goes, how long it may take, and what is refused before."""

import time

import pytest
from werkzeug import Response

from actors.notices import guarded_http
from db.notices.deliveries import Refusal
from graph.transport import outbound
from graph.transport.outbound import Proxy
from tests.actors.notices.conftest import HOST, resolving
from tests.support.certificates import self_signed
from tests.support.outbound_proxy import PASSWORD, QUOTED, Behaviour, OutboundProxy
from tests.support.servers import free_port

# What a server drips for, or a resolver thinks: a bound below it is far from what a busy machine takes.
NEARLY_TEN_SECONDS = 8


def post(url, body=b"{}", allows_private=True):
    return guarded_http.post(url, body, {"Content-Type": "application/json"}, allows_private=allows_private)


def refused(url, **options):
    with pytest.raises(Refusal) as e:
        post(url, **options)
    assert "secret-path" not in e.value.sentence
    return e.value


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr(guarded_http, "TOTAL_SECONDS", 0.4)


def test_it_goes_to_the_checked_address_under_the_hosts_name_and_past_every_proxy(receiver, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    receiver.expect_request("/a/b", query_string="sig=1").respond_with_data("taken", status=202)
    with resolving(monkeypatch, ["127.0.0.1"]) as asked:
        answer = post(f"https://{HOST}:{receiver.port}/a/b?sig=1", b'{"x": 1}')
    assert (answer.status, answer.text) == (202, "taken")
    [(request, _)] = receiver.log
    assert request.headers["Host"] == f"{HOST}:{receiver.port}"
    assert request.headers["User-Agent"] == "Tenantkeep"
    assert request.data == b'{"x": 1}'
    assert asked == [HOST]


def test_a_name_that_leads_elsewhere_the_second_time_is_asked_for_once(receiver, monkeypatch):
    """The first answer is the one that is looked at and connected to: there is no second to be taken in by."""
    receiver.expect_request("/").respond_with_data("taken")
    with resolving(monkeypatch, ["127.0.0.1"], ["169.254.169.254"]) as asked:
        assert post(f"https://{HOST}:{receiver.port}/").status == 200
    assert asked == [HOST]


@pytest.mark.parametrize(
    ("numbers", "allows_private"),
    [
        (["127.0.0.1"], False),
        (["10.1.2.3"], False),
        (["93.184.216.34", "127.0.0.1"], False),
        (["169.254.169.254"], True),
        (["127.0.0.1", "169.254.169.254"], True),
    ],
)
def test_nothing_is_sent_where_a_name_leads_to_what_may_not_be_reached(receiver, monkeypatch, numbers, allows_private):
    with resolving(monkeypatch, numbers):
        refusal = refused(f"https://{HOST}:{receiver.port}/secret-path", allows_private=allows_private)
    assert refusal.is_final
    assert refusal.sentence == guarded_http.PRIVATE
    assert receiver.log == []


def test_plain_http_stays_within_private_networks(raw_server, monkeypatch):
    port, requests = raw_server([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])
    assert post(f"http://localhost:{port}/").text == "ok"
    with resolving(monkeypatch, ["93.184.216.34"]):
        assert refused(f"http://{HOST}:{port}/secret-path").sentence == guarded_http.PLAIN
    assert len(requests) == 1


def test_no_redirect_is_followed(receiver):
    receiver.expect_request("/old").respond_with_response(Response(status=302, headers={"Location": "/new"}))
    assert post(receiver.url_for("/old")).status == 302
    assert [request.path for request, _ in receiver.log] == ["/old"]


def test_a_certificate_that_nobody_vouches_for_is_refused(receiver, monkeypatch, tmp_path):
    with resolving(monkeypatch, ["127.0.0.1"]):
        wrong_name = refused(f"https://other.example.com:{receiver.port}/secret-path")
    outbound.use(Proxy(), str(self_signed(tmp_path)[0]))
    untrusted = refused(receiver.url_for("/secret-path"))
    for refusal in (wrong_name, untrusted):
        assert refusal.sentence.startswith("Its certificate is not to be trusted:")
        assert refusal.sentence.endswith(outbound.INSPECTED)
        assert not refusal.is_final
    assert receiver.log == []


@pytest.mark.parametrize(
    "pieces",
    [
        [b""] * 100,
        [b"HTTP/1.1 200 OK\r\n", *[f"X-{number}: 1\r\n".encode() for number in range(100)]],
        [b"H", b"T", b"T", b"P"] * 25,
    ],
    ids=["silent", "dripping headers", "dripping first line"],
)
def test_an_answer_has_ten_seconds_in_all(raw_server, brief, pieces):
    port, _ = raw_server(pieces, pause=0.1)
    began = time.monotonic()
    assert "seconds" in refused(f"http://127.0.0.1:{port}/secret-path").sentence
    assert time.monotonic() - began < NEARLY_TEN_SECONDS


def test_the_status_counts_where_the_body_never_ends(raw_server, monkeypatch):
    monkeypatch.setattr(guarded_http, "TOTAL_SECONDS", 3)  # in which a busy machine sends the status
    port, _ = raw_server([b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * 100], pause=0.1)
    assert post(f"http://127.0.0.1:{port}/").status == 200


def test_a_name_that_is_not_resolved_in_time_is_no_longer_waited_for(monkeypatch, brief):
    monkeypatch.setattr(guarded_http.socket, "getaddrinfo", lambda *_args, **_named: time.sleep(10) or [])
    began = time.monotonic()
    assert "resolved" in refused(f"https://{HOST}/secret-path").sentence
    assert time.monotonic() - began < NEARLY_TEN_SECONDS


def test_no_more_is_read_than_anybody_looks_at(raw_server):
    port, _ = raw_server([b"HTTP/1.1 500 No\r\n\r\n", b"x" * 1_000_000])
    assert len(post(f"http://127.0.0.1:{port}/").text) == guarded_http.MAX_ANSWER_BYTES


@pytest.mark.parametrize(
    ("answer", "words"), [(b"", "The connection broke"), (b"220 mail.example.com\r\n", "the answer is no HTTP")]
)
def test_what_is_no_answer_is_tried_again(raw_server, answer, words):
    port, _ = raw_server([answer])
    refusal = refused(f"http://127.0.0.1:{port}/secret-path")
    assert words in refusal.sentence
    assert not refusal.is_final


def test_a_receiver_that_is_not_there_is_tried_again(trusted):
    refusal = refused(f"https://127.0.0.1:{free_port()}/secret-path")
    assert refusal.sentence == "It cannot be reached: connection refused."
    assert not refusal.is_final


def test_a_public_host_is_reached_by_the_proxy_and_only_after_the_same_look_at_its_addresses(
    receiver, certificate, server_context, monkeypatch
):
    """(addresses that the name leads to here, allows_private, what happens). The proxy finds it on this machine."""
    receiver.expect_request("/secret-path").respond_with_data("taken")
    public, private = ["93.184.216.34"], ["10.1.2.3"]
    with OutboundProxy({HOST: receiver.port}) as proxy:
        outbound.use(Proxy(proxy.url()), str(certificate.pem))
        for numbers, allows_private, sentence in (
            (public, False, None),
            ([*public, *private], False, guarded_http.PRIVATE),
            (private, False, guarded_http.PRIVATE),
            (["169.254.169.254"], True, guarded_http.PRIVATE),
            ([], False, guarded_http.UNKNOWN_HOST),
            ([], True, None),
        ):
            proxy.asked.clear()
            with resolving(monkeypatch, numbers):
                if sentence is None:
                    assert post(f"https://{HOST}:443/secret-path", allows_private=allows_private).text == "taken"
                else:
                    assert refused(f"https://{HOST}/secret-path", allows_private=allows_private).sentence == sentence
            assert proxy.asked == ([] if sentence else [f"{HOST}:443"])
        with resolving(monkeypatch, ["127.0.0.1"]):
            assert post(f"https://{HOST}:{receiver.port}/secret-path").text == "taken", "a private one goes directly"
        proxy.own_tls = server_context
        outbound.use(Proxy(proxy.url()), str(certificate.pem))
        with resolving(monkeypatch, public):
            assert post(f"https://{HOST}/secret-path").text == "taken"
        assert proxy.asked == [f"{HOST}:443"] * 2
        proxy.own_tls = None
        for behaviour, url, words in (
            (Behaviour(), proxy.url(password="wrong-password"), "asks for another user or password"),
            (Behaviour(status=403), proxy.url(), "refuses the way to its host (403)"),
            (Behaviour(), f"http://u:{QUOTED}@127.0.0.1:{free_port()}", "cannot be reached: connection refused"),
            (Behaviour(is_silent=True), proxy.url(), "does not answer in time"),
        ):
            proxy.behaviour = behaviour
            if behaviour.is_silent:
                monkeypatch.setattr(guarded_http, "TOTAL_SECONDS", 0.4)
            outbound.use(Proxy(url), str(certificate.pem))
            with resolving(monkeypatch, public):
                refusal = refused(f"https://{HOST}/secret-path")
            assert words in refusal.sentence
            assert not refusal.is_final
            assert not any(secret in refusal.sentence for secret in (PASSWORD, QUOTED, "wrong-password"))
