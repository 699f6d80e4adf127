"""What grows is bounded: a foreign key that a delete follows has an index, a table something that keeps it small."""

import re
from pathlib import Path

import peewee as pw
import pytest

from db.models import TABLES, User

# Nobody ever deletes these.
NEVER_DELETED = {User}
OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"


def test_every_foreign_key_that_a_delete_of_its_parent_follows_has_an_index(database):
    """Else each row that goes reads the whole table that refers to it, and holds its locks meanwhile."""
    missing = []
    for model in TABLES:
        first = {index.columns[0] for index in database.get_indexes(model._meta.table_name)}
        keys = [field for field in model._meta.sorted_fields if isinstance(field, pw.ForeignKeyField)]
        missing += [
            f"{model.__name__}.{field.name}"
            for field in keys
            if field.rel_model not in NEVER_DELETED and field.column_name not in first
        ]
    assert missing == []


@pytest.mark.parametrize("table", [model._meta.table_name for model in TABLES])
def test_what_bounds_a_table_is_said(table):
    """A new table comes with an answer to: what keeps it from growing without end?"""
    text = OPERATING.read_text().partition("### What grows, and what bounds it")[2].partition("\n## ")[0]
    said = {
        name for line in text.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    }
    assert table in said
