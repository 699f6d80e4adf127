"""Update many rows by their ids, each with values of its own, in statements written here: a CASE for each column takes
the query builder longer than the database."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import peewee as pw

from db.database import database, is_sqlite
from db.sql.value_lists import batched


def update_rows(
    fields: Sequence[pw.Field],
    values_by_id: Mapping[int, Sequence[Any]],
    for_all: Mapping[pw.Field, Any] | None = None,
    *,
    kept: Collection[pw.Field] = (),
    condition: str = "",
    parameters: Sequence[Any] = (),
) -> int:
    """Set the fields of each row (id -> values, in the order of `fields`), and `for_all` in all of them.

    `kept`: fields that stay as they are where the value is None. `condition`: SQL that a row has to meet besides, with
    its parameters. Return how many rows were updated.
    """
    same, marked, table = for_all or {}, database.param, fields[0].model._meta.table_name
    assigned = [f'"{field.column_name}" = {marked}' for field in same]
    # By name: two fields are never unequal, they make an expression.
    kept_names = {field.name for field in kept}
    assigned += [_assigned(field, place, field.name in kept_names) for place, field in enumerate(fields, start=2)]
    each = f"({', '.join([marked] * (len(fields) + 1))})"
    same_values, updated = [field.db_value(value) for field, value in same.items()], 0
    for some in batched(sorted(values_by_id.items())):
        rows = [
            value
            for row_id, values in some
            for value in (row_id, *(field.db_value(own) for field, own in zip(fields, values, strict=True)))
        ]
        new = f'(VALUES {", ".join([each] * len(some))}) AS "new"'
        update, is_it = f'UPDATE "{table}" SET', f'"{table}"."id" = "new"."column1"'
        where = " AND ".join(filter(None, (is_it, condition)))
        statement = " ".join((update, ", ".join(assigned), "FROM", new, "WHERE", where))
        cursor = database.execute_sql(statement, [*same_values, *rows, *parameters])
        updated += cursor.rowcount
    return updated


def _assigned(field: pw.Field, place: int, is_kept: bool) -> str:
    """Return the SQL that sets a field. PostgreSQL is told its type: of values that are all null it could know none."""
    table, column = field.model._meta.table_name, field.column_name
    value = f'"new"."column{place}"'
    if not is_sqlite():
        value = f"{value}::{_type_of(field)}"
    known = ", ".join((value, f'"{table}"."{column}"'))
    return f'"{column}" = ' + (f"COALESCE({known})" if is_kept else value)


def _type_of(field: pw.Field) -> str:
    """Return the type of a field's column; of a text without its length, or a cast would cut it in silence."""
    named = str(field.ddl_datatype(database.get_sql_context()).sql)
    return "TEXT" if named.startswith("VARCHAR") else named
