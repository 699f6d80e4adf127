"""Count what is in a store of copies once a day, and not at each look at it."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "copy_store", "contents", "BIGINT")
    add_column(db, "copy_store", "contents_bytes", "BIGINT")
