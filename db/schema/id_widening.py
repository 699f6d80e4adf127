"""Widens ids to 64 bits on PostgreSQL, and what refers to them, while the tables are at work.

A small table is written anew at once. In a large one each narrow column gets a wide one beside it, which a trigger
keeps in step; older rows are filled in, a few thousand at a time; the indexes are built beside; then, in one moment,
the wide columns take the names of the narrow ones. It may be stopped anywhere and started again: the catalogue says
how far it is.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import peewee as pw

from db.schema import online_changes

logger = logging.getLogger(__name__)

# Up to this size, indexes included, a table is written anew within a few hundredths of a second.
SMALL_TABLE_BYTES = 1024 * 1024
# Rows filled in at a time: as long may somebody wait who changes one of them.
ROWS_AT_ONCE = 5000
WIDE_SUFFIX = "_wide"

# A table's narrow columns that are its key or refer to another's, and those named, which refer without saying so.
_NARROW = """
SELECT attname, attnotnull FROM pg_attribute a
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND atttypid = 'int4'::regtype AND (attname = ANY(%s)
OR EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = attrelid AND contype IN ('p', 'f') AND attnum = ANY(conkey)))
ORDER BY attnum
"""
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid), confrelid::regclass::text
FROM pg_constraint WHERE contype = 'f' AND EXISTS (
SELECT 1 FROM pg_attribute WHERE attname = ANY(%s) AND attrelid = %s::regclass
AND ((conrelid = attrelid AND attnum = ANY(conkey)) OR (confrelid = attrelid AND attnum = ANY(confkey))))
ORDER BY oid
"""
_INDEXES = """
SELECT i.relname, pg_get_indexdef(i.oid), indisunique, indisprimary
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE indrelid = %s::regclass ORDER BY i.oid
"""
_TRIGGERS = """
SELECT quote_ident(tgname), pg_get_triggerdef(oid) FROM pg_trigger
WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgname <> %s
"""

# The sequence that the default names. It may not be owned by the table: a tool that moved the database may lose that.
_SEQUENCE = """
SELECT d.refobjid::regclass::text FROM pg_attribute a
JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
WHERE a.attrelid = %s::regclass AND a.attname = 'id'
"""


@dataclass(frozen=True)
class _NarrowColumns:
    table: str
    # Narrow column -> is it NOT NULL?
    columns: Mapping[str, bool]

    @property
    def function(self) -> str:
        return f"{self.table}_widen"

    def has(self, text: str) -> bool:
        return self.wide(text) != text

    def wide(self, text: str) -> str:
        """Return the text with the names of the wide columns in place of the narrow ones."""
        return re.sub(rf"\b({'|'.join(self.columns)})\b", rf"\1{WIDE_SUFFIX}", text)


@dataclass(frozen=True)
class _Index:
    name: str
    definition: str
    is_unique: bool
    is_primary: bool

    @property
    def on(self) -> str:
        """Return the part of the definition behind ON."""
        return self.definition.partition(" ON ")[2]


def widen(db: pw.Database, tables: Mapping[str, Sequence[str]]) -> None:
    """Widen these tables' ids. `tables`: table -> its columns that refer to an id without a foreign key."""
    for table, plain in tables.items():
        narrow = _NarrowColumns(table, dict(db.execute_sql(_NARROW, (table, list(plain))).fetchall()))
        if narrow.columns:
            (_widen_beside if _is_large(db, narrow) else _widen_at_once)(db, narrow)
    online_changes.validate(db)


def _is_large(db: pw.Database, narrow: _NarrowColumns) -> bool:
    has_begun = any(online_changes.has_column(db, narrow.table, column + WIDE_SUFFIX) for column in narrow.columns)
    return has_begun or bool(
        db.execute_sql(
            "SELECT pg_total_relation_size(%s::regclass) > %s", (narrow.table, SMALL_TABLE_BYTES)
        ).fetchone()[0]
    )


