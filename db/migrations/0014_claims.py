"""Keep what was there under a policy's name when the preview looked, and what its plan leaves out."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "restore_item", "namesakes", "TEXT")
    add_column(db, "restore_item", "left_out", "TEXT")
