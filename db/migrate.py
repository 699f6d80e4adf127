"""Brings the database to this version: `tenantkeep migrate`, safe to start twice at once."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playhouse.migrations import Runner

from db import private_file
from db.database import database, is_sqlite

DIRECTORY = Path(__file__).parent / "migrations"
# Any constant will do; it must only be ours.
ADVISORY_LOCK = 7_316_482_001


def migrate() -> list[str]:
    """Apply what is pending, under a lock; returns the names applied."""
    if is_sqlite():
        # Before SQLite makes it, for everybody to read: there are password hashes in it.
        private_file.make(Path(database.obj.database))
    with database.connection_context(), _one_at_a_time():
        return list(_runner().up())


def pending() -> list[str]:
    return [row.name for row in _runner().status() if row.path is not None and not row.applied]


def applied() -> list[str]:
    return sorted(_runner().applied())


def _runner() -> Runner:
    return Runner(database.obj, str(DIRECTORY))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    # Two runners at once would both apply the same migration: playhouse takes no lock itself.
    if is_sqlite():
        path = Path(f"{database.obj.database}.migrate-lock")
        private_file.make(path)
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        return
    database.execute_sql("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
    try:
        yield
    finally:
        database.execute_sql("SELECT pg_advisory_unlock(%s)", (ADVISORY_LOCK,))
