"""Meters: what runs and calls to Graph tell of themselves is counted for `/metrics`, and traced."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from actors.process import counters, tracing
from actors.process.tracing import SpanKind
from db.observation import RunObserver
from graph.transport.observer import CallObserver, ObservedCall


class RunMeter(RunObserver):
    def begins(self, kind: str) -> str | None:
        with tracing.span(f"ask for {kind}", SpanKind.PRODUCER) as asked:
            return asked.traceparent

    def ended(self, kind: str, state: str, seconds: float) -> None:
        counters.count("runs_ended", str(kind), str(state))
        counters.observe("run_seconds", seconds, str(kind))


class GraphMeter(CallObserver):
    @contextmanager
    def calling(self, service: str, method: str) -> Iterator[ObservedCall]:
        call, began = ObservedCall(), time.monotonic()
        try:
            facts = {"http.request.method": method, "tenantkeep.service": service}
            with tracing.span(f"{method} {service}", SpanKind.CLIENT, attributes=facts) as sent:
                try:
                    yield call
                finally:
                    sent.note({"http.response.status_code": call.status})
        finally:
            counters.count("graph_requests", service, call.status)
            counters.observe("graph_call_seconds", time.monotonic() - began, service)

    def answered_part(self, service: str, status: str) -> None:
        counters.count("graph_requests", service, status)


GRAPH_METER = GraphMeter()
