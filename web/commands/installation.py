"""`migrate`, `reseal`, `audit verify` and `doctor`."""

import sys
from typing import Any

import peewee as pw
import redis
import requests
from flask.cli import AppGroup

import config
from actors import broker, startup
from db import audit, installation, resealing
from db import migrate as migrations
from db.clock import utcnow
from db.database import database, is_sqlite
from db.models import AuditEvent, Tenant, User
from web.commands.context import actor, answer, as_json, opened

FRESH_SECONDS = 30


def register(cli: AppGroup) -> None:
    cli.command("migrate", with_appcontext=False)(migrate)
    cli.command("reseal", with_appcontext=False)(reseal)
    cli.command("doctor", with_appcontext=False)(doctor)
    group = AppGroup("audit", help="The audit log.")
    group.command("verify", with_appcontext=False)(verify)
    cli.add_command(group)


@as_json
def migrate(as_json: bool) -> None:
    """Bring the database to this version. Safe to start twice at once."""
    startup.bind(config.settings())
    try:
        applied = migrations.migrate()
    except pw.OperationalError as e:
        raise startup.StartupError(f"The database does not answer: {e}".strip()) from e
    answer(as_json, {"applied": applied}, f"Applied: {', '.join(applied)}." if applied else "Nothing to do.")


@as_json
def reseal(as_json: bool) -> None:
    """Seal everything with the newest of TENANTKEEP_ENCRYPTION_KEYS; after that, take the older ones away."""
    with opened():
        count = resealing.reseal(actor())
        answer(as_json, {"resealed": count}, f"Sealed {count} value(s) again. The older keys are no longer needed.")


@as_json
def verify(as_json: bool) -> None:
    """Check the audit log's chain. Exit code 1 when an event was changed or is missing."""
    with opened():
        faults = list(audit.verify())
        count = AuditEvent.select().count()
        text = "\n".join(fault.sentence for fault in faults) or f"{count} events, none changed, none missing."
        found = [{"event": fault.event_id, "message": fault.sentence} for fault in faults]
        answer(as_json, {"events": count, "faults": found}, text)
    sys.exit(1 if faults else 0)


@as_json
def doctor(as_json: bool) -> None:
    """Say what is configured, what answers and what is missing. Exit code 1 when something is."""
    findings = [*_settings(), *_database(), *_redis(), *_graph()]
    document = [{"ok": ok, "what": what, "message": message} for ok, what, message in findings]
    answer(as_json, document, "\n".join(f"{'ok  ' if ok else 'MEND'} {what}: {text}" for ok, what, text in findings))
    sys.exit(0 if all(ok for ok, _, _ in findings) else 1)


Finding = tuple[bool, str, str]


def _settings() -> list[Finding]:
    settings = config.settings()
    return [(True, "settings", f"{len(settings.encryption_keys)} encryption key(s), Graph at {settings.graph_url}")]


def _database() -> list[Finding]:
    try:
        startup.prepare(config.settings())
    except startup.StartupError as e:
        return [(False, "database", str(e))]
    with database.connection_context():
        kind = "SQLite" if is_sqlite() else "PostgreSQL"
        people, places = User.select().count(), Tenant.select().count()
        found: list[Finding] = [(True, "database", f"{kind}, {people} user(s), {places} tenant(s)")]
        if not people:
            found.append((False, "users", "Nobody can sign in. Run: tenantkeep user add EMAIL --role admin"))
        return [*found, _beat("worker"), _beat("scheduler")]


def _beat(kind: str) -> Finding:
    at = installation.last_beat(kind)
    if at is None:
        return False, kind, f"None was ever seen. Start one: python -m actors.{kind}"
    age = (utcnow() - at).total_seconds()
    return age < FRESH_SECONDS, kind, f"last seen {age:.0f} s ago"


def _redis() -> list[Finding]:
    try:
        broker.ping()
    except redis.RedisError as e:
        return [(False, "redis", f"does not answer ({type(e).__name__}). Check TENANTKEEP_REDIS_URL.")]
    facts: Any = broker.broker.client.info()
    policy = facts.get("maxmemory_policy", "noeviction")
    return [(policy == "noeviction", "redis", f"version {facts['redis_version']}, eviction policy {policy}")]


def _graph() -> list[Finding]:
    """Whether the addresses can be reached at all; `tenant check` signs in."""
    found: list[Finding] = []
    settings = config.settings()
    for what, address in (("graph", settings.graph_url), ("sign-in", settings.login_url)):
        try:
            status = requests.get(address, timeout=5, allow_redirects=False).status_code
            found.append((True, what, f"{address} answers ({status})"))
        except requests.RequestException as e:
            found.append((False, what, f"{address} cannot be reached ({type(e).__name__})"))
    return found
