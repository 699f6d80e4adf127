"""Indexes for what the fleet asks again and again."""

STATEMENTS = (
    "CREATE INDEX tenant_removing ON tenant (removing_since) WHERE removing_since IS NOT NULL",
    "CREATE INDEX coverage_exceptions ON coverage (bad_since, policy_type) WHERE bad_since IS NOT NULL",
    "CREATE INDEX run_active_newest ON run (id) WHERE state IN ('queued', 'running')",
    "CREATE INDEX run_claimed ON run (claimed_by) WHERE claimed_by IS NOT NULL",
    "CREATE INDEX mapping_source_directory_id_tenant_id ON mapping (source_directory_id, tenant_id)",
)


def up(migrator, db):
    for statement in STATEMENTS:
        db.execute_sql(statement)
