"""Ids of rows: 64 bits wide, and never given twice (docs/decisions/0016-ids-never-twice.md)."""

from collections.abc import Iterable
from typing import Any

import peewee as pw

from db.database import database, is_sqlite

# The highest id, on either engine.
MAX_ID = 2**63 - 1


class Identity(pw.BigAutoField):
    """The primary key of a table whose rows are numbered by themselves."""

    def ddl(self, ctx: Any) -> Any:
        definition = super().ddl(ctx)
        # Otherwise SQLite gives the id of the last row again when that row was deleted: a message, a link or a line
        # of the audit log would then be about another thing.
        is_sqlite = ctx.state.param == "?"
        return pw.NodeList((definition, pw.SQL("AUTOINCREMENT"))) if is_sqlite else definition


def auto_numbered(models: Iterable[Any]) -> list[Any]:
    """Return the models whose rows are numbered by themselves."""
    return [model for model in models if isinstance(model._meta.primary_key, Identity)]


def last_given_id(model: Any) -> int:
    """Return the highest id that a row of this table ever had, be it there or not; 0 when none had one."""
    if is_sqlite():
        query = "SELECT seq FROM sqlite_sequence WHERE name = ?"
        row = database.execute_sql(query, (model._meta.table_name,)).fetchone()
        return int(row[0]) if row else 0
    query = f"SELECT last_value, is_called FROM {_sequence(model)}"  # noqa: S608 - a name, from the catalogue
    value, is_called = database.execute_sql(query).fetchone()
    return int(value) if is_called else 0


def continue_after(model: Any, last: int) -> None:
    """Give the next row an id above this one, and above all that were ever given."""
    last = max(last, model.select(pw.fn.MAX(model.id)).scalar() or 0, last_given_id(model))
    if not last:
        return
    if is_sqlite():
        name = model._meta.table_name
        database.execute_sql("DELETE FROM sqlite_sequence WHERE name = ?", (name,))
        database.execute_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, last))
    else:
        database.execute_sql("SELECT setval(%s, %s)", (_sequence(model), last))


def _sequence(model: Any) -> str:
    query = "SELECT pg_get_serial_sequence(%s, 'id')"
    return str(database.execute_sql(query, (model._meta.table_name,)).fetchone()[0])


def share_of_ids_used(models: Iterable[Any]) -> dict[str, float]:
    """Return table -> the share of its ids that were given, the fullest first."""
    shares = {model._meta.table_name: last_given_id(model) / MAX_ID for model in auto_numbered(models)}
    return dict(sorted(shares.items(), key=lambda share: -share[1]))
