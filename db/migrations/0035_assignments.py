"""Whom policies include and exclude, what they refer to, and what runs found about one person or device."""

import peewee as pw

from db.schema.online_changes import create_index, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Tenant(Table):
    pass


class Policy(Table):
    pass


class Run(Table):
    pass


class PolicyTarget(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    kind = pw.CharField(max_length=20)
    object_id = pw.CharField(max_length=80)
    is_excluded = pw.BooleanField()
    place = pw.CharField(max_length=12)
    intent = pw.CharField(max_length=40)
    filter_id = pw.CharField(null=True, max_length=80)
    filter_mode = pw.CharField(max_length=10)
    is_gone = pw.BooleanField()
    terms = pw.TextField(null=True)

    class Meta:
        indexes = (
            (("kind", "object_id", "policy", "tenant", "policy_type", "intent"), False),
            (("tenant", "kind", "object_id", "policy"), False),
            (("policy", "id"), False),
            (("policy_type", "policy", "id", "tenant"), False),
        )


class PolicyReference(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=40)
    object_id = pw.CharField(max_length=200)

    class Meta:
        indexes = ((("policy", "kind", "object_id"), True), (("tenant", "object_id"), False))


class AssignmentLookUp(Table):
    run = pw.ForeignKeyField(Run, unique=True, on_delete="CASCADE")
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    sealed = pw.BlobField()
    made_at = pw.DateTimeField(index=True)


def up(migrator, db):
    create_tables(db, (PolicyTarget, PolicyReference, AssignmentLookUp), known=(Tenant, Policy, Run))
    create_index(db, "policy_target_filter", "policy_target (filter_id, policy_id) WHERE filter_id IS NOT NULL")
    create_index(db, "policy_target_intent", "policy_target (intent, policy_id) WHERE intent <> ''")
    create_index(db, "policy_target_gone", "policy_target (policy_id) WHERE is_gone")
