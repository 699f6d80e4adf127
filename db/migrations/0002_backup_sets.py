"""Backup sets, their manifests, schedules, and runs in parts.

Columns come by ALTER TABLE: playhouse's way of adding one that is not null makes the table anew, and dropping the old
one would cascade into everything that refers to it.
"""

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


class Manifest(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    fingerprint = pw.CharField(max_length=64)
    packed = pw.BlobField()
    count = pw.IntegerField()

    class Meta:
        indexes = ((("tenant", "fingerprint"), True),)


class BackupSet(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    state = pw.CharField(default="running", max_length=22)
    selection = pw.TextField()
    is_full = pw.BooleanField(default=False)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    created_at = pw.DateTimeField()
    completed_at = pw.DateTimeField(null=True)
    manifest = pw.ForeignKeyField(Manifest, null=True, on_delete="RESTRICT")
    types = pw.TextField()
    problems = pw.TextField()
    pinned_reason = pw.CharField(null=True, max_length=500)
    pinned_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")

    class Meta:
        indexes = ((("tenant", "id"), False), (("tenant", "state", "id"), False), (("state", "id"), False))


class Schedule(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    cron = pw.CharField(max_length=100)
    time_zone = pw.CharField(default="UTC", max_length=60)
    is_full = pw.BooleanField(default=False)
    is_paused = pw.BooleanField(default=False)
    next_at = pw.DateTimeField(null=True, index=True)
    last_at = pw.DateTimeField(null=True)
    last_run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    created_at = pw.DateTimeField()

    class Meta:
        indexes = ((("tenant", "id"), False),)


class DirectoryName(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=20)
    object_id = pw.CharField(max_length=80)
    name = pw.CharField(null=True, max_length=1000)
    seen_at = pw.DateTimeField()

    class Meta:
        indexes = ((("tenant", "kind", "object_id"), True),)


TABLES = (Manifest, BackupSet, Schedule, DirectoryName)

STATEMENTS = (
    "ALTER TABLE tenant ADD COLUMN full_every_days INTEGER NOT NULL DEFAULT 7",
    "ALTER TABLE tenant ADD COLUMN last_full_at TIMESTAMP",
    "ALTER TABLE tenant ADD COLUMN retention TEXT",
    "ALTER TABLE policy ADD COLUMN assignments_mark VARCHAR(64)",
    "ALTER TABLE run ADD COLUMN parent_id INTEGER REFERENCES run (id) ON DELETE CASCADE",
    "ALTER TABLE run ADD COLUMN part INTEGER",
    "ALTER TABLE run ADD COLUMN parts INTEGER",
    "ALTER TABLE run ADD COLUMN parts_begun INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE run ADD COLUMN retry_of_id INTEGER REFERENCES run (id) ON DELETE SET NULL",
    "CREATE UNIQUE INDEX run_part ON run (parent_id, part) WHERE parent_id IS NOT NULL",
    "ALTER TABLE run_item ADD COLUMN part INTEGER",
    "CREATE INDEX run_item_run_id_part_state ON run_item (run_id, part, state)",
)


def up(migrator, db):
    with db.bind_ctx((User, Tenant, Run, *TABLES)):
        db.create_tables(TABLES)
    for statement in STATEMENTS:
        # SQLite's own name of the type, as peewee gives it to new tables.
        db.execute_sql(statement.replace("TIMESTAMP", "DATETIME") if isinstance(db, pw.SqliteDatabase) else statement)
