"""For load balancers and monitoring: alive, ready, and a few figures."""

import peewee as pw
import redis
from flask import Blueprint, Response, jsonify, request

from actors import startup
from actors.broker import ping
from db import audit_rounds, installation
from db.clock import utcnow
from db.database import database
from db.models import IS_ACTIVE, Run
from db.states import ACTIVE, RunState
from web.access import refusal, requires
from web.permissions import Permission

pages = Blueprint("health", __name__)

# These must answer when the database does not: they open their own connection, inside a try.
WITHOUT_CONNECTION = frozenset({"health.alive", "health.ready"})


@pages.get("/healthz")
@requires(Permission.PUBLIC)
def alive() -> dict[str, bool]:
    return {"alive": True}


@pages.get("/readyz")
@requires(Permission.PUBLIC)
def ready() -> tuple[Response, int]:
    """200, or 503 naming each thing that does not answer."""
    troubles = {**_database_trouble(), **_redis_trouble()}
    return jsonify(ready=not troubles, troubles=troubles), 503 if troubles else 200


def _database_trouble() -> dict[str, str]:
    try:
        with database.connection_context():
            startup.check()
    except (pw.OperationalError, pw.InterfaceError):
        return {"database": "The database does not answer."}
    except startup.StartupError as e:
        return {"start": str(e)}
    return {}


def _redis_trouble() -> dict[str, str]:
    try:
        ping()
    except redis.RedisError:
        return {"redis": "Redis does not answer. Starts are recorded and sent when it is back."}
    return {}


@pages.get("/metrics")
@requires(Permission.PUBLIC)
def metrics() -> Response:
    """Prometheus text; from this machine, or for admins."""
    if request.remote_addr not in {"127.0.0.1", "::1"}:
        refused = refusal(Permission.ADMINISTER)
        if refused:
            return refused  # type: ignore[return-value]
    lines = [f'tenantkeep_runs_active{{state="{state}"}} {count}' for state, count in _active().items()]
    for kind in ("worker", "scheduler"):
        at = installation.last_beat(kind)
        if at:
            lines.append(f'tenantkeep_heartbeat_age_seconds{{kind="{kind}"}} {(utcnow() - at).total_seconds():.1f}')
    check = audit_rounds.state()
    lines.append(f"tenantkeep_audit_faults {check.faults}")
    if check.ended_at:
        age = (utcnow() - check.ended_at).total_seconds()
        lines.append(f"tenantkeep_audit_check_age_seconds {age:.0f}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


def _active() -> dict[RunState, int]:
    rows = (
        Run.select(Run.state, pw.fn.COUNT(Run.id)).where(IS_ACTIVE & Run.parent.is_null()).group_by(Run.state).tuples()
    )
    return dict.fromkeys(ACTIVE, 0) | dict(rows)
