"""`migrate`, the commands about the audit log (`audit verify`, `export`, `accept`), and `keys new|show|rotate`."""

from __future__ import annotations

import base64
import secrets
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click

import config
from actors.housekeeping import audit_head
from actors.process import startup
from actors.queue import redis_clients
from db import database as engine
from db import encryption, private_file
from db import migrate as migrations
from db.audit import audit, audit_keys, audit_rows, chain, chain_export, daily_check
from db.errors import Invalid
from db.installation import key_rotation, privileges
from web.commands.frame.context import (
    add_commands,
    command_actor,
    force_option,
    json_option,
    open_installation,
    print_result,
)

T = TypeVar("T")


def register(cli: click.Group) -> None:
    add_commands(cli, {"migrate": migrate})
    group = click.Group("audit", help="The audit log.")
    add_commands(group, {"verify": verify, "export": export, "accept": accept})
    cli.add_command(group)
    keys = click.Group("keys", help="The keys that credentials and contents are sealed with.")
    add_commands(keys, {"new": new_key, "show": show_keys, "rotate": rotate_keys})
    cli.add_command(keys)


@json_option
def migrate(as_json: bool) -> None:
    """Bring the database to this version. Safe to start twice at once."""
    settings = config.settings()
    startup.bind(settings, as_owner=True)
    try:
        applied = migrations.migrate()
        lacking = _missing_grants(settings)
    except engine.OperationalError as e:
        raise startup.as_startup_error(e) from e
    except encryption.SealError as e:
        raise startup.StartupError(str(e)) from e
    except migrations.NotTheOwner as e:
        raise startup.StartupError(f"{e} Migrate as their owner: set TENANTKEEP_OWNER_DATABASE_URL.") from e
    text = f"Applied: {', '.join(applied)}." if applied else "Nothing to do."
    if lacking:
        text += f" The role that Tenantkeep runs as lacks rights. As the owner of the tables: {' '.join(lacking)}"
    print_result(as_json, {"applied": applied, "missing_grants": lacking}, text)
    sys.exit(1 if lacking else 0)


def _missing_grants(settings: config.Settings) -> list[str]:
    role = config.user_of(settings.database_url)
    if not settings.owner_database_url or not role:
        return []
    with engine.database.connection_context():
        return privileges.missing_grants(role)


@click.option("--since", metavar="EVENT:HASH", help="Where the log was once, as an export or the log says.")
@click.option("--file", "path", type=click.Path(path_type=Path), help="An export instead of the database.")
@click.option("--alone", is_flag=True, help="With --file: look at the document only, not at this installation's log.")
@json_option
def verify(since: str | None, path: Path | None, alone: bool, as_json: bool) -> None:
    """Check the audit log's chain, or an export of it. Exit code 1 when an event was changed or is missing."""
    if path:
        _verify_file(path, alone, as_json)
        return
    points = [_parse_point(since)] if since else []
    with open_installation():
        faults = list(chain.verify([*points, *_points_in_redis()]))
        count = audit_rows.count_events()
        point = chain.point_as_text(chain.end_of_log())
        whole = f"{count} events, none changed, none missing. The last is {point}."
        text = "\n".join(fault.sentence for fault in faults) or whole
        fault_rows = [{"event": fault.event_id, "message": fault.sentence} for fault in faults]
        document = {"events": count, "faults": fault_rows, "last": point}
        print_result(as_json, document, text)
    sys.exit(1 if faults else 0)


def _parse_point(text: str) -> audit_rows.ChainPoint:
    point = audit_head.parse_point(text)
    if point is None:
        raise Invalid("--since wants an event's number and its hash: 1234:0123456789abcdef…, 40 digits of it or more.")
    return point


def _points_in_redis() -> list[audit_rows.ChainPoint]:
    """Return the points of the log that Redis remembers; none when it does not answer."""
    try:
        return audit_head.recall()
    except (redis_clients.RedisError, encryption.SealError):
        return []


def _ask_redis(act: Callable[[], T]) -> T:
    try:
        return act()
    except redis_clients.RedisError as e:
        raise Invalid("Redis does not answer, and it is what remembers where the log ended. Try again later.") from e


