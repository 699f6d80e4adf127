"""Rehearsals of restores, what they found, what tenants agreed to for them, and schedules that start them."""

import peewee as pw

from db.schema.online_changes import add_column, create_index, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Tenant(Table):
    pass


class RehearsalRules(Table):
    tenant = pw.ForeignKeyField(Tenant, unique=True, on_delete="CASCADE")
    is_lab = pw.BooleanField()
    lab = pw.ForeignKeyField(Tenant, null=True, backref="+", on_delete="SET NULL")


class Rehearsal(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run_id = pw.BigIntegerField(null=True)
    state = pw.CharField(max_length=10)
    created_at = pw.DateTimeField()
    ended_at = pw.DateTimeField(null=True)
    backup_run_id = pw.BigIntegerField(null=True)
    backup_set_id = pw.BigIntegerField(null=True)
    contents_total = pw.IntegerField(null=True)
    contents_checked = pw.IntegerField()
    checked_to = pw.BigIntegerField()
    plan_restore_id = pw.BigIntegerField(null=True)
    plan_counts = pw.TextField(null=True)
    lab_id = pw.BigIntegerField(null=True)
    lab_restore_id = pw.BigIntegerField(null=True)
    lab_undo_id = pw.BigIntegerField(null=True)
    lab_cleared_at = pw.DateTimeField(null=True)
    removal_due_at = pw.DateTimeField(null=True)
    removal_run_id = pw.BigIntegerField(null=True)
    removal_tries = pw.IntegerField()
    findings = pw.IntegerField()

    class Meta:
        indexes = ((("tenant", "id"), False),)


class RehearsalFinding(Table):
    rehearsal = pw.ForeignKeyField(Rehearsal, on_delete="CASCADE", index=False)
    step = pw.CharField(max_length=20)
    is_failure = pw.BooleanField()
    code = pw.CharField(max_length=60)
    message = pw.CharField(max_length=1000)
    policy_type = pw.CharField(null=True, max_length=80)
    graph_id = pw.CharField(null=True, max_length=200)
    name = pw.CharField(null=True, max_length=1000)

    class Meta:
        indexes = ((("rehearsal", "id"), False),)


class RehearsalSample(Table):
    rehearsal = pw.ForeignKeyField(Rehearsal, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    graph_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    lab_object_id = pw.CharField(null=True, max_length=200)
    outcome = pw.CharField(null=True, max_length=20)
    message = pw.CharField(null=True, max_length=1000)
    differences = pw.IntegerField(null=True)
    is_removed = pw.BooleanField()

    class Meta:
        indexes = ((("rehearsal", "id"), False),)


def up(migrator, db):
    create_tables(db, (RehearsalRules, Rehearsal, RehearsalFinding, RehearsalSample), known=(Tenant,))
    create_index(db, "rehearsal_run", "rehearsal (run_id)")
    create_index(db, "rehearsal_removal_run", "rehearsal (removal_run_id) WHERE removal_run_id IS NOT NULL")
    create_index(db, "rehearsal_removal_due", "rehearsal (removal_due_at) WHERE removal_due_at IS NOT NULL")
    add_column(db, "schedule", "is_rehearsal", "BOOLEAN NOT NULL DEFAULT FALSE")
    add_column(db, "restore", "rehearsal_id", "BIGINT")
