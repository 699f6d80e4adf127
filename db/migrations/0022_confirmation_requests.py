"""Who asked a person to confirm a restore, and when: in the line of that person's bell."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "notification", "asked_by_id", "BIGINT", refers_to="users (id) ON DELETE SET NULL")
    add_column(db, "notification", "asked_at", "DATETIME")
