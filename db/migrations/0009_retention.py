"""When each tenant was pruned, what a pruning let go of, and an index for every foreign key that a delete follows.

Without one, each row that goes reads the whole table that refers to it.
"""

from db.schema.online_changes import add_column, create_index, is_sqlite

atomic = False

FOLLOWED = (
    ("entra_grant", "tenant_id"),
    ("restore", "backup_set_id"),
    ("restore", "undo_of_id"),
    ("restore", "safety_set_id"),
    ("restore_item", "snapshot_id"),
    ("restore_item", "safety_snapshot_id"),
    ("restore_item", "seen_content_id"),
)


def up(migrator, db):
    # Null: of the tenants that are there, soon.
    add_column(db, "tenant", "pruned_at", "DATETIME")
    create_index(db, "tenant_pruned_at", f"tenant (pruned_at{'' if is_sqlite(db) else ' NULLS FIRST'})")
    add_column(db, "run_item", "freed", "INTEGER")
    for table, column in FOLLOWED:
        create_index(db, f"{table}_{column}", f"{table} ({column})")
