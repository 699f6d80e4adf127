"""Changes of policies, who made them, what was approved, and which tenants are watched."""

import peewee as pw

from db.schema.online_changes import add_column, change, create_index, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class User(Table):
    class Meta:
        table_name = "users"


class Tenant(Table):
    pass


class Policy(Table):
    pass


class Run(Table):
    pass


class Snapshot(Table):
    pass


class Change(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=20)
    state = pw.CharField(max_length=10)
    severity = pw.CharField(null=True, max_length=10)
    rules = pw.TextField(null=True)
    since_at = pw.DateTimeField(null=True)
    seen_at = pw.DateTimeField()
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    before = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    after = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    before_mark = pw.CharField(null=True, max_length=64)
    after_mark = pw.CharField(null=True, max_length=64)
    differences = pw.TextField(null=True)
    difference_count = pw.IntegerField()
    restore_id = pw.BigIntegerField(null=True)
    assessed_at = pw.DateTimeField(null=True)
    decided_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    decided_at = pw.DateTimeField(null=True)
    reason = pw.CharField(null=True, max_length=500)
    until = pw.DateTimeField(null=True)

    class Meta:
        indexes = (
            (("tenant", "id"), False),
            (("policy", "id"), False),
            (("tenant", "state", "id"), False),
            (("state", "id"), False),
            (("severity", "id"), False),
            (("kind", "id"), False),
            (("tenant", "seen_at"), False),
            (("seen_at",), False),
        )


Change.add_index(Change.index(Change.tenant, where=pw.SQL("assessed_at IS NULL"), name="change_unassessed"))


Change.add_index(Change.index(Change.until, where=pw.SQL("state = 'accepted'"), name="change_accepted_until"))


class ApprovedPolicy(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    policy = pw.ForeignKeyField(Policy, unique=True, on_delete="CASCADE")
    snapshot = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    mark = pw.CharField(null=True, max_length=64)
    approved_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    approved_at = pw.DateTimeField()
    reason = pw.CharField(null=True, max_length=500)


class ApprovedScope(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    approved_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    approved_at = pw.DateTimeField()

    class Meta:
        indexes = ((("tenant", "policy_type"), True),)


class Acceptance(Table):
    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    mark = pw.CharField(max_length=64)
    reason = pw.CharField(max_length=500)
    until = pw.DateTimeField(null=True)
    accepted_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    accepted_at = pw.DateTimeField()

    class Meta:
        indexes = ((("policy", "mark"), True),)


class IgnoredField(Table):
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    path = pw.CharField(max_length=500)
    added_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    added_at = pw.DateTimeField()

    class Meta:
        indexes = ((("tenant", "policy_type", "path"), True), (("policy_type", "tenant"), False))


class SeverityRule(Table):
    name = pw.CharField(unique=True, max_length=80)
    severity = pw.CharField(max_length=10)
    is_active = pw.BooleanField()
    policy_type = pw.CharField(max_length=80)
    path = pw.CharField(max_length=500)
    changed_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    changed_at = pw.DateTimeField()


class EventLog(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    log = pw.CharField(max_length=10)
    read_to = pw.DateTimeField(null=True)
    reaches_from = pw.DateTimeField(null=True)
    asked_at = pw.DateTimeField(null=True)
    pending = pw.TextField(null=True)
    error_code = pw.CharField(null=True, max_length=60)
    error_message = pw.CharField(null=True, max_length=500)

    class Meta:
        indexes = ((("tenant", "log"), True),)


class TenantEvent(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    log = pw.CharField(max_length=10)
    event_id = pw.CharField(max_length=200)
    at = pw.DateTimeField()
    activity = pw.CharField(max_length=500)
    operation = pw.CharField(max_length=20)
    is_success = pw.BooleanField()
    doer_kind = pw.CharField(max_length=12)
    doer_name = pw.CharField(null=True, max_length=300)
    doer_id = pw.CharField(null=True, max_length=80)
    app_name = pw.CharField(null=True, max_length=300)
    app_id = pw.CharField(null=True, max_length=80)
    address = pw.CharField(null=True, max_length=60)
    category = pw.CharField(null=True, max_length=80)
    correlation_id = pw.CharField(null=True, max_length=80)
    object_type = pw.CharField(null=True, max_length=200)
    object_name = pw.CharField(null=True, max_length=1000)
    object_ids = pw.TextField()
    properties = pw.TextField()
    policy_types = pw.TextField()
    awaits_policy = pw.BooleanField()
    restore_id = pw.BigIntegerField(null=True)
    is_foreign = pw.BooleanField()
    followed_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = (
            (("tenant", "log", "event_id"), True),
            (("tenant", "at"), False),
            (("tenant", "id"), False),
            (("at",), False),
            (("doer_name", "id"), False),
        )


class TenantEventPolicy(Table):
    event = pw.ForeignKeyField(TenantEvent, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    at = pw.DateTimeField()

    class Meta:
        indexes = ((("event", "policy"), True), (("policy", "at"), False))


class Watch(Table):
    tenant = pw.ForeignKeyField(Tenant, unique=True, on_delete="CASCADE")
    every_minutes = pw.IntegerField(null=True)
    next_at = pw.DateTimeField(index=True)
    last_at = pw.DateTimeField(null=True)
    fresh_at = pw.DateTimeField(null=True)
    error = pw.CharField(null=True, max_length=500)
    failures = pw.IntegerField()
    since = pw.DateTimeField()
    set_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)


def up(migrator, db):
    create_tables(
        db,
        (
            Change,
            ApprovedPolicy,
            ApprovedScope,
            Acceptance,
            IgnoredField,
            SeverityRule,
            EventLog,
            TenantEvent,
            TenantEventPolicy,
            Watch,
        ),
        known=(User, Tenant, Policy, Run, Snapshot),
    )
    add_column(db, "write", "client_request_id", "VARCHAR(36)")
    create_index(db, "write_client_request", '"write" (client_request_id) WHERE client_request_id IS NOT NULL')
    create_index(db, "tenant_event_awaits_policy", "tenant_event (tenant_id, at) WHERE awaits_policy")
    add_column(db, "coverage", "listed_at", "DATETIME")
    add_column(db, "coverage", "listed_by", "VARCHAR(64)")
    # A backup that holds all of a type has listed it whole.
    change(db, "UPDATE coverage SET listed_at = good_at WHERE listed_at IS NULL AND good_at IS NOT NULL")
