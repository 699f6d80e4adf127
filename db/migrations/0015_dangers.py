"""Keep the dangers of a plan, as its preview found them."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "restore_item", "dangers", "TEXT")
