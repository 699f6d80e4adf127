"""List policies by when they were changed, the last one first."""

from db.schema.online_changes import create_index, is_sqlite

atomic = False


def up(migrator, db):
    # PostgreSQL reads an index backwards in the order in which what is empty comes last only if it came first.
    first = "" if is_sqlite(db) else " NULLS FIRST"
    create_index(db, "policy_modified_at_id", f"policy (modified_at{first}, id)")
    create_index(db, "policy_tenant_id_modified_at_id", f"policy (tenant_id, modified_at{first}, id)")
