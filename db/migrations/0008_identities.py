"""Ids of 64 bits on PostgreSQL; on SQLite, none is given a second time."""

import logging
import re

import peewee as pw

from db.schema import id_widening

logger = logging.getLogger(__name__)

# On PostgreSQL indexes are built beside writers, and on SQLite each table is made anew in a transaction of its own.
atomic = False

# Table -> its columns that refer to an id without a foreign key.
TABLES = {
    "users": (),
    "tenant": ("last_backup_id",),
    "credential": (),
    "membership": (),
    "session": (),
    "entra_grant": (),
    "preference": (),
    "content": (),
    "policy": (),
    "coverage": (),
    "run": ("restore_id",),
    "snapshot": (),
    "run_item": ("restore_item_id",),
    "manifest": (),
    "backup_set": (),
    "restore": (),
    "restore_item": (),
    "write": (),
    "listing": (),
    "run_answer": (),
    "mapping": (),
    "schedule": (),
    "directory_name": (),
    "notification": (),
    "audit_event": ("actor_id", "tenant_id"),
    "audit_head": (),
    "audit_check": (),
    "seal": (),
}


def up(migrator, db):
    if not isinstance(db, pw.SqliteDatabase):
        id_widening.widen(db, TABLES)
        return
    for table in TABLES:
        [made] = db.execute_sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
        # The audit log's ids are given by the log itself.
        if table != "audit_event" and "AUTOINCREMENT" not in made:
            with db.atomic():
                _make_anew(db, table, made)


def _make_anew(db, table, made):
    """SQLite's own way to change a table; the runner has switched foreign keys off."""
    faults = _faults(db, table)
    dependents = db.execute_sql(
        "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL",
        (table,),
    ).fetchall()
    made = re.sub(rf'^CREATE TABLE "{table}"', f'CREATE TABLE "{table}_anew"', made)
    db.execute_sql(made.replace('"id" INTEGER NOT NULL PRIMARY KEY', '"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT'))
    db.execute_sql(f'INSERT INTO "{table}_anew" SELECT * FROM "{table}" ORDER BY id')
    db.execute_sql(f'DROP TABLE "{table}"')
    db.execute_sql(f'ALTER TABLE "{table}_anew" RENAME TO "{table}"')
    for (statement,) in dependents:
        db.execute_sql(statement)
    if _faults(db, table) != faults:
        raise RuntimeError(f"{table} would refer to what is not there")


def _faults(db, table):
    return len(db.execute_sql(f'PRAGMA foreign_key_check("{table}")').fetchall())
