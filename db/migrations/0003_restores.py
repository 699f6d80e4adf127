"""Restores: their items and plans, the intents of their writes, mappings, and what a tenant asks for before one."""

import peewee as pw


class Table(pw.Model):
    class Meta:
        legacy_table_names = False


class User(Table):
    class Meta:
        table_name = "users"


class Tenant(Table):
    pass


class Run(Table):
    pass


class Content(Table):
    pass


class Snapshot(Table):
    pass


class BackupSet(Table):
    pass


class Restore(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    source_directory_id = pw.CharField(max_length=36)
    source_name = pw.CharField()
    backup_set = pw.ForeignKeyField(BackupSet, null=True, on_delete="SET NULL", index=False)
    undo_of = pw.ForeignKeyField("self", null=True, on_delete="SET NULL", index=False)
    state = pw.CharField(default="draft", max_length=10)
    options = pw.TextField()
    reason = pw.CharField(null=True, max_length=500)
    guard_reason = pw.CharField(null=True, max_length=500)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField()
    changed_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    previewed_at = pw.DateTimeField(null=True)
    approved_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    approved_at = pw.DateTimeField(null=True)
    started_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField(null=True)
    safety_set = pw.ForeignKeyField(BackupSet, null=True, on_delete="SET NULL", index=False)

    class Meta:
        indexes = ((("tenant", "id"), False), (("tenant", "state", "id"), False), (("state", "id"), False))


class RestoreItem(Table):
    restore = pw.ForeignKeyField(Restore, on_delete="CASCADE", index=False)
    position = pw.IntegerField(default=0)
    policy_type = pw.CharField(max_length=80)
    graph_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    content = pw.ForeignKeyField(Content, null=True, on_delete="RESTRICT")
    snapshot = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL", index=False)
    references = pw.TextField()
    action = pw.CharField(null=True, max_length=20)
    target_id = pw.CharField(null=True, max_length=200)
    live_content = pw.ForeignKeyField(Content, null=True, on_delete="RESTRICT")
    live_mark = pw.CharField(null=True, max_length=64)
    differences = pw.IntegerField(default=0)
    resolutions = pw.TextField(null=True)
    notes = pw.TextField(null=True)
    reason = pw.CharField(null=True, max_length=60)
    message = pw.CharField(null=True, max_length=1000)
    created_id = pw.CharField(null=True, max_length=200)
    outcome = pw.CharField(null=True, max_length=20)
    after_mark = pw.CharField(null=True, max_length=64)
    verified = pw.BooleanField(null=True)
    safety_snapshot = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL", index=False)
    seen_content = pw.ForeignKeyField(Content, null=True, on_delete="SET NULL", index=False)
    seen_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("restore", "position"), False),)


class Write(Table):
    id = pw.BigAutoField()
    run = pw.ForeignKeyField(Run, on_delete="CASCADE", index=False)
    item = pw.ForeignKeyField(RestoreItem, on_delete="CASCADE", index=False)
    method = pw.CharField(max_length=6)
    path = pw.CharField(max_length=700)
    request_mark = pw.CharField(max_length=64)
    state = pw.CharField(default="sending", max_length=10)
    sent_at = pw.DateTimeField()
    answered_at = pw.DateTimeField(null=True)
    error_code = pw.CharField(null=True, max_length=60)
    request_id = pw.CharField(null=True, max_length=80)
    known_ids = pw.TextField(null=True)
    approval = pw.CharField(null=True, max_length=80)

    class Meta:
        indexes = ((("item", "id"), False), (("run", "id"), False))


class Listing(Table):
    run = pw.ForeignKeyField(Run, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    rows = pw.TextField()
    listed_at = pw.DateTimeField()

    class Meta:
        indexes = ((("run", "policy_type"), True),)


class Mapping(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    source_directory_id = pw.CharField(max_length=36)
    kind = pw.CharField(max_length=80)
    source_id = pw.CharField(max_length=200)
    source_name = pw.CharField(null=True, max_length=1000)
    target_id = pw.CharField(max_length=200)
    target_name = pw.CharField(null=True, max_length=1000)
    set_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    set_at = pw.DateTimeField()

    class Meta:
        indexes = ((("tenant", "source_directory_id", "kind", "source_id"), True),)


TABLES = (Restore, RestoreItem, Write, Listing, Mapping)

STATEMENTS = (
    "ALTER TABLE tenant ADD COLUMN four_eyes BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE tenant ADD COLUMN break_glass TEXT",
    "ALTER TABLE backup_set ADD COLUMN name VARCHAR(200)",
    "ALTER TABLE run ADD COLUMN restore_id INTEGER",
    "CREATE INDEX run_restore ON run (restore_id) WHERE restore_id IS NOT NULL",
    "ALTER TABLE run_item ADD COLUMN restore_item_id INTEGER",
)


def up(migrator, db):
    with db.bind_ctx((User, Tenant, Run, Content, Snapshot, BackupSet, *TABLES)):
        db.create_tables(TABLES)
    for statement in STATEMENTS:
        db.execute_sql(statement.replace("BOOLEAN", "INTEGER") if isinstance(db, pw.SqliteDatabase) else statement)
