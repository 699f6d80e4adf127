"""Keep the fingerprint of a restore's plan: nothing else is approved or executed."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "restore", "planned_mark", "VARCHAR(64)")
