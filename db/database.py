"""The one database handle. `bind_database` binds it; web and actors open and close it around each unit of work.

Modules of tables import `database` before anything is bound.
"""

import logging
import os
import re
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from functools import cache, wraps
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast
from urllib.parse import unquote, urlsplit
from weakref import WeakSet

import peewee as pw
from playhouse.pool import PooledSqliteDatabase

logger = logging.getLogger(__name__)

DatabaseError, OperationalError = pw.DatabaseError, pw.OperationalError

# An argument of `where`. mypy does not follow Peewee's types (pyproject.toml says why): this tells a reader.
Condition: TypeAlias = pw.Expression


class _DatabaseProxy(pw.DatabaseProxy):
    def savepoint(self) -> pw._savepoint:
        # Peewee's would be its own, not the engine's (_Savepoint).
        savepoint: pw._savepoint = self.obj.savepoint()
        return savepoint


database = _DatabaseProxy()

# More than the threads of one process (web 8, worker 8, and their heartbeats).
POOL_SIZE = 20
POOL_WAIT_SECONDS = 10
# A connection is closed after so long, and with it what it remembers.
STALE_SECONDS = 300


# PostgreSQL takes no NUL, and no database half a character. Contents are bytes, and keep both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class _ReplacesUnstorable:
    """Mixin of an engine: what no database can hold becomes U+FFFD, in the same way on both."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        return super().execute_sql(sql, [replace_unstorable(param) for param in params] if params else params)  # type: ignore[misc]


def replace_unstorable(value: Any) -> Any:
    """Return the value as it will be when it is read again."""
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


Writer = Callable[[list[Any]], None]


class _PendingRows(threading.local):
    def __init__(self) -> None:
        self.rows: list[tuple[Writer, Any]] = []


class _WritesBeforeCommit:
    """Mixin of an engine: writes rows that every transaction writes as the last thing before the commit.

    So no transaction waits for the whole of another, and none holds such a row while it waits for something else.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._last = _PendingRows()
        super().__init__(*args, **kwargs)

    def write_last(self, writer: Writer, row: Any) -> None:
        """In a transaction: hand all such rows to `writer` just before the commit. If it raises, nothing was done."""
        self._last.rows.append((writer, row))

    def begin(self, *args: Any, **kwargs: Any) -> None:
        self._last.rows = []
        super().begin(*args, **kwargs)  # type: ignore[misc]

    def commit(self) -> None:
        rows, self._last.rows = self._last.rows, []
        for writer, of_writer in groupby(rows, key=itemgetter(0)):
            writer([row for _, row in of_writer])
        super().commit()  # type: ignore[misc]

    def rollback(self) -> None:
        self._last.rows = []
        if not self.is_taken_back():
            super().rollback()  # type: ignore[misc]

    def is_taken_back(self) -> bool:
        """In a transaction: return whether the engine took it back by itself."""
        return False

    def savepoint(self) -> "_Savepoint":
        return _Savepoint(self)


class _Savepoint(pw._savepoint):
    """A savepoint that takes back what was to be written last, too."""

    def _begin(self) -> None:
        super()._begin()
        self._count = len(self.db._last.rows)

    def rollback(self, begin: bool = True) -> None:
        del self.db._last.rows[self._count :]
        if not self.db.is_taken_back():
            super().rollback(begin)


