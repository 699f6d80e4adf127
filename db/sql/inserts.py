"""Insert many rows in statements written here: the query builder takes longer for them than the database does."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import peewee as pw

from db.database import database
from db.sql.value_lists import batched


def insert_rows(
    model: Any, rows: Iterable[Mapping[str, Any]], *, on_conflict: str = "", returning: Sequence[pw.Field] = ()
) -> list[tuple[Any, ...]]:
    """Insert rows (field -> value; ids, not objects), all of which name the same fields; others take their defaults.

    `on_conflict`: an SQL clause for rows that are there already. Return the columns `returning` of each row.
    """
    inserted: list[tuple[Any, ...]] = []
    answered = f"RETURNING {', '.join(_quoted(field) for field in returning)}" if returning else ""
    for some in batched(rows):
        named = [model._meta.combined[name] for name in some[0]]
        names = {field.name for field in named}
        defaults = [(field, make) for field, make in model._meta.defaults.items() if field.name not in names]
        columns = ", ".join(map(_quoted, (*named, *(field for field, _ in defaults))))
        each = f"({', '.join([database.param] * (len(named) + len(defaults)))})"
        values = [
            value
            for row in some
            for value in (
                *(field.db_value(row[name]) for name, field in zip(some[0], named, strict=True)),
                *(field.db_value(make() if callable(make) else make) for field, make in defaults),
            )
        ]
        into, places = f'INSERT INTO "{model._meta.table_name}" ({columns})', ", ".join([each] * len(some))
        cursor = database.execute_sql(" ".join(filter(None, (into, "VALUES", places, on_conflict, answered))), values)
        inserted += cursor.fetchall() if returning else ()
    return inserted


def _quoted(field: pw.Field) -> str:
    return f'"{field.column_name}"'
