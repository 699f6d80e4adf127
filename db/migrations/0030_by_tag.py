"""Roles that go by tags of tenants."""

import peewee as pw

from db.schema.online_changes import add_column, create_tables
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
