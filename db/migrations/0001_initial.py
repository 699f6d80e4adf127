"""Every table of the first release, and the triggers that keep the audit log append-only.

A frozen copy of the models on purpose: a later change of db/models.py must not change what this migration makes.
"""

import peewee as pw


class Table(pw.Model):
    class Meta:
        legacy_table_names = False


class User(Table):
    email = pw.CharField(unique=True)
    name = pw.CharField()
    password_hash = pw.CharField(null=True)
    site_role = pw.CharField(default="none")
    is_active = pw.BooleanField(default=True)
    session_epoch = pw.IntegerField(default=0)
    created_at = pw.DateTimeField()
    last_sign_in_at = pw.DateTimeField(null=True)

    class Meta:
        table_name = "users"  # "user" is a reserved word in PostgreSQL


class Tenant(Table):
    name = pw.CharField(unique=True)
    directory_id = pw.CharField(unique=True, max_length=36)
    client_id = pw.CharField(max_length=36)
    cloud = pw.CharField(default="global")
    credential_kind = pw.CharField(default="none")
    credential = pw.BlobField(null=True)
    is_active = pw.BooleanField(default=True)
    created_at = pw.DateTimeField()
    last_synced_at = pw.DateTimeField(null=True)


class Membership(Table):
    user = pw.ForeignKeyField(User, backref="memberships", on_delete="CASCADE")
    tenant = pw.ForeignKeyField(Tenant, backref="memberships", on_delete="CASCADE")
    role = pw.CharField(default="reader")
    is_subscribed = pw.BooleanField(default=False)

    class Meta:
        indexes = ((("user", "tenant"), True),)


class Content(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    fingerprint = pw.CharField(max_length=64)
    sealed = pw.BlobField()
    plain_bytes = pw.IntegerField()
    created_at = pw.DateTimeField()

    class Meta:
        indexes = ((("tenant", "fingerprint"), True),)


class Policy(Table):
    tenant = pw.ForeignKeyField(Tenant, backref="policies", on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    graph_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    odata_type = pw.CharField(null=True)
    platform = pw.CharField(null=True, max_length=80)
    is_built_in = pw.BooleanField(default=False)
    state = pw.CharField(default="present", max_length=10)
    modified_at = pw.DateTimeField(null=True)
    first_seen_at = pw.DateTimeField()
    last_seen_at = pw.DateTimeField()
    gone_at = pw.DateTimeField(null=True)
    last_captured_at = pw.DateTimeField(null=True)
    snapshot_count = pw.IntegerField(default=0)

    class Meta:
        indexes = (
            (("tenant", "policy_type", "graph_id"), True),
            (("tenant", "name"), False),
            (("tenant", "state"), False),
            (("tenant", "last_captured_at"), False),
            (("policy_type",), False),
            (("name",), False),
            (("graph_id",), False),
        )


class Run(Table):
    tenant = pw.ForeignKeyField(Tenant, backref="runs", on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=40)
    dedupe_key = pw.CharField(max_length=200)
    policy = pw.ForeignKeyField(Policy, null=True, on_delete="SET NULL")
    state = pw.CharField(default="queued", max_length=10)
    waiting = pw.CharField(null=True, max_length=500)
    requested_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    origin = pw.CharField(max_length=20, default="web")
    claimed_by = pw.CharField(null=True, max_length=80)
    heartbeat_at = pw.DateTimeField(null=True)
    attempts = pw.IntegerField(default=0)
    enqueued_at = pw.DateTimeField(null=True)
    resume_at = pw.DateTimeField(null=True)
    created_at = pw.DateTimeField()
    started_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField(null=True)
    cancel_requested_at = pw.DateTimeField(null=True)
    error_code = pw.CharField(null=True, max_length=60)
    error_message = pw.CharField(null=True, max_length=1000)
    request_id = pw.CharField(null=True, max_length=80)
    total = pw.IntegerField(default=0)
    done = pw.IntegerField(default=0)
    skipped = pw.IntegerField(default=0)
    failed = pw.IntegerField(default=0)
    uncertain = pw.IntegerField(default=0)

    class Meta:
        indexes = (
            (("tenant", "id"), False),
            (("tenant", "state", "id"), False),
            (("state", "id"), False),
            (("kind", "id"), False),
        )


Run.add_index(
    Run.index(
        Run.dedupe_key,
        unique=True,
        where=pw.SQL("state IN ('queued', 'running')"),
        name="run_one_active_per_key",
    )
)
Run.add_index(Run.index(Run.state, Run.heartbeat_at, where=pw.SQL("state IN ('queued', 'running')"), name="run_active"))


class Snapshot(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, backref="snapshots", on_delete="CASCADE", index=False)
    content = pw.ForeignKeyField(Content, on_delete="RESTRICT")
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    captured_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    captured_at = pw.DateTimeField()
    confirmed_at = pw.DateTimeField()
    name = pw.CharField(max_length=1000)
    modified_at = pw.DateTimeField(null=True)
    proof = pw.TextField()
    references = pw.TextField()

    class Meta:
        indexes = ((("policy", "id"), False), (("tenant", "id"), False))


class RunItem(Table):
    id = pw.BigAutoField()
    run = pw.ForeignKeyField(Run, backref="items", on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, null=True, on_delete="SET NULL")
    policy_type = pw.CharField(max_length=80)
    graph_id = pw.CharField(null=True, max_length=200)
    name = pw.CharField(max_length=1000)
    state = pw.CharField(default="pending", max_length=10)
    outcome = pw.CharField(null=True, max_length=20)
    reason = pw.CharField(null=True, max_length=60)
    message = pw.CharField(null=True, max_length=1000)
    request_id = pw.CharField(null=True, max_length=80)
    snapshot = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    ended_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("run", "id"), False), (("run", "state"), False))


