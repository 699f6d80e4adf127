"""Changes that say what differs from a standard; restores that put something back by themselves, and of which cells."""

from db.schema.online_changes import add_column, create_index

atomic = False


def up(migrator, db):
    add_column(db, "change", "standard_id", "BIGINT")
    create_index(db, "change_standard", "change (standard_id, tenant_id) WHERE standard_id IS NOT NULL")
    add_column(db, "restore", "is_by_itself", "BOOLEAN NOT NULL DEFAULT FALSE")
    create_index(db, "restore_by_itself", "restore (standard_id, tenant_id) WHERE is_by_itself")
    create_index(db, "standard_cell_put_back", "standard_cell (adoption_id) WHERE keep = 'put_back'")
