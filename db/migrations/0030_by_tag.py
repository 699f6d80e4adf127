"""Roles, defaults and notices that go by tags of tenants, and the queues that workers serve."""

import peewee as pw

from db.schema.online_changes import add_column, create_index, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class User(Table):
    class Meta:
        table_name = "users"


class TagMembership(Table):
    user = pw.ForeignKeyField(User, on_delete="CASCADE", index=False)
    tag = pw.CharField(max_length=40)
    folded = pw.CharField(max_length=80)
    role = pw.CharField()
    is_subscribed = pw.BooleanField()
    is_from_entra = pw.BooleanField()

    class Meta:
        indexes = ((("user", "folded", "is_from_entra"), True), (("folded", "user"), False))


def up(migrator, db):
    create_tables(db, (TagMembership,), known=(User,))
    add_column(db, "entra_grant", "tag", "VARCHAR(40)")
    add_column(db, "entra_grant", "folded", "VARCHAR(80)")
    add_column(db, "new_tenant_defaults", "tag", "VARCHAR(40)")
    add_column(db, "new_tenant_defaults", "folded", "VARCHAR(80)")
    add_column(db, "new_tenant_defaults", "is_watched", "BOOLEAN")
    add_column(db, "new_tenant_defaults", "watch_minutes", "INTEGER")
    create_index(db, "new_tenant_defaults_folded", "new_tenant_defaults (folded)", is_unique=True)
    add_column(db, "notice_rule", "tags", "TEXT")
    add_column(db, "heartbeat", "queues", "VARCHAR(1000)")
