"""What a restore's plan was made for: nothing else is approved or executed."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "restore", "planned_mark", "VARCHAR(64)")
