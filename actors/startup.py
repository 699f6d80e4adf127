"""What every process does before it serves: bind the database and the keys, and refuse to start on a wrong one."""

import peewee as pw

import config
from config import Settings, SettingsError
from db import clock, installation, migrate, sealing
from db import database as engine
from graph.errors import never_show


class StartupError(Exception):
    """The sentence says what to set or run."""


# What keeps a process from starting: one sentence for stderr, and never a traceback.
REFUSALS = (SettingsError, StartupError)


def prepare(settings: Settings) -> None:
    """Bind and check. Raises StartupError within seconds; nothing stays open."""
    bind(settings)
    try:
        with engine.database.connection_context():
            check()
    except pw.OperationalError as e:
        raise StartupError(f"The database does not answer: {_first_line(e)} Check TENANTKEEP_DATABASE_URL.") from e


def bind(settings: Settings) -> None:
    never_show(config.secrets(settings))
    engine.use(settings.database_url)
    sealing.use_keys(settings.encryption_keys)


def check() -> None:
    """On an open connection: is it migrated, and are the keys its keys? Raises StartupError."""
    clock.follow_database()
    pending = migrate.pending()
    if pending:
        raise StartupError(f"The database lacks {len(pending)} migration(s). Run: tenantkeep migrate")
    try:
        installation.check_keys()
    except sealing.SealError as e:
        raise StartupError(str(e)) from e


def _first_line(e: Exception) -> str:
    return str(e).strip().splitlines()[0].rstrip(".") + "."
