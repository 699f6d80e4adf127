"""Keep what an approval binds, everybody who asked for a restore, and rules that wait for a second person."""

import peewee as pw

from db.schema.online_changes import add_column, change, create_tables
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
    name = pw.CharField()


class Restore(Table):
    pass


class RestoreRequester(Table):
    restore = pw.ForeignKeyField(Restore, on_delete="CASCADE", index=False)
    user = pw.ForeignKeyField(User, on_delete="CASCADE", index=False)
    act = pw.CharField(max_length=100)
    at = pw.DateTimeField()

    class Meta:
        indexes = ((("restore", "user", "act"), True),)


class RuleChange(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", unique=True)
    asked_by = pw.ForeignKeyField(User, on_delete="CASCADE", index=False)
    asked_at = pw.DateTimeField()
    turns_four_eyes_off = pw.BooleanField()
    removed = pw.TextField()
    named = pw.TextField()


# Those that may yet be executed keep the rule that their tenant has today. Their plans bind less than is asked for by
# now: they have no parts, and are previewed, and approved, again. Who asked for them is read from their own columns.
KEEP_THE_RULE = """
UPDATE restore SET asks_four_eyes = TRUE
WHERE state IN ('draft', 'previewed', 'approved', 'expired') AND tenant_id IN (SELECT id FROM tenant WHERE four_eyes)
"""
KEEP_THE_LIST = """
UPDATE restore SET break_glass = (SELECT break_glass FROM tenant WHERE tenant.id = restore.tenant_id)
WHERE state IN ('draft', 'previewed', 'approved', 'expired')
"""


def up(migrator, db):
    create_tables(db, (RestoreRequester, RuleChange), (User, Tenant, Restore))
    add_column(db, "restore", "plan_parts", "TEXT")
    add_column(db, "restore", "approved_fingerprint", "VARCHAR(64)")
    add_column(db, "restore", "mappings_used", "TEXT")
    add_column(db, "restore", "asks_four_eyes", "BOOLEAN NOT NULL DEFAULT FALSE")
    add_column(db, "restore", "break_glass", "TEXT")
    add_column(db, "restore", "guard_by_id", "BIGINT", refers_to="users (id) ON DELETE SET NULL")
    add_column(db, "restore", "guard_at", "DATETIME")
    add_column(db, "restore", "retry_approved_by_id", "BIGINT", refers_to="users (id) ON DELETE SET NULL")
    add_column(db, "restore", "retry_approved_at", "DATETIME")
    add_column(db, "restore", "retry_approved_run", "BIGINT")
    change(db, KEEP_THE_RULE, KEEP_THE_LIST)
