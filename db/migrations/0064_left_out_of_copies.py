"""Say of each copy, and each store, what is not in it since it could not be opened here."""

from db.schema.online_changes import add_column, create_index

atomic = False


def up(migrator, db):
    add_column(db, "copied_set", "left_out", "INTEGER NOT NULL DEFAULT 0")
    add_column(db, "copy_store", "unopened", "VARCHAR(1000)")
    # Notices ask for the few each minute, and a store may have a million sets.
    create_index(db, "copied_set_left_out", "copied_set (store_id, set_number) WHERE left_out > 0")
