"""Migrations: bring the database to this version. `tenantkeep migrate` is safe to start twice at once."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peewee as pw

from db import private_file
from db.database import database, is_sqlite

if TYPE_CHECKING:
    from playhouse.migrations import Runner

DIRECTORY = Path(__file__).parent / "migrations"
# Any constant will do; it must only be ours.
ADVISORY_LOCK = 7_316_482_001
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(%s)"
PAUSE_SECONDS = 0.2
# Where the runner notes what it applied.
TABLE = "schema_migration"
_APPLIED = "SELECT name FROM schema_migration ORDER BY name"


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
    """Return the names of the migrations to apply, in their order. Each process asks when it starts."""
    done = set(applied())
    return [name for name in sorted(path.stem for path in DIRECTORY.glob("[0-9]*.py")) if name not in done]


def applied() -> list[str]:
    if not database.table_exists(TABLE):
        return []
    return [name for (name,) in database.execute_sql(_APPLIED).fetchall()]


def _runner() -> "Runner":
    from playhouse.migrations import Runner  # only here: most processes find nothing to apply

    return Runner(database.obj, str(DIRECTORY), TABLE)


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
    with _locked_transaction():
        # A limit that the role has is for pages. Behind a pooler the next statement may go by another connection, and
        # other people's would keep what is set here: there, the limit stands.
        is_pooled = _is_pooled()
        if not is_pooled:
            database.execute_sql("SET statement_timeout = 0")
        try:
            yield
        finally:
            if not is_pooled:
                database.execute_sql("RESET statement_timeout")


@contextmanager
def _locked_transaction() -> Iterator[None]:
    """Hold the lock by a connection of its own, in a transaction: PgBouncer in transaction mode keeps no other lock.

    Asked for again and again, not waited for: whoever waits in a statement is waited for by an index that is built
    beside others, and both would wait for ever. Each try has a transaction of its own: one that was in a statement as
    that index began is waited for until its end. Between statements the one that has the lock holds no snapshot, so
    nobody waits for it either.
    """
    holder = pw.PostgresqlDatabase._connect(database.obj)  # beside the pool
    try:
        cursor = holder.cursor()
        while not _begin_with_lock(cursor):
            time.sleep(PAUSE_SECONDS)
        yield
    finally:
        holder.close()


def _begin_with_lock(cursor: Any) -> bool:
    """Begin a transaction that has the lock. Leave none behind where another has it."""
    cursor.execute("BEGIN")
    cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    if _take_lock(cursor):
        return True
    cursor.execute("ROLLBACK")
    return False


def _take_lock(cursor: Any) -> bool:
    cursor.execute(TRY_LOCK, (ADVISORY_LOCK,))
    return bool(cursor.fetchone()[0])


def _is_pooled() -> bool:
    """Tell whether a pooler stands between: it does not give its clients the numbers of the server's processes."""
    own = database.obj.connection().get_backend_pid()
    return bool(database.execute_sql("SELECT pg_backend_pid()").fetchone()[0] != own)
