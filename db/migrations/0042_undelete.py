"""What Microsoft keeps of a deleted policy, in the plan of a restore; and which tenants' bins refused us."""

from db.schema.online_changes import add_column

atomic = False


def up(migrator, db):
    add_column(db, "restore_item", "kept", "TEXT")
    add_column(db, "restore_item", "undelete_refusal", "VARCHAR(1000)")
    add_column(db, "tenant", "bin_refusals", "TEXT")
