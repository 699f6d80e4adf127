"""Addresses for load balancers and monitoring: alive, ready, and a few figures."""

import hmac
import time
from threading import Lock

import peewee as pw
from flask import Blueprint, Response, jsonify, request

import config
from actors.process import startup
from actors.queue import broker, queue_names, tag_queues
from db.database import database
from web.metrics import exposition
from web.metrics.figures import metrics_text
from web.security.access import can, check_permission, requires
from web.security.permissions import Permission

pages = Blueprint("health", __name__)

# These must answer when the database does not: they open their own connection, inside a try.
WITHOUT_CONNECTION = frozenset({"health.alive", "health.ready"})
# What a proxy adds. With any of them the request is not this machine's own, whatever address it comes from.
_OF_PROXIES = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


@pages.get("/healthz")
@requires(Permission.PUBLIC)
def alive() -> dict[str, bool]:
    return {"alive": True}


@pages.get("/readyz")
@requires(Permission.PUBLIC)
def ready() -> tuple[Response, int]:
    """200, or 503 naming each thing that is not well.

    `workers`: the tags whose runs wait for a worker of their own. Pages are served all the same.
    """
    troubles = _readiness.now()
    unserved = _readiness.unserved_tags
    lacking = {"workers": {tag: tag_queues.sentence_without_worker(tag) for tag in unserved}} if unserved else {}
    return jsonify(ready=not troubles, troubles=troubles, **lacking), 503 if troubles else 200


class ReadinessCheck:
    """Checks the database and Redis, one check at a time: who asks during one gets the result before it."""

    STALE_SECONDS = 2.0

    def __init__(self) -> None:
        self._going_on = Lock()
        self._found: dict[str, str] = {}
        self.unserved_tags: list[str] = []
        self._at = float("-inf")

    def now(self) -> dict[str, str]:
        asked_at = time.monotonic()
        if not self._going_on.acquire(blocking=asked_at - self._at > self.STALE_SECONDS):
            return self._found
        try:
            if self._at < asked_at:
                in_database, self.unserved_tags = _look_into_database()
                self._found = {**in_database, **_redis_trouble()}
                self._at = time.monotonic()
            return self._found
        finally:
            self._going_on.release()


_readiness = ReadinessCheck()


def _look_into_database() -> tuple[dict[str, str], list[str]]:
    """Return what is wrong with the database, and the tags that no worker serves."""
    try:
        with database.connection_context():
            startup.check_database()
            unserved = tag_queues.tags_without_worker(queue_names.PRIORITY)
    except (pw.OperationalError, pw.InterfaceError):
        return {"database": "The database does not answer."}, []
    except startup.StartupError as e:
        return {"start": str(e)}, []
    full = startup.low_disk_warning()
    return {"disk": full} if full else {}, unserved


def _redis_trouble() -> dict[str, str]:
    trouble = broker.redis_problem(with_reason=False)
    return {"redis": f"{trouble} Starts are recorded, and sent when it is well."} if trouble else {}


@pages.get("/metrics")
@requires(Permission.PUBLIC)
def metrics() -> Response:
    """Prometheus' text, or OpenMetrics; for this machine, without tenants, and for who has the token, and admins."""
    sees_all = _has_token() or can(Permission.ADMINISTER)
    if not (sees_all or _is_from_here()):
        return check_permission(Permission.ADMINISTER)  # type: ignore[return-value]
    is_openmetrics = exposition.accepts_openmetrics(request.headers.get("Accept", ""))
    text = metrics_text(with_tenants=sees_all, is_openmetrics=is_openmetrics)
    return Response(text, content_type=exposition.CONTENT_TYPES[is_openmetrics])


def _is_from_here() -> bool:
    return request.remote_addr in {"127.0.0.1", "::1"} and not any(name in request.headers for name in _OF_PROXIES)


def _has_token() -> bool:
    expected_token, authorization = config.settings().metrics_token, request.authorization
    if not expected_token or authorization is None or authorization.type != "bearer":
        return False
    return hmac.compare_digest((authorization.token or "").encode(), expected_token.encode())
