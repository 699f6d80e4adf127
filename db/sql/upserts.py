"""Write rows that may be there already, without spending ids on them: docs/decisions/0016-ids-never-twice.md.

Known rows are looked up first and proposed with the ids that they have; only new ones take an id, or, in a race, two
that make the same row. Rows are touched in rising order of their ids, then new ones in the order of their keys: of two
transactions that do so at once, one waits for the other, and never both.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import peewee as pw

from db.database import database
from db.sql.inserts import insert_rows
from db.sql.value_lists import batched, is_in

# Field -> value; ids, not objects.
Row = Mapping[str, Any]


def insert_or_update(
    model: Any,
    key: Sequence[pw.Field],
    rows: Iterable[Row],
    renewed: Sequence[pw.Field],
    known_ids: Mapping[Any, int] | None = None,
) -> None:
    """Insert the rows. Where the key is there already, renew the fields `renewed`.

    `known_ids`: key -> id of the rows that are there, for a caller that has looked; it may name others too.
    """
    by_key = _rows_by_key(key, rows)
    if not by_key:
        return
    with database.atomic():
        known = _ids_of_known(model, key, list(by_key)) if known_ids is None else _subset(known_ids, by_key)
        known_rows: list[Row] = [
            {**by_key[values], "id": known[values]} for values in sorted(known, key=known.__getitem__)
        ]
        for batch in (*batched(known_rows), *batched(_new_rows(by_key, known))):
            insert_rows(model, batch, on_conflict=renewing(key, renewed))


def insert_missing(model: Any, key: Sequence[pw.Field], rows: Iterable[Row]) -> None:
    """Insert the rows whose key is not there yet."""
    by_key = _rows_by_key(key, rows)
    for batch in batched(_new_rows(by_key, _ids_of_known(model, key, list(by_key)))):
        insert_rows(model, batch, on_conflict="ON CONFLICT DO NOTHING")


def _subset(known_ids: Mapping[Any, int], by_key: Mapping[Any, Row]) -> dict[Any, int]:
    return {values: known_ids[values] for values in by_key if values in known_ids}


def renewing(key: Sequence[pw.Field], renewed: Sequence[pw.Field]) -> str:
    """Return the SQL that renews these fields of a row that is there already, by the key."""
    named = ", ".join(f'"{field.column_name}"' for field in key)
    values = ", ".join(f'"{field.column_name}" = EXCLUDED."{field.column_name}"' for field in renewed)
    return " ".join(("ON CONFLICT", f"({named})", "DO UPDATE SET", values))


def _rows_by_key(key: Sequence[pw.Field], rows: Iterable[Row]) -> dict[Any, Row]:
    return {tuple(row[field.name] for field in key): row for row in rows}


def _new_rows(by_key: Mapping[Any, Row], known: Mapping[Any, int]) -> list[Row]:
    return [by_key[values] for values in sorted(by_key.keys() - known.keys())]


def _ids_of_known(model: Any, key: Sequence[pw.Field], keys: Sequence[Any]) -> dict[Any, int]:
    """Return key -> id for rows that are there."""
    ids: dict[Any, int] = {}
    for batch in batched(keys):
        query = model.select(model.id, *key)
        for field, values in zip(key, zip(*batch, strict=True), strict=True):
            query = query.where(is_in(field, sorted(set(values))))
        ids |= {tuple(values): number for number, *values in query.tuples()}
    return {values: ids[values] for values in keys if values in ids}
