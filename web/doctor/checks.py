"""Checks of `doctor` that look at one thing each: clocks, versions, expiry, and the servers that others run for us."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import redis

from actors.queue import broker
from db import database as engine
from db.clock import utcnow
from db.installation import figures, installation

# Well, but not for long, or not as it should be: no reason to exit with 1.
WARN = "warn"
# (True: well, False: to be mended, or WARN; what it is about; a sentence).
Finding = tuple[bool | str, str, str]

ALIVE = timedelta(seconds=30)
WARN_DAYS, LAST_DAYS = 30, 1
# Entra takes assertions for some minutes around its own time; a minute leaves room.
MAX_SECONDS_APART = 60.0
OLDEST_POSTGRESQL = 13


def clock(ahead: float, whose: str) -> Finding:
    """Judge by how many seconds this machine's clock is ahead of another."""
    if abs(ahead) <= MAX_SECONDS_APART:
        return True, "clock", f"within {max(1, abs(ahead)):.0f} s of that of {whose}"
    direction = "ahead of" if ahead > 0 else "behind"
    return (
        False,
        "clock",
        (
            f"This machine's clock is {abs(ahead):.0f} s {direction} that of {whose}. Set it by NTP: beyond some "
            "minutes, Microsoft refuses certificates that sign in, and people's sign-ins are refused here."
        ),
    )


def redis_clock() -> Iterator[Finding]:
    seconds, micros = broker.broker.client.time()
    ahead = datetime.now(UTC).timestamp() - (seconds + micros / 1e6)
    yield clock(ahead, "Redis")


def redis_persistence() -> Iterator[Finding]:
    """Look whether Redis keeps what waits over a restart, and can still write it down."""
    try:
        facts: Any = broker.broker.client.info("persistence")
    except redis.exceptions.NoPermissionError:
        yield WARN, "redis persistence", "This user of Redis may not ask (INFO): let it, with +info"
        return
    failed = [name for name in ("aof_last_write_status", "rdb_last_bgsave_status") if facts.get(name, "ok") != "ok"]
    if failed:
        yield False, "redis persistence", f"Redis cannot write to its disk ({', '.join(failed)}). Make room there."
    elif not facts.get("aof_enabled"):
        advice = "Set appendonly yes: else what waits is sent again by the scheduler, after a restart"
        yield WARN, "redis persistence", advice
    else:
        yield True, "redis persistence", "append-only, and the last write went well"


def versions() -> Iterator[Finding]:
    """Look whether the processes that beat now are all of one version, which is this command's."""
    found = {version or "unknown" for _, version in installation.count_by_version(utcnow() - ALIVE)}
    others = sorted(found - {installation.own_version()})
    if others:
        yield (
            WARN,
            "versions",
            (
                f"Processes of version {', '.join(others)} run beside this one of {installation.own_version()}. "
                "Restart those that are older once the upgrade is done."
            ),
        )


def credential_end() -> Iterator[Finding]:
    """Look when the first of the credentials in force ends: 30 days before it is said, a day before it is urgent."""
    ends_at = figures.first_credential_end()
    if ends_at is None:
        return
    days = (ends_at - utcnow()).total_seconds() / 86_400
    when = f"The first credential of a tenant or an app ends on {ends_at:%Y-%m-%d}"
    remedy = "Give it another one: the tenant's page, or “Our apps”, says which."
    if days > WARN_DAYS:
        yield True, "credentials", f"{when}"
    else:
        yield (False if days <= LAST_DAYS else WARN), "credentials", f"{when}, in {max(days, 0):.0f} days. {remedy}"


def postgresql() -> Iterator[Finding]:
    """Look at the server's version and encoding; SQLite has neither."""
    if engine.is_sqlite():
        return
    number, encoding = engine.database.execute_sql(
        "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
    ).fetchone()
    yield from judge_postgresql(number // 10_000, encoding)


def judge_postgresql(major: int, encoding: str) -> Iterator[Finding]:
    if encoding != "UTF8":
        yield (
            False,
            "postgresql",
            (
                f"The database keeps text as {encoding}: names in other letters are refused. Make one with ENCODING "
                "'UTF8', and move with `tenantkeep export-all` and `import-all`."
            ),
        )
    is_old = major < OLDEST_POSTGRESQL
    advice = f". Nobody mends versions before {OLDEST_POSTGRESQL} any more: upgrade it" if is_old else ""
    yield WARN if is_old else True, "postgresql", f"version {major}, {encoding}{advice}"


# In the order in which they are told. Those of the database are asked on an open connection.
DATABASE_CHECKS = (versions, credential_end, postgresql)
REDIS_CHECKS = (redis_clock, redis_persistence)
