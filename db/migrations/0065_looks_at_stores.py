"""Say who looks after a store, and until when: asking for something moved the one time that was both."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "copy_store", "claimed_by", "VARCHAR(32)")
    add_column(db, "copy_store", "claimed_until", "DATETIME")
