"""Say which turn this installation took at a store, and since when another of its name has a later one."""

from db.schema.online_changes import add_column, change

atomic = False


def up(migrator, db):
    add_column(db, "copy_store", "turn", "INTEGER")
    add_column(db, "copy_store", "turn_claim", "VARCHAR(32)")
    add_column(db, "copy_store", "overtaken_at", "DATETIME")
    # Before the first: where another of the same name took one by then, this one stops, and does not take the next.
    change(db, "UPDATE copy_store SET turn = 0 WHERE turn IS NULL")