def _widen_at_once(db: pw.Database, narrow: _NarrowColumns) -> None:
    def act() -> None:
        with_keys = _drop_foreign_keys(db, narrow)
        kinds = ", ".join(f"ALTER COLUMN {column} TYPE BIGINT" for column in narrow.columns)
        db.execute_sql(f"ALTER TABLE {narrow.table} {kinds}")
        if sequence := _sequence(db, narrow):
            db.execute_sql(f"ALTER SEQUENCE {sequence} AS BIGINT OWNED BY {narrow.table}.id")
        for statement in with_keys:
            db.execute_sql(statement)
        db.execute_sql(f"ANALYZE {narrow.table}")

    online_changes.briefly(db, act)


def _widen_beside(db: pw.Database, narrow: _NarrowColumns) -> None:
    logger.info("widening %s beside its work; that takes a while", narrow.table)
    online_changes.briefly(db, lambda: _keep_in_step(db, narrow))
    while _has_unfilled_rows(db, narrow):
        _fill(db, narrow)
    # The rows of before leave room again, and the planner knows the new columns before anybody asks for them. Nor does
    # PostgreSQL begin to do the same while the columns change places.
    db.execute_sql(f"VACUUM (ANALYZE) {narrow.table}")
    for index in _indexes(db, narrow):
        online_changes.create_index(db, index.name + WIDE_SUFFIX, narrow.wide(index.on), is_unique=index.is_unique)
    online_changes.briefly(db, lambda: _swap_columns(db, narrow))


def _keep_in_step(db: pw.Database, narrow: _NarrowColumns) -> None:
    online_changes.lock_tables(db, [narrow.table])
    _allow_filling(db, narrow)
    for column, is_required in narrow.columns.items():
        # With a constant default no row is written, and later none is looked at for being null.
        kind = "BIGINT NOT NULL DEFAULT 0" if is_required else "BIGINT"
        db.execute_sql(f"ALTER TABLE {narrow.table} ADD COLUMN IF NOT EXISTS {column}{WIDE_SUFFIX} {kind}")
    follow = " ".join(f"NEW.{column}{WIDE_SUFFIX} := NEW.{column};" for column in narrow.columns)
    for statement in (
        f"CREATE OR REPLACE FUNCTION {narrow.function}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {follow} RETURN NEW; END $$",
        f"DROP TRIGGER IF EXISTS {narrow.function} ON {narrow.table}",
        f"CREATE TRIGGER {narrow.function} BEFORE INSERT OR UPDATE ON {narrow.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {narrow.function}()",
    ):
        db.execute_sql(statement)


def _allow_filling(db: pw.Database, narrow: _NarrowColumns) -> None:
    """Let a trigger that refuses every UPDATE, as the audit log's, refuse one of any column but the wide ones."""
    query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    names = [name for (name,) in db.execute_sql(query, (narrow.table,)).fetchall() if not name.endswith(WIDE_SUFFIX)]
    for name, definition in _triggers(db, narrow):
        if " UPDATE ON " in definition:
            db.execute_sql(f"DROP TRIGGER {name} ON {narrow.table}")
            db.execute_sql(definition.replace(" UPDATE ON ", f" UPDATE OF {', '.join(names)} ON "))


def _restore_update_triggers(db: pw.Database, narrow: _NarrowColumns) -> list[str]:
    """Undo `_allow_filling`: drop its triggers, and return the statements that make those of before."""
    triggers = [(name, text) for name, text in _triggers(db, narrow) if " UPDATE OF " in text]
    for name, _ in triggers:
        db.execute_sql(f"DROP TRIGGER {name} ON {narrow.table}")
    return [re.sub(r" UPDATE OF .*? ON ", " UPDATE ON ", text, count=1) for _, text in triggers]


def _triggers(db: pw.Database, narrow: _NarrowColumns) -> list[tuple[str, str]]:
    return list(db.execute_sql(_TRIGGERS, (narrow.table, narrow.function)).fetchall())


def _unfilled_condition(narrow: _NarrowColumns) -> str:
    return " OR ".join(f"{column}{WIDE_SUFFIX} IS DISTINCT FROM {column}" for column in narrow.columns)


def _has_unfilled_rows(db: pw.Database, narrow: _NarrowColumns) -> bool:
    query = f"SELECT EXISTS (SELECT 1 FROM {narrow.table} WHERE {_unfilled_condition(narrow)})"
    return bool(db.execute_sql(query).fetchone()[0])


