"""One trace from a click to Graph, read by a collector of our own: what is in it, and what is not."""

import threading
import time
from contextlib import ExitStack

import pytest
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from werkzeug import Response

import config
from actors.process import tracing
from actors.process.tracing import SpanKind
from db.models import Run
from db.states import ENDED
from tests.support import servers
from tests.support.environment import PASSWORD

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


class Collector:
    def __init__(self, httpserver):
        self.headers, self._spans, self._lock = [], [], threading.Lock()
        httpserver.expect_request("/v1/traces").respond_with_handler(self._take)
        self.url = httpserver.url_for("").rstrip("/")

    def _take(self, request):
        asked = ExportTraceServiceRequest.FromString(request.get_data())
        with self._lock:
            self.headers.append(request.headers.get("X-Key"))
            self._spans += [
                span for resource in asked.resource_spans for scope in resource.scope_spans for span in scope.spans
            ]
        return Response(status=200)

    def spans(self):
        with self._lock:
            return list(self._spans)


@pytest.fixture
def collector(httpserver):
    return Collector(httpserver)


@pytest.fixture
def traced(collector, database, monkeypatch):
    """traced(**settings): traces of this process go to the collector."""

    def use(**settings):
        for name, value in {"OTLP_URL": collector.url, **settings}.items():
            monkeypatch.setenv(f"TENANTKEEP_{name}", value)
        config.settings.cache_clear()
        tracing.use(config.settings())

    yield use
    monkeypatch.undo()
    config.settings.cache_clear()
    tracing.use(config.settings())


def attributes(span):
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in span.attributes}


def test_a_click_its_run_the_parts_of_that_and_their_calls_to_graph_are_one_trace(graph, cast, collector, redis_url):
    settings = {"TENANTKEEP_OTLP_URL": collector.url, "TENANTKEEP_OTLP_HEADERS": "X-Key=a-canary-of-a-key"}
    port = servers.free_port()
    with ExitStack() as stack:
        for words in (("web", "--bind", f"127.0.0.1:{port}", "--processes", "1"), ("worker", "--processes", "1")):
            command = [servers.TENANTKEEP, *words]
            stack.enter_context(servers.running(command, env=servers.environment(**settings)))
        address = f"http://127.0.0.1:{port}"
        servers.wait_for(lambda: servers.answers_http(f"{address}/readyz"), "The web")
        with requests.Session() as browser:
            token = (
                browser.get(f"{address}/sign-in").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
            )
            form = {"csrf_token": token, "email": cast.ada.email, "password": PASSWORD}
            browser.post(f"{address}/sign-in?next=/policies/?search=canary", data=form)
            token = browser.get(f"{address}/tenants/{cast.contoso.id}").text.split('name="csrf_token"')[1]
            form = {"csrf_token": token.split('value="')[1].split('"')[0]}
            browser.post(f"{address}/tenants/{cast.contoso.id}/back-up?search=canary", data=form, timeout=60)
        servers.wait_for(lambda: Run.select().where(Run.state << ENDED).exists(), "The backup")
    spans = collector.spans()
    click = next(span for span in spans if span.name == "POST /tenants/<tenant_id>/back-up")
    of_click = [span for span in spans if span.trace_id == click.trace_id]
    names = {span.name for span in of_click}
    assert names >= {"ask for backup_set.capture", "backup_set.capture", "backup_set.part", "POST batch"}
    known = {span.span_id for span in of_click}
    assert [span.name for span in of_click if span.parent_span_id not in known] == [click.name], "one root"
    run = next(span for span in of_click if span.name == "backup_set.capture")
    assert attributes(run)["tenantkeep.request"] == attributes(click)["tenantkeep.request"]
    assert {span.trace_id for span in spans if span.name == "POST batch"} == {click.trace_id}
    assert set(collector.headers) == {"a-canary-of-a-key"}
    everything = " ".join(f"{span.name} {list(attributes(span).items())} {span.status.message}" for span in spans)
    for never in ("canary", "readyz", "?", "http://", "Bearer", cast.contoso.name, cast.ada.email):
        assert never not in everything


def test_an_error_leaves_its_type_and_none_of_its_words_and_little_is_kept_where_little_is_asked_for(traced, collector):
    traced()
    with pytest.raises(ValueError, match="canary"), tracing.span("works", SpanKind.CLIENT) as span:
        span.note({"a": 1, "b": None})
        raise ValueError("canary")
    tracing.shut_down()
    [kept] = collector.spans()
    assert (attributes(kept), kept.status.code, len(kept.events)) == ({"a": 1, "error.type": "ValueError"}, 2, 0)
    traced(OTLP_SAMPLE_PERCENT="1")
    for _ in range(300):
        with tracing.span("seldom", SpanKind.SERVER) as span:
            place = span.traceparent
            with tracing.span("inside", SpanKind.CLIENT, parent=place):
                pass
    tracing.shut_down()
    names = [span.name for span in collector.spans()]
    assert names.count("seldom") == names.count("inside") < 30, "all of a trace or nothing"


def test_a_collector_that_is_away_holds_up_nothing(traced, caplog):
    traced(OTLP_URL="http://127.0.0.1:9")
    began = time.monotonic()
    for _ in range(6000):
        with tracing.span("works", SpanKind.CLIENT):
            pass
    assert time.monotonic() - began < 20, "in step with its tries it would be half a minute"
    tracing.shut_down()
    assert time.monotonic() - began < 20 + 2 * tracing.EXPORT_SECONDS
    assert {record.getMessage() for record in caplog.records} == {tracing.LOST_WORDS}


def test_a_trace_of_a_row_that_is_none_begins_a_new_one(traced, collector):
    traced()
    for junk in ("", "nonsense", "00-zz-zz-01"):
        with tracing.span("works", SpanKind.CONSUMER, parent=junk):
            pass
    tracing.shut_down()
    assert [span.parent_span_id for span in collector.spans()] == [b""] * 3


def test_without_a_collector_nothing_is_traced(database):
    tracing.use(config.settings())
    with tracing.span("works", SpanKind.CLIENT) as span:
        span.rename("x")
        span.note({"a": 1})
        assert span.traceparent is None
