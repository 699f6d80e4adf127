"""Whoever observes the client hears of each call and of each part, and of nothing that is in them."""

from contextlib import contextmanager

import pytest

from graph.errors import GraphError
from graph.transport.client import GraphClient
from graph.transport.observer import CallObserver, ObservedCall


class Listener(CallObserver):
    def __init__(self):
        self.heard = []

    @contextmanager
    def calling(self, service, method):
        call = ObservedCall()
        try:
            yield call
        finally:
            self.heard.append((service, method, call.status))

    def answered_part(self, service, status):
        self.heard.append((service, status))


@pytest.fixture
def listener():
    return Listener()


def test_a_batch_is_heard_as_a_whole_and_by_its_parts(httpserver, listener):
    parts = [{"id": "0", "status": 200, "body": {}}, {"id": "1", "status": 429, "body": {}}]
    httpserver.expect_request("/beta/$batch").respond_with_json({"responses": parts})
    client = GraphClient(httpserver.url_for("").rstrip("/"), lambda fresh: "token", observer=listener)
    client.batch(["/deviceManagement/a", "/groups/b", "/groups/c"])
    assert listener.heard == [
        ("batch", "POST", "200"), ("intune", "200"), ("directory", "429"), ("directory", "unanswered"),
    ]  # fmt: skip


def test_a_request_that_is_refused_or_finds_nobody_is_heard_too(httpserver, listener):
    httpserver.expect_request("/beta/groups/b").respond_with_json({"error": {"code": "x"}}, status=404)
    for url in (httpserver.url_for("").rstrip("/"), "http://127.0.0.1:9"):
        with pytest.raises(GraphError):
            GraphClient(url, lambda fresh: "token", observer=listener).get("/groups/b?$filter=secret")
    assert listener.heard == [("directory", "GET", "404"), ("directory", "GET", "unreachable")]