def _fill(db: pw.Database, narrow: _NarrowColumns) -> None:
    follow = ", ".join(f"{column}{WIDE_SUFFIX} = {column}" for column in narrow.columns)
    for first, last in _pages(db, narrow.table):
        # Whoever holds a row writes it, and the trigger fills it in; else the next round does. So this waits for no
        # row of anybody's, and nobody can be caught in a deadlock with it. The page is named twice: else PostgreSQL
        # reads the whole table to find the rows that it has just locked.
        page = f"id BETWEEN {first} AND {last}"
        db.execute_sql(
            f"UPDATE {narrow.table} SET {follow} WHERE {page} AND id IN (SELECT id FROM {narrow.table} "
            f"WHERE {page} AND ({_unfilled_condition(narrow)}) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)"
        )


def _pages(db: pw.Database, table: str) -> Iterator[tuple[int, int]]:
    """Yield the first and the last id of some thousand rows, and so on to the end."""
    query = f"SELECT MIN(id), MAX(id) FROM (SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s) AS page"
    first, last = db.execute_sql(query, (-(2**31), ROWS_AT_ONCE)).fetchone()
    while last is not None:
        yield first, last
        first, last = db.execute_sql(query, (last, ROWS_AT_ONCE)).fetchone()


def _indexes(db: pw.Database, narrow: _NarrowColumns) -> list[_Index]:
    """Return the indexes that have a narrow column, be it in their condition only."""
    indexes = [_Index(*row) for row in db.execute_sql(_INDEXES, (narrow.table,)).fetchall()]
    return [index for index in indexes if narrow.has(index.on)]


def _swap_columns(db: pw.Database, narrow: _NarrowColumns) -> None:
    """Let the columns change names, under the table's lock. No row is read."""
    table, indexes = narrow.table, _indexes(db, narrow)
    with_keys = _drop_foreign_keys(db, narrow)
    with_triggers = _restore_update_triggers(db, narrow)
    db.execute_sql(f"DROP TRIGGER {narrow.function} ON {table}")
    db.execute_sql(f"DROP FUNCTION {narrow.function}()")
    sequence = _sequence(db, narrow)
    if sequence:
        db.execute_sql(f"ALTER SEQUENCE {sequence} AS BIGINT OWNED BY NONE")
    for column, is_required in narrow.columns.items():
        # Its indexes go with it. Whoever asks for a column of this name finds the wide one.
        db.execute_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
        db.execute_sql(f"ALTER TABLE {table} RENAME COLUMN {column}{WIDE_SUFFIX} TO {column}")
        if is_required:
            db.execute_sql(f"ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT")
    for index in indexes:
        db.execute_sql(f"ALTER INDEX {index.name}{WIDE_SUFFIX} RENAME TO {index.name}")
        if index.is_primary:
            db.execute_sql(f"ALTER TABLE {table} ADD CONSTRAINT {index.name} PRIMARY KEY USING INDEX {index.name}")
    if sequence:
        db.execute_sql(f"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT nextval('{sequence}')")
        db.execute_sql(f"ALTER SEQUENCE {sequence} OWNED BY {table}.id")
    for statement in (*with_keys, *with_triggers):
        db.execute_sql(statement)
    if set(_indexes(db, narrow)) != set(indexes):
        raise RuntimeError(f"{table} would have other indexes than before")


def _drop_foreign_keys(db: pw.Database, narrow: _NarrowColumns) -> list[str]:
    """Drop the foreign keys of the narrow columns and to them. Return the statements that add them again, unproven."""
    keys = db.execute_sql(_FOREIGN_KEYS, (list(narrow.columns), narrow.table)).fetchall()
    online_changes.lock_tables(db, {narrow.table, *(key[0] for key in keys), *(key[3] for key in keys)})
    for table, name, _, _ in keys:
        db.execute_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return [
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition.removesuffix(' NOT VALID')} NOT VALID"
        for table, name, definition, _ in keys
    ]


def _sequence(db: pw.Database, narrow: _NarrowColumns) -> str | None:
    if "id" not in narrow.columns:
        return None
    row = db.execute_sql(_SEQUENCE, (narrow.table,)).fetchone()
    return row and str(row[0])
