"""Record each content before it is sent to a store of copies, so that two pushes never send the same one at once."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "copied_content", "on_its_way_since", "DATETIME")
    add_column(db, "copied_content", "sent_for", "BIGINT")
