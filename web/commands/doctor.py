"""`doctor`: what is configured, what answers, what is missing, and what to do about it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import click

import config
from actors.notices import email_sender
from actors.process import startup
from actors.queue import broker, queue_names, redis_clients, tag_queues
from actors.tenants import graph_clients, reach
from config import Settings
from db import clock, models
from db import database as engine
from db.accounts import users
from db.audit import daily_check
from db.events import watches
from db.installation import installation, key_rotation, privileges
from db.notices import channels
from db.recovery import lost_runs, setbacks
from db.runs import claims
from db.schema import row_ids
from db.tenants import schedules, tenants
from web.commands.frame.context import add_commands, json_option, print_result
from web.doctor import checks

FRESH_BEAT_SECONDS = 30
# On a busy machine a beat comes late.
LATE_SECONDS = 6
# Share of the ids that a table can give: time enough to do something about it.
NEARLY_FULL = 0.5

NO_ADDRESS = "none; cookies travel over plain http too"
MISSING_ADDRESS = ", though there is a proxy. Set TENANTKEEP_PUBLIC_URL to the https address that people use"
NO_PROXIES = (
    "The public address is https, so a proxy stands before web, and none is counted: everybody has the proxy's "
    "address, in the audit log and where wrong tries are counted. Set TENANTKEEP_PROXIES to how many there are, "
    "mostly 1."
)
OPEN_REDIS = (
    "lets in whoever asks, without a password: any user of its network can clear the counts of sign-ins, and hold "
    "runs up. Give it one (requirepass, or a user of its own with ACL SETUSER), and put it into {setting}."
)

WORDS = {True: "ok  ", "warn": "warn", False: "MEND"}


def register(cli: click.Group) -> None:
    add_commands(cli, {"doctor": doctor})


@json_option
def doctor(as_json: bool) -> None:
    """Say what is configured, what answers and what is missing, and what to do. Exit code 1 when something is."""
    settings = config.settings()
    refusal = _startup_refusal(settings)
    database_findings = _database(settings) if refusal is None else [(False, "database", refusal)]
    findings = [*_settings(settings), *database_findings, *_redis(), *_mail_server(settings)]
    findings += _graph(may_ask_tenants=refusal is None)
    document = [
        {"ok": bool(level), "level": WORDS[level].strip().replace("MEND", "bad"), "what": what, "message": message}
        for level, what, message in findings
    ]
    print_result(as_json, document, "\n".join(f"{WORDS[level]} {what}: {text}" for level, what, text in findings))
    sys.exit(0 if all(level for level, _, _ in findings) else 1)


def _startup_refusal(settings: Settings) -> str | None:
    try:
        startup.prepare(settings)
    except startup.StartupError as e:
        return str(e)
    return None


def _settings(settings: Settings) -> Iterator[checks.Finding]:
    yield True, "settings", f"{len(settings.encryption_keys)} encryption key(s), {settings.proxies} proxies"
    if settings.from_files:
        yield True, "settings", f"read from files: {', '.join(settings.from_files)}"
    is_missed = bool(settings.proxies) and not settings.public_url
    yield not is_missed, "public address", settings.public_url or (NO_ADDRESS + (MISSING_ADDRESS if is_missed else ""))
    if settings.public_url.startswith("https:") and not settings.proxies:
        yield False, "proxies", NO_PROXIES
    yield from checks.secret_files()
    for name in settings.unknown:
        yield False, "settings", startup.UNKNOWN_SETTING % name


def _database(settings: Settings) -> Iterator[checks.Finding]:
    with engine.database.connection_context():
        user_count, tenant_count = users.count_users(), tenants.count_tenants()
        kind = "SQLite" if engine.is_sqlite() else "PostgreSQL"
        where = config.shown(settings.database_url)
        yield True, "database", f"{kind}, {where}, {user_count} user(s), {tenant_count} tenant(s)"
        yield from _disk()
        if not user_count:
            yield False, "users", "Nobody can sign in. Run: tenantkeep user add EMAIL --role admin"
        yield from _processes()
        yield from _workers_by_tag()
        yield from _scheduler()
        yield _waiting_runs()
        yield _watching()
        yield _keys()
        yield _audit()
        yield from _channels()
        yield from _row_ids()
        for check in checks.DATABASE_CHECKS:
            yield from check()
        for statement in privileges.excess_privileges():
            yield False, "rights", f"This role can do more than it should. As the owner of the tables: {statement}"


def _disk() -> Iterator[checks.Finding]:
    free = engine.free_disk_bytes()
    if free is not None:
        full = startup.low_disk_warning()
        yield full is None, "disk", full or f"{free // startup.MEGABYTE} MB free"


def _processes() -> Iterator[checks.Finding]:
    """Find which process of each kind beats *now*: a copy of a database brings the beats of where it was made."""
    first_beats = {kind: installation.last_heartbeat(kind) for kind in installation.PROCESS_KINDS}
    fresh_beats = {
        kind: at
        for kind, at in first_beats.items()
        if at and (clock.utcnow() - at).total_seconds() < FRESH_BEAT_SECONDS
    }
    deadline = time.monotonic() + claims.BEAT_SECONDS + LATE_SECONDS
    silent_kinds = set(fresh_beats)
    while silent_kinds and time.monotonic() < deadline:
        time.sleep(0.2)
        silent_kinds = {kind for kind in silent_kinds if installation.last_heartbeat(kind) == fresh_beats[kind]}
    for kind, at in first_beats.items():
        if kind in fresh_beats.keys() - silent_kinds:
            yield (
                True,
                kind,
                ", ".join(process.process for process in key_rotation.live_processes() if process.kind == kind),
            )
        else:
            seen = (
                f"None beats now; last seen {(clock.utcnow() - at).total_seconds():.0f} s ago."
                if at
                else "None was ever seen."
            )
            yield False, kind, f"{seen} Start one: tenantkeep {kind}"


def _workers_by_tag() -> Iterator[checks.Finding]:
    for tag in tag_queues.tags_without_worker(queue_names.PRIORITY):
        yield False, "workers by tag", tag_queues.sentence_without_worker(tag)


def _scheduler() -> Iterator[checks.Finding]:
    """Find what the scheduler could not do and tries again, and the schedules that it had to pause."""
    for setback in setbacks.all_setbacks():
        yield False, "scheduler", f"{setbacks.describe(setback)} Its log has the details."
    for schedule in schedules.paused_by_scheduler():
        yield False, "schedules", f"{schedule} of {schedule.tenant.name} is paused. {schedule.paused_because}"


def _waiting_runs() -> checks.Finding:
    stalled = lost_runs.stalled()
    if not stalled:
        return True, "runs", "none waits without getting on"
    run = stalled[0]
    whole, more = run.parent_id or run.id, f", and {len(stalled) - 1} more" if stalled[1:] else ""
    return False, "runs", f"Run {whole} waits again and again and gets nothing done{more}: {run.waiting}"


def _watching() -> checks.Finding:
    count, oldest = watches.oldest_freshness()
    troubled = watches.troubled()
    if troubled:
        first, more = troubled[0], f", and {len(troubled) - 1} more" if troubled[1:] else ""
        return False, "watching", f"{first.tenant.name} is not watched as it should be{more}: {first.error}"
    fresh = f", everything changed before {oldest:%Y-%m-%d %H:%M} UTC is captured" if oldest else ""
    return True, "watching", f"{count} tenant(s){fresh}"


def _keys() -> checks.Finding:
    others = [f"{process.kind} {process.process}" for process in key_rotation.processes_sealing_with_another_key()]
    if others:
        return False, "keys", f"{', '.join(others)}: seals with another key than this command. Give all the same keys."
    return True, "keys", "every process at work seals with the same key"


def _audit() -> checks.Finding:
    check = daily_check.last_check()
    if check.faults:
        return False, "audit log", f"{check.first_fault} Run: tenantkeep audit verify"
    if check.ended_at is None:
        return True, "audit log", "not gone through yet; the scheduler does it once a day"
    return True, "audit log", f"whole, as of {check.ended_at.isoformat(sep=' ', timespec='minutes')} UTC"


def _channels() -> Iterator[checks.Finding]:
    for channel in channels.failing():
        yield False, "channels", f"What {channel.name} ({channel.shown}) was to tell does not arrive. {channel.error}"


def _mail_server(settings: Settings) -> Iterator[checks.Finding]:
    """Connect and sign in, as a worker does. Nothing is sent."""
    if settings.smtp is None:
        return
    name = f"{settings.smtp.host}:{settings.smtp.port}"
    problem = email_sender.problem(settings.smtp)
    yield problem is None, "mail server", problem or f"{name} answers, and mail comes from {settings.mail_from}"


def _row_ids() -> Iterator[checks.Finding]:
    shares = row_ids.share_of_ids_used(models.TABLES)
    nearly_full = {table: share for table, share in shares.items() if share >= NEARLY_FULL}
    for table, share in nearly_full.items():
        yield (
            False,
            "ids",
            f"{share:.0%} of the ids of {table} are given. Report it: with the last one, nothing is kept.",
        )
    if not nearly_full:
        table, share = next(iter(shares.items()))
        yield True, "ids", f"{table} has given the most of what it can: {share:.1%}"


def _redis() -> Iterator[checks.Finding]:
    trouble = broker.redis_problem()
    if trouble:
        yield False, "redis", trouble
        return
    try:
        facts: Any = broker.broker.client.info()
    except redis_clients.NoPermissionError:
        yield checks.WARN, "redis", "It answers. Its user may not ask how it is set (INFO): let it, with +info"
        return
    policy = facts.get("maxmemory_policy", "noeviction")
    advice = "" if policy == "noeviction" else ". Set maxmemory-policy noeviction: Redis may drop what waits"
    if config.settings().public_url:
        yield from _open_redis()
    where = config.shown(config.redis_urls()[0])
    for check in checks.REDIS_CHECKS:
        yield from check()
    yield not advice, "redis", f"{where}, version {facts['redis_version']}, eviction policy {policy}{advice}"


def _open_redis() -> Iterator[checks.Finding]:
    for url, name in zip(config.redis_urls(), ("TENANTKEEP_REDIS_URL", "TENANTKEEP_REDIS_LOCKS_URL"), strict=True):
        if redis_clients.allows_anonymous_access(url):
            yield False, "redis password", f"{config.shown(url)} {OPEN_REDIS.format(setting=name)}"
            return


def _graph(may_ask_tenants: bool) -> Iterator[checks.Finding]:
    """Check that the addresses of the tenants' clouds can be reached at all; `tenant check` signs in."""
    with engine.database.connection_context() if may_ask_tenants else nullcontext():
        addresses = graph_clients.addresses(tenants.in_clouds() if may_ask_tenants else ())
    for name, address in addresses:
        yield from _check_address(name, address)


def _check_address(name: str, address: str) -> Iterator[checks.Finding]:
    try:
        answer = reach.ask(address, name)
    except reach.OutOfReach as e:
        yield False, name, f"{address} cannot be reached: {e}"
        return
    yield True, name, f"{address} answers ({answer.status})"
    if answer.ahead is not None and name == "sign-in":
        yield checks.clock(answer.ahead, address)