class Notification(Table):
    user = pw.ForeignKeyField(User, backref="notifications", on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, backref="notifications", on_delete="CASCADE")
    created_at = pw.DateTimeField()
    changed_at = pw.DateTimeField()
    read_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("user", "run"), True), (("user", "read_at"), False), (("user", "changed_at"), False))


class AuditEvent(Table):
    id = pw.BigIntegerField(primary_key=True)
    at = pw.DateTimeField(index=True)
    action = pw.CharField(max_length=40)
    actor_id = pw.IntegerField(null=True)
    actor = pw.CharField()
    tenant_id = pw.IntegerField(null=True)
    tenant_name = pw.CharField(null=True)
    subject = pw.CharField(max_length=1200)
    result = pw.CharField(default="ok", max_length=10)
    address = pw.CharField(null=True, max_length=60)
    details = pw.TextField()
    previous_hash = pw.CharField(max_length=64)
    hash = pw.CharField(max_length=64)

    class Meta:
        indexes = ((("tenant_id", "id"), False), (("action", "id"), False), (("actor_id", "id"), False))


class AuditHead(Table):
    last_id = pw.BigIntegerField(default=0)
    hash = pw.CharField(max_length=64)


class Lease(Table):
    name = pw.CharField(primary_key=True)
    holder = pw.CharField()
    expires_at = pw.DateTimeField()


class Heartbeat(Table):
    process = pw.CharField(primary_key=True)
    kind = pw.CharField()
    at = pw.DateTimeField()


class Seal(Table):
    word = pw.BlobField()


TABLES = (
    User,
    Tenant,
    Membership,
    Content,
    Policy,
    Run,
    Snapshot,
    RunItem,
    Notification,
    AuditEvent,
    AuditHead,
    Lease,
    Heartbeat,
    Seal,
)

GENESIS = "0" * 64

SQLITE_APPEND_ONLY = [
    f"CREATE TRIGGER audit_event_no_{act} BEFORE {act} ON audit_event "
    "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END"
    for act in ("update", "delete")
]
POSTGRESQL_APPEND_ONLY = [
    "CREATE FUNCTION audit_event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'audit events are append-only'; END $$",
    "CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE ON audit_event "
    "FOR EACH ROW EXECUTE FUNCTION audit_event_append_only()",
    "CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_event_append_only()",
]


def up(migrator, db):
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)
        AuditHead.create(hash=GENESIS)
    statements = SQLITE_APPEND_ONLY if isinstance(db, pw.SqliteDatabase) else POSTGRESQL_APPEND_ONLY
    for statement in statements:
        db.execute_sql(statement)
