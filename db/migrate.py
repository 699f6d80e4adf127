"""Migrations: bring the database to this version. `tenantkeep migrate` is safe to start twice at once."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import peewee as pw
from playhouse.migrations import Runner

from db import private_file
from db.database import database, is_sqlite

DIRECTORY = Path(__file__).parent / "migrations"
# Any constant will do; it must only be ours.
ADVISORY_LOCK = 7_316_482_001
PAUSE_SECONDS = 0.2


class NotTheOwner(Exception):
    """The role of this connection may not change the tables."""


def migrate() -> list[str]:
    """Apply what is pending, under a lock. Return the names applied. Raises NotTheOwner."""
    if is_sqlite():
        path = Path(database.obj.database)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Before SQLite makes it, for everybody to read: there are password hashes in it.
        private_file.create_private(path)
    with database.connection_context():
        # Before anything is written: who does not own the tables may ask whether there is something to do.
        if not pending():
            return []
        try:
            with _migration_lock():
                return list(_runner().up())
        except pw.ProgrammingError as e:
            # sqlstate 42501, insufficient_privilege; all else is a fault of a migration
            if getattr(e.__context__, "pgcode", None) != "42501":
                raise
            raise NotTheOwner("The role that this address names may not change the tables.") from e


def pending() -> list[str]:
    return [row.name for row in _runner().status() if row.path is not None and not row.applied]


def applied() -> list[str]:
    return sorted(_runner().applied())


def _runner() -> Runner:
    return Runner(database.obj, str(DIRECTORY))


@contextmanager
def _migration_lock() -> Iterator[None]:
    # Two runners at once would both apply the same migration: playhouse takes no lock itself.
    if is_sqlite():
        path = Path(f"{database.obj.database}.migrate-lock")
        private_file.create_private(path)
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    # Asked again and again, not waited for: whoever waits in a statement is waited for by an index that is built
    # beside others, and both would wait for ever.
    while not database.execute_sql("SELECT pg_try_advisory_lock(%s)", (ADVISORY_LOCK,)).fetchone()[0]:
        time.sleep(PAUSE_SECONDS)
    # A limit that the role has is for pages.
    database.execute_sql("SET statement_timeout = 0")
    try:
        yield
    finally:
        database.execute_sql("RESET statement_timeout")
        database.execute_sql("SELECT pg_advisory_unlock(%s)", (ADVISORY_LOCK,))
