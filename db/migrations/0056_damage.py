"""Keep what a look at a store of copies found lost or changed there, until an admin has looked into it."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "copy_store", "damage", "VARCHAR(1000)")
    add_column(db, "copy_store", "damaged_at", "DATETIME")
