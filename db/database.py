"""The one database handle. `use` binds it; web and actors open and close it around each unit of work.

Table files import `database` before anything is bound."""

import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import peewee as pw

database = pw.DatabaseProxy()

# More than the threads of one process (web 8, worker 8, and their heartbeats).
POOL_SIZE = 20


# PostgreSQL takes no NUL, and no database half a character. Contents are bytes, and keep both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class _Storable:
    """Before an engine's class: what no database can hold becomes U+FFFD, on both in the same way."""

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        return super().execute_sql(sql, [storable(one) for one in params] if params else params)  # type: ignore[misc]


def storable(value: Any) -> Any:
    """The value as it will be there when it is read again."""
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else value


class _Sqlite(_Storable, pw.SqliteDatabase):
    pass


def use(url: str) -> pw.Database:
    """Bind to `sqlite:///path` or `postgresql://…`; opens nothing yet."""
    engine = _sqlite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else _postgresql(url)
    database.initialize(engine)
    return engine


def _sqlite(path: str) -> pw.Database:
    # IMMEDIATE: a deferred transaction that reads and then writes is refused as "locked" at once, whatever the
    # timeout says, when another writer came between.
    return _Sqlite(
        path,
        pragmas={"journal_mode": "wal", "synchronous": "normal", "foreign_keys": 1},
        timeout=30,
        lock_type="IMMEDIATE",
    )


@cache
def _postgresql_class() -> type[pw.Database]:
    """Imported only where PostgreSQL is used: its driver is an extra."""
    from playhouse.pool import PooledPostgresqlDatabase

    return type("Postgresql", (_Storable, PooledPostgresqlDatabase), {})


def _postgresql(url: str) -> pw.Database:
    # connect_timeout: /readyz must answer within two seconds when the server is gone.
    return _postgresql_class()(
        unquote(urlsplit(url).path.lstrip("/")),
        dsn=url,
        connect_timeout=2,
        max_connections=POOL_SIZE,
        stale_timeout=300,
        timeout=10,
    )


# What both engines say: SQLite of its file's disk, PostgreSQL of its server's.
_FULL = re.compile("disk is full|No space left")
FULL = "The database's disk is full. Make room there; what waits goes on by itself."


def is_full(error: BaseException) -> bool:
    return isinstance(error, pw.OperationalError) and bool(_FULL.search(str(error)))


def is_away(error: BaseException) -> bool:
    """Whether the error says that the database's server is out of reach, and nothing about what was asked of it."""
    if is_sqlite() or not isinstance(error, pw.OperationalError | pw.InterfaceError):
        return False
    # Without a state it is the driver's own word; 57P: the server is shutting down or starting.
    state = getattr(error.__context__, "pgcode", None)
    return state is None or state.startswith(("08", "57P"))


def disk_free() -> int | None:
    """Return how many bytes SQLite's disk has left; None: the database is on a server, which has a disk of its own."""
    return shutil.disk_usage(Path(database.obj.database).absolute().parent).free if is_sqlite() else None


def close_all() -> None:
    """The connections that a pool keeps open as well: what this process forks must not share one."""
    if not is_sqlite():
        database.close_all()


def is_sqlite() -> bool:
    return isinstance(database.obj, pw.SqliteDatabase)
