"""What is dangerous in a plan, as its preview found it."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "restore_item", "dangers", "TEXT")
