"""When backup sets, and whole tenants, that nobody keeps any longer go: until then it can be taken back."""

from db.schema.online_changes import add_column, create_index

atomic = False


def up(migrator, db):
    add_column(db, "backup_set", "deletion_due_at", "DATETIME")
    add_column(db, "tenant", "removal_due_at", "DATETIME")
    create_index(db, "backup_set_deletion", "backup_set (tenant_id, deletion_due_at) WHERE deletion_due_at IS NOT NULL")
    create_index(db, "tenant_removal_due", "tenant (removal_due_at) WHERE removal_due_at IS NOT NULL")
