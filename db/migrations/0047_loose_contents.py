"""Up to which snapshot the contents of a store were looked at, that no set may bring there."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "copy_store", "snapshots_to", "BIGINT")
