"""Traces by OpenTelemetry, where TENANTKEEP_OTLP_URL says where to: one of each click, through the run to Graph.

The spans are ours: those of the official instrumentations hold whole addresses with what was searched for
(docs/decisions/0040-own-spans.md). A span holds methods, routes, services, statuses and our own numbers, and nothing of
what was sent, read or raised. A collector that is away costs its spans, and nothing else.
"""

import atexit
import importlib.util
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock, Thread
from types import MappingProxyType
from typing import Any

from actors.process import logs
from config import Settings
from db.installation import installation
from graph.transport.deadline import new_session

logger = logging.getLogger(__name__)

PATH = "/v1/traces"
# A collector that answers later than this is away. Spans are sent together, every DELAY_MS.
EXPORT_SECONDS = 3.0
DELAY_MS = 1000
LOST_WORDS = "traces do not reach the collector of TENANTKEEP_OTLP_URL"

Value = str | int | float | bool
NONE: Mapping[str, Value | None] = MappingProxyType({})


class SpanKind(StrEnum):
    """Names of OpenTelemetry for who begins what."""

    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


@dataclass
class OpenSpan:
    """A span under way; without tracing one that forgets what it is told."""

    _span: Any = None

    def rename(self, name: str) -> None:
        if self._span is not None:
            self._span.update_name(name)

    def note(self, attributes: Mapping[str, Value | None]) -> None:
        """Add attributes. None is left out."""
        if self._span is not None:
            self._span.set_attributes({name: value for name, value in attributes.items() if value is not None})

    @property
    def traceparent(self) -> str | None:
        """The span's place in its trace, as W3C's Trace Context writes it."""
        if self._span is None:
            return None
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def fail(self, error: BaseException) -> None:
        """Mark the span as failed. Of the error only its type: its words may hold anything."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attribute("error.type", type(error).__name__)
        self._span.set_status(Status(StatusCode.ERROR))


_settings: Settings | None = None
_provider: Any = None
_process = 0
_lock = Lock()


def use(settings: Settings) -> None:
    """Trace from now on as these settings say. Raises ValueError where the packages for it are not installed."""
    global _settings
    if settings.otlp_url and importlib.util.find_spec("opentelemetry.exporter") is None:
        raise ValueError("TENANTKEEP_OTLP_URL needs packages that are not installed. Run: pip install tenantkeep[otel]")
    shut_down()
    _settings = settings if settings.otlp_url else None


@contextmanager
def span(
    name: str, kind: SpanKind, parent: str | None = None, attributes: Mapping[str, Value | None] = NONE
) -> Iterator[OpenSpan]:
    """Surround work with a span. `parent`: a traceparent; None: the span that this thread is in, if any."""
    if _settings is None:
        yield OpenSpan()
        return
    from opentelemetry import trace

    tracer = _own_provider(_settings).get_tracer("tenantkeep")
    context = _context_of(parent) if parent else None
    with tracer.start_as_current_span(
        name, context, trace.SpanKind[kind], record_exception=False, set_status_on_exception=False
    ) as current:
        under_way = OpenSpan(current)
        under_way.note(attributes)
        try:
            yield under_way
        except BaseException as e:
            under_way.fail(e)
            raise


def _context_of(traceparent: str) -> Any:
    from opentelemetry import trace

    try:
        _, trace_id, span_id, flags = traceparent.split("-")
        place = trace.SpanContext(int(trace_id, 16), int(span_id, 16), True, trace.TraceFlags(int(flags, 16)))
    except ValueError:
        return None
    return trace.set_span_in_context(trace.NonRecordingSpan(place))


def _own_provider(settings: Settings) -> Any:
    """Return this process's provider: a forked one makes its own, with a thread of its own that sends."""
    global _provider, _process
    with _lock:
        if _provider is None or _process != os.getpid():
            _provider, _process = _make_provider(settings), os.getpid()
        return _provider


def _make_provider(settings: Settings) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

    exporters = logging.getLogger("opentelemetry")
    exporters.handlers[:], exporters.propagate = [_OneSentence()], False
    exporter = OTLPSpanExporter(
        settings.otlp_url + PATH,
        headers=dict(settings.otlp_headers),
        timeout=EXPORT_SECONDS,
        session=new_session(),
    )
    # Neither a resource nor a sampler from the environment: only config reads it.
    resource = Resource({"service.name": "tenantkeep", "service.version": installation.own_version()})
    sampler = ParentBased(TraceIdRatioBased(settings.otlp_sample_percent / 100))
    provider = TracerProvider(sampler, resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=DELAY_MS))
    return provider


class _OneSentence(logging.Handler):
    """Makes one sentence, now and then, of all that the exporter says: each of its tries would log a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            logger.warning(LOST_WORDS, extra=logs.REPEATED)


def shut_down() -> None:
    """Send what is still to be sent, for a moment: a collector that is away must not hold up a process that ends."""
    global _provider
    with _lock:
        provider, _provider = _provider, None
    if provider is not None and _process == os.getpid():
        sending = Thread(target=provider.shutdown, daemon=True)
        sending.start()
        sending.join(EXPORT_SECONDS)


atexit.register(shut_down)
