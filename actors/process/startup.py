"""What every process does before it serves: bind the database and the keys, and refuse to start on a wrong one."""

import logging
import re
import time
from pathlib import Path

import peewee as pw

import config
from actors.process.logs import REPEATED, first_line
from config import Settings, SettingsError
from db import clock, encryption, migrate
from db import database as engine
from db.installation import installation, privileges
from graph.errors import redact, register_secrets

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1
MEGABYTE = 1024 * 1024
# What the file, its WAL and a checkpoint may want at once.
LEAST_FREE = 32 * MEGABYTE
UNKNOWN = "%s is no setting of Tenantkeep, and does nothing"


class StartupError(Exception):
    """The sentence says what to set or run."""


class DatabaseAway(StartupError):
    """It may be there in a moment; a process that stays waits for it."""


# What keeps a process from starting: one sentence for stderr, and never a traceback.
REFUSALS = (SettingsError, StartupError)

# The server was found, and will say the same again.
_REFUSED = re.compile("password|does not exist|pg_hba|permission|not permitted|SSL|certificate")


def prepare(settings: Settings) -> None:
    """Bind and check. Raises StartupError within seconds; nothing stays open, and nothing is made."""
    bind(settings)
    if engine.is_sqlite() and not Path(engine.database.obj.database).exists():
        raise StartupError(
            f"There is no database at {config.shown(settings.database_url)}. Is this the service's setting? "
            "Then run: tenantkeep migrate"
        )
    try:
        with engine.database.connection_context():
            check()
    except pw.OperationalError as e:
        raise unreachable(e) from e


def prepare_to_stay(settings: Settings) -> None:
    """As `prepare`, for a process that stays: at boot it may be there before its database, and waits."""
    _name_unknown(settings)
    while True:
        try:
            return prepare(settings)
        except DatabaseAway as e:
            logger.warning("%s Waiting for it.", e, extra=REPEATED)
            time.sleep(PAUSE_SECONDS)


def prepare_if_there(settings: Settings) -> bool:
    """As `prepare`, for web, whose pages can say that the database is away. False: it is, and `check` is to come."""
    _name_unknown(settings)
    try:
        prepare(settings)
    except DatabaseAway as e:
        logger.warning("%s Pages answer 503 until it does.", e)
        return False
    return True


def _name_unknown(settings: Settings) -> None:
    for name in settings.unknown:
        logger.warning(UNKNOWN, name)


def bind(settings: Settings, *, as_owner: bool = False) -> None:
    register_secrets(config.secrets(settings))
    engine.bind_database((as_owner and settings.owner_database_url) or settings.database_url)
    encryption.use_keys(settings.encryption_keys)


def check() -> None:
    """On an open connection: may we use it, is it migrated, are the keys its keys? Raises StartupError."""
    try:
        clock.sync_with_database()
        lacking = privileges.missing_grants()
        if lacking:
            raise StartupError(f"The database's role lacks rights. As the owner of the tables: {' '.join(lacking)}")
        pending = migrate.pending()
        if pending:
            raise StartupError(f"The database lacks {len(pending)} migration(s). Run: tenantkeep migrate")
        installation.check_keys()
    except pw.ProgrammingError as e:
        raise StartupError(f"The database refuses: {redact(first_line(e))}") from e
    except encryption.SealError as e:
        raise StartupError(str(e)) from e


def disk_trouble() -> str | None:
    """Return what to do when SQLite has no room left to write; None: it has."""
    free = engine.free_disk_bytes()
    if free is None or free >= LEAST_FREE:
        return None
    place = Path(engine.database.obj.database).absolute().parent
    return f"The disk is nearly full: {free // MEGABYTE} MB are free in {place}. Make room there."


def unreachable(e: pw.OperationalError) -> StartupError:
    reason = redact(first_line(e))
    kind = StartupError if engine.is_sqlite() or _REFUSED.search(reason) else DatabaseAway
    return kind(f"The database does not answer: {reason} Check TENANTKEEP_DATABASE_URL.")
