"""Starting a process: binds the database and the encryption keys, and refuses to start on wrong ones."""

import gc
import logging
import re
import time
from pathlib import Path

import peewee as pw

import config
from actors.process.logs import REPEATED, first_line
from config import Settings, SettingsError
from db import clock, encryption, migrate, observation
from db import database as engine
from db.installation import installation, privileges
from graph.errors import redact, register_secrets

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1
COLLECTED_AFTER = 50_000
MEGABYTE = 1024 * 1024
# The database file, its WAL and a checkpoint may need this much at once.
MIN_FREE_BYTES = 32 * MEGABYTE
UNKNOWN_SETTING = "%s is no setting of Tenantkeep, and does nothing"


class StartupError(Exception):
    """The process cannot start; the sentence says what to set or run."""


class NotYet(StartupError):
    """It may be otherwise in a moment; a process that stays waits for it."""


class DatabaseAway(NotYet):
    """The database does not answer."""


class NotMigrated(NotYet):
    """The database is of the version before; `tenantkeep migrate` may be at work."""


# Errors that keep a process from starting: commands print their sentence, never a traceback.
REFUSALS = (SettingsError, StartupError)

# The server answered, and waiting would not change its answer.
_FINAL_REFUSAL = re.compile("password|does not exist|pg_hba|permission|not permitted|SSL|certificate")


def prepare(settings: Settings) -> None:
    """Bind and check the database. Raises StartupError within seconds; leaves no connection open, creates nothing."""
    bind(settings)
    _check(settings)


def prepare_reading(settings: Settings) -> None:
    """Like `prepare`, sooner, for a process that only reads the database: it starts no run, and calls nobody."""
    _bind_database(settings)
    _check(settings)


def _check(settings: Settings) -> None:
    if engine.is_sqlite() and not Path(engine.database.obj.database).exists():
        raise StartupError(
            f"There is no database at {config.shown(settings.database_url)}. Is this the service's setting? "
            "Then run: tenantkeep migrate"
        )
    try:
        with engine.database.connection_context():
            check_database()
    except pw.OperationalError as e:
        raise as_startup_error(e) from e


def prepare_waiting(settings: Settings) -> None:
    """Like `prepare`, but wait while the database is away, or not migrated: a process may be there before either."""
    _warn_of_unknown(settings)
    while True:
        try:
            return prepare(settings)
        except NotYet as e:
            logger.warning("%s Waiting for it.", e, extra=REPEATED)
            time.sleep(PAUSE_SECONDS)


def prepare_unless_away(settings: Settings) -> bool:
    """Like `prepare`, but return False while the database is away, or not migrated. `check_database` is then still to
    be called.

    For web, whose pages can say so.
    """
    _warn_of_unknown(settings)
    try:
        prepare(settings)
    except NotYet as e:
        logger.warning("%s Pages answer 503 until then.", e)
        return False
    return True


def _warn_of_unknown(settings: Settings) -> None:
    for name in settings.unknown:
        logger.warning(UNKNOWN_SETTING, name)


def bind(settings: Settings, *, as_owner: bool = False) -> None:
    # Only here: who just reads the database need not wait for them.
    from actors.process import tracing
    from actors.process.meters import RunMeter
    from graph.transport import outbound
    from graph.transport.outbound import Proxy

    _bind_database(settings, as_owner=as_owner)
    outbound.use(Proxy(settings.proxy_url, settings.no_proxy), settings.ca_bundle)
    observation.observe(RunMeter())
    try:
        tracing.use(settings)
    except ValueError as e:
        raise StartupError(str(e)) from e


def _bind_database(settings: Settings, *, as_owner: bool = False) -> None:
    register_secrets(config.secrets(settings))
    engine.bind_database((as_owner and settings.owner_database_url) or settings.database_url)
    encryption.use_keys(settings.encryption_keys)


def check_database() -> None:
    """Check rights, migrations and encryption keys, on an open connection. Raises StartupError."""
    try:
        clock.sync_with_database()
        lacking = privileges.missing_grants()
        if lacking:
            raise StartupError(f"The database's role lacks rights. As the owner of the tables: {' '.join(lacking)}")
        pending = migrate.pending()
        if pending:
            raise NotMigrated(f"The database lacks {len(pending)} migration(s). Run: tenantkeep migrate")
        installation.check_keys()
    except pw.ProgrammingError as e:
        raise StartupError(f"The database refuses: {redact(first_line(e))}") from e
    except encryption.SealError as e:
        raise StartupError(str(e)) from e


def low_disk_warning() -> str | None:
    """Return what to do when SQLite's disk is nearly full, or None."""
    free = engine.free_disk_bytes()
    if free is None or free >= MIN_FREE_BYTES:
        return None
    place = Path(engine.database.obj.database).absolute().parent
    return f"The disk is nearly full: {free // MEGABYTE} MB are free in {place}. Make room there."


def as_startup_error(e: pw.OperationalError) -> StartupError:
    reason = redact(first_line(e))
    is_final = engine.is_sqlite() or _FINAL_REFUSAL.search(reason)
    return (StartupError if is_final else DatabaseAway)(
        f"The database does not answer: {reason} Check TENANTKEEP_DATABASE_URL."
    )


def collect_circles_rarely() -> None:
    """Look for circles of objects after COLLECTED_AFTER new ones, and never among what is imported by now.

    Nearly all objects of a worker are JSON, which holds none. To look after every 700, as Python does, took a tenth of
    its processor time (docs/benchmarks.md).
    """
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER)
