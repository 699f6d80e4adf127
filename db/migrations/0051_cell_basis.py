"""The basis of a cell: while what it was worked out from is the same, it is not compared again."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "standard_cell", "basis", "VARCHAR(64)")
