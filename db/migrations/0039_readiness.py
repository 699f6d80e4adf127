"""How much of a tenant would come back if it were deleted now."""

import peewee as pw

from db.schema.online_changes import add_column, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Tenant(Table):
    pass


class Run(Table):
    pass


class Policy(Table):
    pass


class ReadinessReport(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    made_at = pw.DateTimeField()
    share = pw.FloatField()
    counts = pw.TextField()
    reasons = pw.TextField()
    seconds = pw.IntegerField()

    class Meta:
        indexes = ((("tenant", "id"), False), (("made_at",), False))


class TenantReadiness(Table):
    tenant = pw.ForeignKeyField(Tenant, unique=True, on_delete="CASCADE")
    report = pw.ForeignKeyField(ReadinessReport, null=True, on_delete="SET NULL")
    due_since = pw.DateTimeField(null=True)
    again_at = pw.DateTimeField(null=True)


TenantReadiness.add_index(
    TenantReadiness.index(TenantReadiness.due_since, where=pw.SQL("due_since IS NOT NULL"), name="readiness_due")
)


class ReadinessItem(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, unique=True, on_delete="CASCADE")
    policy_type = pw.CharField(max_length=80)
    name = pw.CharField(max_length=1000)
    verdict = pw.CharField(max_length=10)
    reason = pw.CharField(max_length=40)
    why = pw.CharField(max_length=1000)

    class Meta:
        indexes = ((("tenant", "verdict", "policy_type", "name"), False),)


def up(migrator, db):
    create_tables(db, (ReadinessReport, TenantReadiness, ReadinessItem), known=(Tenant, Run, Policy))
    add_column(db, "restore", "estimated_seconds", "INTEGER")
