"""When each tenant was pruned, what a pruning let go of, and an index for every foreign key that a delete follows.

Without one, each row that goes reads the whole table that refers to it.
"""

import peewee as pw

STATEMENTS = (
    # Null: of the tenants that are there, soon.
    "ALTER TABLE tenant ADD COLUMN pruned_at TIMESTAMP",
    "CREATE INDEX tenant_pruned_at ON tenant (pruned_at NULLS FIRST)",
    "ALTER TABLE run_item ADD COLUMN freed INTEGER",
    "CREATE INDEX entra_grant_tenant_id ON entra_grant (tenant_id)",
    "CREATE INDEX restore_backup_set_id ON restore (backup_set_id)",
    "CREATE INDEX restore_undo_of_id ON restore (undo_of_id)",
    "CREATE INDEX restore_safety_set_id ON restore (safety_set_id)",
    "CREATE INDEX restore_item_snapshot_id ON restore_item (snapshot_id)",
    "CREATE INDEX restore_item_safety_snapshot_id ON restore_item (safety_snapshot_id)",
    "CREATE INDEX restore_item_seen_content_id ON restore_item (seen_content_id)",
)


def up(migrator, db):
    for statement in STATEMENTS:
        if isinstance(db, pw.SqliteDatabase):
            statement = statement.replace("TIMESTAMP", "DATETIME").replace(" NULLS FIRST", "")
        db.execute_sql(statement)
