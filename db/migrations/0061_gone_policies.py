"""List policies that are gone, of one type or of all, by when they were changed."""

from db.schema.online_changes import create_index, is_sqlite

atomic = False


def up(migrator, db):
    # As in 0024: what is empty comes first, so that backwards it comes last.
    first = "" if is_sqlite(db) else " NULLS FIRST"
    create_index(db, "policy_gone", f"policy (modified_at{first}, id) WHERE state = 'gone'")
    create_index(db, "policy_gone_type", f"policy (policy_type, modified_at{first}, id) WHERE state = 'gone'")
