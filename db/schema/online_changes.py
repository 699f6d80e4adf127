"""Changes of a database that is at work: nobody waits behind a migration, and it may be started again anywhere.

What a migration must keep to, and an example, is in docs/architecture.md, "Writing a migration".
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import peewee as pw

logger = logging.getLogger(__name__)

# Less than the second after which PostgreSQL looks for a deadlock: who waits for us while we wait for them is let go
# by us, and never told that they lost.
LOCK_TIMEOUT_MS = 900
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30
# PostgreSQL's codes: lock_timeout is over, and statement_timeout, which only `lock_tables` sets.
_TOO_LONG = {"55P03", "57014"}


def is_sqlite(db: pw.Database) -> bool:
    return isinstance(db, pw.SqliteDatabase)


def briefly(db: pw.Database, act: Callable[[], Any]) -> Any:
    """Act in a transaction that asks for its locks only for a moment, and again later, until it has them.

    Who waits for the lock of a table makes everybody wait that comes after: behind an export, for an hour.
    """
    pause = SHORTEST_PAUSE
    while True:
        try:
            with db.atomic():
                if not is_sqlite(db):
                    db.execute_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                return act()
        except pw.OperationalError as e:
            if getattr(e.__context__, "pgcode", None) not in _TOO_LONG:
                raise
        logger.warning("a table is in use; trying again in %.1f s", pause)
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def lock_tables(db: pw.Database, tables: Iterable[str]) -> None:
    """In a transaction of `briefly`: lock these tables, all within the time that one lock may take."""
    db.execute_sql(f"SET LOCAL statement_timeout = {LOCK_TIMEOUT_MS}")
    db.execute_sql(f"LOCK TABLE {', '.join(sorted(tables))} IN ACCESS EXCLUSIVE MODE")
    db.execute_sql("SET LOCAL statement_timeout = 0")


def change(db: pw.Database, *statements: str) -> None:
    """Carry out statements that take no longer than a moment, all or none. Say IF EXISTS, IF NOT EXISTS in them."""
    briefly(db, lambda: [db.execute_sql(statement) for statement in statements])


def create_tables(db: pw.Database, tables: Sequence[Any], known: Sequence[Any] = ()) -> None:
    """Make tables, unless they are there. `known`: those that they refer to, by name alone.

    Each by itself: all at once would hold the tables that some refer to while they wait for those of others.
    """
    with db.bind_ctx((*tables, *known)):
        for table in pw.sort_models(tables):
            briefly(db, partial(db.create_tables, [table]))


def add_column(db: pw.Database, table: str, column: str, kind: str, refers_to: str | None = None) -> None:
    """Add a column, unless it is there. `kind` as in models: BIGINT, BOOLEAN, DATETIME, VARCHAR(20), with DEFAULT.

    A NOT NULL one needs a constant default, which rewrites no table. `refers_to`: "run (id) ON DELETE CASCADE".
    """
    sql = f"ALTER TABLE {table} ADD COLUMN {column} {_column_type(db, kind)}"
    key = f"REFERENCES {refers_to}"
    if is_sqlite(db):
        statements = [f"{sql} {key}" if refers_to else sql]
    else:
        # Apart, and not valid at first: with the column at once, every row would be looked at under the table's lock.
        constraint = f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fkey FOREIGN KEY ({column}) {key} NOT VALID"
        statements = [sql, constraint] if refers_to else [sql]
    if not has_column(db, table, column):
        change(db, *statements)
    validate(db)


def has_column(db: pw.Database, table: str, column: str) -> bool:
    if is_sqlite(db):
        return any(existing.name == column for existing in db.get_columns(table))
    query = "SELECT 1 FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s AND NOT attisdropped"
    return db.execute_sql(query, (table, column)).fetchone() is not None


# The type in models -> the types in SQLite's and PostgreSQL's tables.
_COLUMN_TYPES = {
    "BIGINT": ("INTEGER", "BIGINT"),
    "BOOLEAN NOT NULL DEFAULT FALSE": ("INTEGER NOT NULL DEFAULT 0", "BOOLEAN NOT NULL DEFAULT FALSE"),
    "BOOLEAN": ("INTEGER", "BOOLEAN"),
    "DATETIME": ("DATETIME", "TIMESTAMP"),
    "BLOB": ("BLOB", "BYTEA"),
}


def _column_type(db: pw.Database, kind: str) -> str:
    for name, (sqlite, postgresql) in _COLUMN_TYPES.items():
        if kind.startswith(name):
            return kind.replace(name, sqlite if is_sqlite(db) else postgresql, 1)
    return kind


_UNVALIDATED_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint
WHERE contype = 'f' AND NOT convalidated AND connamespace = current_schema()::regnamespace ORDER BY 1, 2
"""


def validate(db: pw.Database) -> None:
    """Prove the foreign keys that were added as NOT VALID, those of an interrupted migration too. Nobody waits."""
    if not is_sqlite(db):
        for table, name in db.execute_sql(_UNVALIDATED_KEYS).fetchall():
            db.execute_sql(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def create_index(db: pw.Database, name: str, on: str, *, is_unique: bool = False) -> None:
    """Build an index while others write, unless it is there. `on`: "run (tenant_id, kind) WHERE …".

    What an interrupted build left is no index, and built anew.
    """
    create = "CREATE UNIQUE INDEX" if is_unique else "CREATE INDEX"
    if is_sqlite(db):
        db.execute_sql(f"{create} IF NOT EXISTS {name} ON {on}")
        return
    if _is_left_over(db, name):
        db.execute_sql(f"DROP INDEX CONCURRENTLY {name}")
    # No lock_timeout: it waits for transactions that began before it, and nobody waits for it.
    db.execute_sql(f"{create} CONCURRENTLY IF NOT EXISTS {name} ON {on}")


def _is_left_over(db: pw.Database, name: str) -> bool:
    row = db.execute_sql("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (name,)).fetchone()
    return row is not None and not row[0]


def drop_index(db: pw.Database, name: str) -> None:
    """Drop an index of a version before this one, whose processes find what they look for without it, too."""
    db.execute_sql(f"DROP INDEX {'' if is_sqlite(db) else 'CONCURRENTLY '}IF EXISTS {name}")
