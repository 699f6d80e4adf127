"""Checks of `doctor` that look at one thing each: clocks, versions, expiry, and the servers that others run for us."""

import stat
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis

import config
from actors.queue import broker
from db import database as engine
from db.clock import utcnow
from db.copies import recovery_keys, standing
from db.copies import stores as copy_stores
from db.definitions import definitions, sources
from db.installation import figures, installation, key_rotation
from db.private_file import ACCESS_OF_OTHERS
from db.states import DefinitionState

# Well, but not for long, or not as it should be: no reason to exit with 1.
WARN = "warn"
# (True: well, False: to be mended, or WARN; what it is about; a sentence).
Finding = tuple[bool | str, str, str]

ALIVE = timedelta(seconds=30)
WARN_DAYS, URGENT_DAYS, LAST_DAYS = 30, 7, 1
# Where our pages say to put the settings of services, and of containers.
ENVIRONMENT_FILES = (Path("/etc/tenantkeep/tenantkeep.env"), Path("/etc/tenantkeep/owner.env"), Path(".env"))
# Of each kind of sealed value, and of each end: so that it takes a moment, however much is kept.
SEALED_LOOKED_AT = 10_000
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
    """Look whose credential ends first: 30 days before it is said, a week before it has to be mended."""
    found = figures.first_credential_end()
    if found is None:
        return
    ends_at, whose = found
    days = (ends_at - utcnow()).total_seconds() / 86_400
    when = f"The first that ends, on {ends_at:%Y-%m-%d}, is that of {whose}"
    remedy = "Give it another one: the tenant's page, or “Our apps”, says how."
    if days > WARN_DAYS:
        yield True, "credentials", when
    elif days > URGENT_DAYS:
        yield WARN, "credentials", f"{when}, in {days:.0f} days. {remedy}"
    elif days > LAST_DAYS:
        yield False, "credentials", f"{when}, in {days:.0f} days. This week: {remedy}"
    else:
        is_over = days <= 0
        yield False, "credentials", f"{when}: {'it has ended' if is_over else 'within a day'}. Now: {remedy}"


def secret_files() -> Iterator[Finding]:
    """Look whether others of this machine may read the files that hold our passwords and keys."""
    files = config.secret_files()
    files |= {path: "settings" for path in ENVIRONMENT_FILES if _is_ours(path)}
    open_files = [
        f"{path} ({whose}, mode {mode:04o})"
        for path, whose in files.items()
        if (mode := _mode(path)) is not None and mode & ACCESS_OF_OTHERS
    ]
    if open_files:
        yield WARN, "secret files", f"Every user of this machine gets at {', '.join(open_files)}: chmod o= on each."
    elif files:
        yield True, "secret files", f"{len(files)}, open to their owners and groups alone"


def _is_ours(path: Path) -> bool:
    try:
        return "TENANTKEEP_" in path.read_text(errors="replace")
    except OSError:
        return False


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None


def sealed_values() -> Iterator[Finding]:
    """Look whether the keys are given that seal what is kept."""
    missing = key_rotation.missing_keys(SEALED_LOOKED_AT)
    if missing:
        named = ", ".join(f"{key} (at least {count} value(s))" for key, count in missing.items())
        advice = "Add it behind the others: without it they stay closed."
        yield False, "sealed values", f"TENANTKEEP_ENCRYPTION_KEYS lacks a key: {named}. {advice}"
    else:
        yield True, "sealed values", f"the keys of the oldest and newest {SEALED_LOOKED_AT:,} of each kind are given"


def size() -> Iterator[Finding]:
    yield True, "size", f"the database takes {engine.database_bytes() / 1024**2:,.0f} MB"


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


def words() -> Iterator[Finding]:
    """Tell how many settings have Microsoft's words in each language, and which tenants are not asked for them."""
    languages = config.settings().definition_languages
    found: dict[str, dict[str, tuple[int, datetime | None]]] = {}
    for language, state, count, asked_at in definitions.counts():
        found.setdefault(language, {})[state] = count, asked_at
    told = [_words_in(language, found.get(language, {})) for language in languages]
    yield (
        True,
        "words",
        "; ".join(told) or "not asked for: TENANTKEEP_DEFINITION_LANGUAGES is none",
    )
    refusing = sources.refusing() if languages else []
    if refusing:
        more = f", and {len(refusing) - 1} more" if refusing[1:] else ""
        yield WARN, "words", f"{refusing[0].tenant.name}{more} may not be asked for them: {refusing[0].refusal}"


def _words_in(language: str, by_state: Mapping[str, tuple[int, datetime | None]]) -> str:
    known, asked_at = by_state.get(DefinitionState.KNOWN, (0, None))
    wanted, _ = by_state.get(DefinitionState.WANTED, (0, None))
    unknown, _ = by_state.get(DefinitionState.UNKNOWN, (0, None))
    when = f", last asked for on {asked_at:%Y-%m-%d}" if asked_at else ""
    return (
        f"{language}: {known:,} settings known{when}, {wanted:,} to be asked for, {unknown:,} that Graph does not know"
    )


def copies() -> Iterator[Finding]:
    """Look whether every store of copies works, locks and is up to date."""
    found = standing.findings(utcnow())
    for finding in found:
        yield False, "copies", f"{finding.store.name}: {finding.sentence}"
    for store in copy_stores.working():
        if not copy_stores.is_git(store.address) and not recovery_keys.opens_surely(store, utcnow()):
            yield (
                WARN,
                "copies",
                (
                    f"{store.name}: nobody proved within a year that the recovery key opens it: "
                    f"tenantkeep recovery-key check {store.name}"
                ),
            )
    every = copy_stores.all_stores()
    count = len(every)
    # From a repository for reading nothing comes back.
    if all(copy_stores.is_git(store.address) for store in every):
        yield WARN, "copies", "There is no store: who loses this installation loses its backups (docs/copies.md)"
    elif not found:
        yield True, "copies", f"{count} store(s) work, and hold every set of more than a day ago"


# In the order in which they are told. Those of the database are asked on an open connection.
DATABASE_CHECKS = (versions, credential_end, sealed_values, copies, words, postgresql, size)
REDIS_CHECKS = (redis_clock, redis_persistence)
