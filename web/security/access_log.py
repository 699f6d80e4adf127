"""The access log: a line for each request, as fields. `/metrics` has the same requests as counts.

A line has the route (`/runs/<run_id>`) in place of the address: addresses hold what people search for, Entra's
codes, and whatever else somebody puts there.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import Flask, Response, g, request

from actors.process import counters, tracing
from actors.process.tracing import SpanKind

logger = logging.getLogger("tenantkeep.access")

_FACTS = "tenantkeep.access"
_UNTRACED = ("/healthz", "/readyz", "/metrics", "/static/", "/admin/static/")
Application = Callable[..., Iterable[bytes]]


def register(app: Flask) -> None:
    app.after_request(_note_facts)


def _note_facts(response: Response) -> Response:
    """Leave beside the request what only the application knows of it."""
    user = g.get("_login_user")  # Flask-Login's, where somebody asked who it is
    facts = {
        "route": request.url_rule.rule if request.url_rule else None,
        "request_id": g.get("request_id"),
        "user_id": user.id if user is not None and user.is_authenticated else None,
        "token_id": getattr(getattr(user, "token", None), "id", None),  # a program's: web/api/tokens_auth.py
        "address": request.remote_addr,
    }
    request.environ[_FACTS] = {name: value for name, value in facts.items() if value is not None}
    return response


def _traced(environ: Mapping[str, Any]) -> AbstractContextManager[tracing.OpenSpan]:
    """Return the span of a request: none of what monitoring asks for, and of files."""
    if environ["PATH_INFO"].startswith(_UNTRACED):
        return nullcontext(tracing.OpenSpan())
    # A new trace, whatever the client sends: nobody outside decides what is kept.
    return tracing.span(environ["REQUEST_METHOD"], SpanKind.SERVER)


def observed(application: Application, *, writes_lines: bool) -> Application:
    """Surround a WSGI application: count each request, and write its line. A stream is timed until it begins."""

    def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        began, answers = time.monotonic(), []

        def noting(status: str, headers: Sequence[tuple[str, str]], *args: Any) -> Any:
            answers.append((status[:3], dict(headers).get("Content-Length")))
            return start_response(status, headers, *args)

        with _traced(environ) as served:
            answer = application(environ, noting)
            facts = environ.get(_FACTS, {})
            served.rename(f"{environ['REQUEST_METHOD']} {facts.get('route', 'nowhere')}")
            served.note(
                {
                    "http.request.method": environ["REQUEST_METHOD"],
                    "http.route": facts.get("route"),
                    "http.response.status_code": answers[-1][0],
                    "tenantkeep.request": facts.get("request_id"),
                }
            )
        seconds = time.monotonic() - began
        status, length = answers[-1]
        counters.count("http_requests", status)
        counters.observe("http_request_seconds", seconds)
        if writes_lines:
            line = {"method": environ["REQUEST_METHOD"], "status": int(status), "milliseconds": round(seconds * 1000)}
            size = {"bytes": int(length)} if length else {}
            logger.info("answered", extra={**line, **size, **facts})
        return answer

    return answering