class _SqliteConnection(sqlite3.Connection):
    """A connection that knows its file, and its cursors."""

    def __init__(self, path: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(path, *args, **kwargs)
        self.file, self.cursors = _identity(path), WeakSet[sqlite3.Cursor]()

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        made = super().cursor(*args, **kwargs)
        self.cursors.add(made)
        return made


def _identity(path: str) -> tuple[int, int] | None:
    """Return what identifies a file, even if another takes its name; None where there is no file."""
    try:
        stat = os.stat(path)
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


class _Sqlite(_ReplacesUnstorable, _WritesBeforeCommit, PooledSqliteDatabase):
    """Connections that stay open: docs/decisions/0047-sqlite-connections-stay-open.md."""

    def is_taken_back(self) -> bool:
        # Where its disk is full or broken: sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction".
        # A ROLLBACK would then fail, and its error would stand in the place of the one that says why.
        return not self.connection().in_transaction

    def _is_closed(self, connection: _SqliteConnection) -> bool:
        return super()._is_closed(connection) or connection.file != _identity(self.database)

    def _can_reuse(self, connection: _SqliteConnection) -> bool:
        for cursor in list(connection.cursors):
            cursor.close()
        return bool(super()._can_reuse(connection))


def bind_database(url: str) -> pw.Database:
    """Bind to `sqlite:///path` or `postgresql://…`; opens nothing yet."""
    engine = _sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else _postgresql(url)
    database.initialize(engine)
    return engine


def _sqlite(path: str) -> pw.Database:
    # IMMEDIATE: docs/decisions/0014-sqlite-immediate.md. Whoever takes a connection is not always the thread that
    # opened it, and is always the only one.
    return _Sqlite(
        path,
        pragmas={"busy_timeout": 30_000, "journal_mode": "wal", "synchronous": "normal", "foreign_keys": 1},
        lock_type="IMMEDIATE",
        factory=_SqliteConnection,
        check_same_thread=False,
        cached_statements=500,
        max_connections=POOL_SIZE,
        stale_timeout=STALE_SECONDS,
        timeout=POOL_WAIT_SECONDS,
    )


@cache
def _postgresql_class() -> type[pw.Database]:
    """Import the driver only where PostgreSQL is used: it is an extra."""
    from playhouse.pool import PooledPostgresqlDatabase

    bases = (_ReplacesUnstorable, _WritesBeforeCommit, PooledPostgresqlDatabase, _BoundedPostgresql)
    return type("Postgresql", bases, {})


# Seconds. A line that is cut tells nobody: what hangs on it would wait for a quarter of an hour or for hours, each side
# by itself. Here the connection is given up once the claims on it have gone stale.
SILENT_SECONDS = 15
# There, a transaction that says nothing for so long is taken back: others wait for the rows that it holds. None of ours
# is silent for a tenth of it.
SILENT_TRANSACTION_SECONDS = 30


class _BoundedPostgresql(pw.PostgresqlDatabase):
    """Connections that tell their server how long a transaction may be silent."""

    def _connect(self) -> Any:
        connection = super()._connect()
        # Not in the address: PgBouncer would refuse it there. Its other clients are ours, and set the same.
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = %s", (f"{SILENT_TRANSACTION_SECONDS}s",))
        return connection


def _postgresql(url: str) -> pw.Database:
    named = {pair.partition("=")[0] for pair in urlsplit(url).query.split("&")}
    bounds = {
        "keepalives_idle": SILENT_SECONDS - 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": SILENT_SECONDS * 1000,
    }
    # connect_timeout: /readyz must answer within two seconds when the server is gone.
    return _postgresql_class()(
        unquote(urlsplit(url).path.lstrip("/")),
        dsn=url,
        connect_timeout=2,
        max_connections=POOL_SIZE,
        stale_timeout=STALE_SECONDS,
        timeout=POOL_WAIT_SECONDS,
        **{name: bound for name, bound in bounds.items() if name not in named},
    )


# The errors of both engines: SQLite for its file's disk, PostgreSQL for its server's.
_DISK_FULL = re.compile("disk is full|No space left")
DISK_FULL = "The database's disk is full. Make room there; what waits goes on by itself."


def is_disk_full(error: BaseException) -> bool:
    return isinstance(error, pw.OperationalError) and bool(_DISK_FULL.search(str(error)))


def is_lock_held(error: BaseException) -> bool:
    """Return whether SQLite says that another process has been writing for longer than it waits."""
    return isinstance(error, pw.OperationalError) and "database is locked" in str(error)


def is_unreachable(error: BaseException) -> bool:
    """Return whether the error means that the database's server cannot be reached, not that the statement is wrong."""
    if is_sqlite() or not isinstance(error, pw.OperationalError | pw.InterfaceError):
        return False
    # Without a state it is the driver's own word; 57P: the server is shutting down or starting.
    state = getattr(error.__context__, "pgcode", None)
    return state is None or state.startswith(("08", "57P"))


def lock_rows(model: Any, which: Any) -> None:
    """In a transaction: lock these rows, in rising order of their ids, before anything is decided by them.

    It is a statement of its own, so that the next one sees what the rows' last holder did. Not FOR UPDATE: that would
    hold up transactions that only refer to such a row. SQLite's transactions have the whole database.
    """
    _select_for_update(model.select(model.id).where(which).order_by(model.id), "FOR NO KEY UPDATE")


def lock_rows_shared(model: Any, which: Any) -> None:
    """In a transaction: keep these rows as they are, beside others that do so too."""
    _select_for_update(model.select(model.id).where(which).order_by(model.id), "FOR SHARE")


def _select_for_update(query: Any, how: str) -> None:
    if not is_sqlite():
        list(query.for_update(how).tuples())


def is_deadlock(error: BaseException) -> bool:
    """Return whether PostgreSQL says that two transactions waited for each other, and took this one back whole."""
    return isinstance(error, pw.OperationalError) and getattr(error.__context__, "pgcode", None) == "40P01"


# By then the other transaction has what it waited for. At once we might be quicker, and meet it again.
AFTER_DEADLOCK_SECONDS = 0.1

Act = TypeVar("Act", bound=Callable[..., Any])


def transaction(act: Act) -> Act:
    """Run the function in one transaction. After a deadlock run it once more, if this call began the transaction.

    Use it for functions that change only rows: anything else would be done twice.
    """

    @wraps(act)
    def whole(*args: Any, **kwargs: Any) -> Any:
        is_outermost = not database.in_transaction()
        try:
            with database.atomic():
                return act(*args, **kwargs)
        except pw.OperationalError as e:
            if not (is_outermost and is_deadlock(e)):
                raise
            logger.warning("a deadlock took back %s; it is run again", act.__qualname__)
        time.sleep(AFTER_DEADLOCK_SECONDS)
        with database.atomic():
            return act(*args, **kwargs)

    return cast(Act, whole)


def free_disk_bytes() -> int | None:
    """Return how many bytes SQLite's disk has left; None: the database is on a server, which has a disk of its own."""
    return shutil.disk_usage(Path(database.obj.database).absolute().parent).free if is_sqlite() else None


def database_bytes() -> int:
    """Return how large the database is; of SQLite without what waits in its WAL."""
    if is_sqlite():
        [(pages,)], [(size,)] = (
            database.execute_sql(f"PRAGMA {name}").fetchall() for name in ("page_count", "page_size")
        )
        return int(pages * size)
    return int(database.execute_sql("SELECT pg_database_size(current_database())").fetchone()[0])


def is_sqlite() -> bool:
    return isinstance(database.obj, pw.SqliteDatabase)