@click.option("--reason", required=True, help="Why the log is another than it was: which copy was put in its place.")
@json_option
def accept(reason: str, as_json: bool) -> None:
    """After an older copy of the database was put in its place: go on from where the log ends now."""
    with open_installation():
        before = _ask_redis(audit_head.recall)
        remembered = chain.point_as_text(before[0]) if before else None
        audit.record(audit.Action.AUDIT_ACCEPTED, command_actor(), "audit log", reason=reason, remembered=remembered)
        _ask_redis(lambda: audit_head.remember(chain.end_of_log()))
        daily_check.restart()
        print_result(as_json, {"remembered": remembered}, "The audit log goes on from here. That it does is in it.")


def _verify_file(path: Path, alone: bool, as_json: bool) -> None:
    try:
        with nullcontext() if alone else open_installation(), path.open(encoding="utf-8") as document:
            verdict = chain_export.check_document(document, () if alone else audit_keys.all_keys())
            elsewhere = [] if alone else chain_export.differences_from_log(verdict)
    except (OSError, UnicodeDecodeError) as e:
        raise Invalid(f"{path} cannot be read: {getattr(e, 'strerror', None) or 'it is no text'}.") from e
    faults = verdict.faults + elsewhere
    whole = f"{verdict.events} events, none changed, none missing. The last hash is {verdict.last_hash}."
    print_result(as_json, {**asdict(verdict), "faults": faults}, "\n".join(faults) or whole)
    sys.exit(1 if faults else 0)


@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From the beginning of this day, UTC.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="To the end of this day, UTC.")
@force_option
@json_option
def export(path: Path, since: datetime | None, until: datetime | None, force: bool, as_json: bool) -> None:
    """Write the audit log to a document that anybody can check: audit verify --file FILE --alone."""
    with open_installation():
        first, last = chain_export.event_range(since, until + timedelta(days=1) if until else None)
        count = max(last - first + 1, 0)
        with private_file.writing(path, force=force) as document:
            document.writelines(line.encode() for line in chain_export.document_lines(first, last))
        audit.record(audit.Action.AUDIT_EXPORTED, command_actor(), "audit log, with proof", rows=count)
        point = chain.point_as_text(chain.end_of_log())
        text = f"Wrote {count} events to {path}. The log is at {point}."
        print_result(as_json, {"events": count, "first": first, "last": last}, text)


def new_key() -> None:
    """Print a fresh key for TENANTKEEP_ENCRYPTION_KEYS. It is kept nowhere."""
    click.echo(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


@json_option
def show_keys(as_json: bool) -> None:
    """List the keys by their ids, how much each seals, and which processes know them."""
    with open_installation():
        counts, known = key_rotation.count_by_key(), encryption.keyring().ids
        live = key_rotation.live_processes()
        lines = [f"{key}  {_key_role(key, known):<8} seals {count} value(s)" for key, count in counts.items()]
        lines += [f"{process.kind} {process.process} knows {process.keys or 'none'}" for process in live]
        processes = [
            {"kind": process.kind, "process": process.process, "keys": (process.keys or "").split(",")}
            for process in live
        ]
        keys = [{"id": key, "role": _key_role(key, known), "values": count} for key, count in counts.items()]
        print_result(as_json, {"keys": keys, "processes": processes}, "\n".join(lines))


def _key_role(key: str, known: tuple[str, ...]) -> str:
    if key not in known:
        return "missing"
    return "newest" if key == known[0] else "older"


@json_option
def rotate_keys(as_json: bool) -> None:
    """Seal everything with the newest key, while Tenantkeep runs. Safe to stop and to start again."""
    with open_installation():
        count = key_rotation.rotate(command_actor())
        processes = [
            f"{process.kind} {process.process}" for process in key_rotation.processes_sealing_with_another_key()
        ]
        document = {"resealed": count, "older_keys_in_use_by": processes}
        print_result(as_json, document, f"Sealed {count} value(s) again. {_next_step_of_rotation(processes)}")


def _next_step_of_rotation(processes: list[str]) -> str:
    if processes:
        named = ", ".join(processes)
        return f"Still sealing with an older key: {named}. Put the new key in front there, then rotate again."
    older = encryption.keyring().ids[1:]
    return f"No longer needed: {', '.join(older)}." if older else "There is no older key."
