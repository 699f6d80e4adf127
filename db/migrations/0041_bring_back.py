"""Restores that bring a whole tenant back to a moment."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "restore", "brought_back_to", "DATETIME")
