"""Pages of rows by their ids: each begins after the last id of the one before, which an index finds at once."""

from typing import Any

import peewee as pw

from db.database import Condition


def select(model: Any, condition: Condition, *related: pw.ForeignKeyField) -> Any:
    """Return a query of the rows, each with what these foreign keys of it refer to, in the same statement."""
    query = model.select(model, *(fk.rel_model for fk in related))
    for fk in related:
        query = query.join_from(model, fk.rel_model, pw.JOIN.LEFT_OUTER, on=fk)
    return query.where(condition)


def rows(query: Any, id_column: Any, *, after: int | None, limit: int, is_rising: bool) -> list[Any]:
    """Return the next rows of the query in the order of their ids, from `after` on."""
    if after is not None:
        query = query.where(id_column > after if is_rising else id_column < after)
    return list(query.order_by(id_column if is_rising else id_column.desc()).limit(limit))
