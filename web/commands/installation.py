"""`migrate`, `audit verify`, `audit export` and `doctor`."""

import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import peewee as pw
import redis
import requests
from flask.cli import AppGroup

import config
from actors import broker, startup
from db import audit, audit_proof, audit_rounds, installation, key_rotation, private_file
from db import migrate as migrations
from db.audit import Action
from db.clock import utcnow
from db.database import database, is_sqlite
from db.errors import Invalid
from db.models import AuditEvent, Tenant, User
from web.commands.context import actor, answer, as_json, force_option, opened

FRESH_SECONDS = 30


def register(cli: AppGroup) -> None:
    cli.command("migrate", with_appcontext=False)(migrate)
    cli.command("doctor", with_appcontext=False)(doctor)
    group = AppGroup("audit", help="The audit log.")
    group.command("verify", with_appcontext=False)(verify)
    group.command("export", with_appcontext=False)(export)
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


@click.option("--file", "path", type=click.Path(path_type=Path), help="An export instead of the database.")
@click.option("--alone", is_flag=True, help="With --file: look at the document only, not at this installation's log.")
@as_json
def verify(path: Path | None, alone: bool, as_json: bool) -> None:
    """Check the audit log's chain, or an export of it. Exit code 1 when an event was changed or is missing."""
    if path:
        _verify_file(path, alone, as_json)
        return
    with opened():
        faults = list(audit.verify())
        count = AuditEvent.select().count()
        text = "\n".join(fault.sentence for fault in faults) or f"{count} events, none changed, none missing."
        found = [{"event": fault.event_id, "message": fault.sentence} for fault in faults]
        answer(as_json, {"events": count, "faults": found}, text)
    sys.exit(1 if faults else 0)


def _verify_file(path: Path, alone: bool, as_json: bool) -> None:
    try:
        with path.open(encoding="utf-8") as document:
            verdict = audit_proof.check(document)
    except (OSError, UnicodeDecodeError) as e:
        raise Invalid(f"{path} cannot be read: {getattr(e, 'strerror', None) or 'it is no text'}.") from e
    faults = verdict.faults
    if not alone:
        with opened():
            faults = faults + audit_proof.belongs_here(verdict)
    whole = f"{verdict.events} events, none changed, none missing. The last hash is {verdict.last_hash}."
    answer(as_json, {**asdict(verdict), "faults": faults}, "\n".join(faults) or whole)
    sys.exit(1 if faults else 0)


@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From the beginning of this day, UTC.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="To the end of this day, UTC.")
@force_option
@as_json
def export(path: Path, since: datetime | None, until: datetime | None, force: bool, as_json: bool) -> None:
    """Write the audit log to a document that anybody can check: audit verify --file FILE --alone."""
    with opened():
        first, last = audit_proof.bounds(since, until + timedelta(days=1) if until else None)
        count = max(last - first + 1, 0)
        with private_file.written(path, force=force) as document:
            document.writelines(line.encode() for line in audit_proof.lines(first, last))
        audit.record(Action.AUDIT_EXPORTED, actor(), "audit log, with proof", rows=count)
        answer(as_json, {"events": count, "first": first, "last": last}, f"Wrote {count} events to {path}.")


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
        return [*found, _beat("worker"), _beat("scheduler"), _keys(), _audit()]


def _keys() -> Finding:
    other = [f"{one.kind} {one.process}" for one in key_rotation.still_sealing_with_another()]
    if other:
        return False, "keys", f"{', '.join(other)}: seals with another key than this command. Give all the same keys."
    return True, "keys", "every process at work seals with the same key"


def _audit() -> Finding:
    check = audit_rounds.state()
    if check.faults:
        return False, "audit log", f"{check.first_fault} Run: tenantkeep audit verify"
    if check.ended_at is None:
        return True, "audit log", "not gone through yet; the scheduler does it once a day"
    return True, "audit log", f"whole, as of {check.ended_at.isoformat(sep=' ', timespec='minutes')} UTC"


def _beat(kind: str) -> Finding:
    at = installation.last_beat(kind)
    if at is None:
        return False, kind, f"None was ever seen. Start one: tenantkeep {kind}"
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
