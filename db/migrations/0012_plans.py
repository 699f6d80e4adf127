"""Indexes for what the fleet asks again and again."""

from db.schema.online_changes import create_index

atomic = False

INDEXES = {
    "tenant_removing": "tenant (removing_since) WHERE removing_since IS NOT NULL",
    "coverage_exceptions": "coverage (bad_since, policy_type) WHERE bad_since IS NOT NULL",
    "run_active_newest": "run (id) WHERE state IN ('queued', 'running')",
    "run_claimed": "run (claimed_by) WHERE claimed_by IS NOT NULL",
    "mapping_source_directory_id_tenant_id": "mapping (source_directory_id, tenant_id)",
}


def up(migrator, db):
    for name, on in INDEXES.items():
        create_index(db, name, on)
