"""List policies by when they were captured, without sorting the many that were captured at once, or never."""

from db.schema.online_changes import create_index, drop_index, is_sqlite

atomic = False


def up(migrator, db):
    # As in 0024: what is empty comes first, so that backwards it comes last.
    first = "" if is_sqlite(db) else " NULLS FIRST"
    create_index(db, "policy_last_captured_at_id", f"policy (last_captured_at{first}, id)")
    create_index(db, "policy_tenant_id_last_captured_at_id", f"policy (tenant_id, last_captured_at{first}, id)")
    # The longer ones begin as they did.
    drop_index(db, "policy_last_captured_at")
    drop_index(db, "policy_tenant_id_last_captured_at")
