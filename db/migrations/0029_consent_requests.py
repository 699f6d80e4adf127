"""Requests for a tenant's consent to our app."""

import peewee as pw

from db.schema.online_changes import create_tables
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


class ConsentRequest(Table):
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE")
    name = pw.CharField(max_length=200)
    tags = pw.TextField(null=True)
    directory_id = pw.CharField(null=True, max_length=36)
    cloud = pw.CharField(max_length=10)
    access = pw.CharField(max_length=10)
    state = pw.CharField(max_length=10)
    token_hash = pw.CharField(unique=True, max_length=64)
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    asked_at = pw.DateTimeField(index=True)
    expires_at = pw.DateTimeField()
    way_hash = pw.CharField(null=True, unique=True, max_length=64)
    left_at = pw.DateTimeField(null=True)
    answered_id = pw.CharField(null=True, max_length=36)
    answered_at = pw.DateTimeField(null=True)
    refusal = pw.CharField(null=True, max_length=500)


def up(migrator, db):
    create_tables(db, (ConsentRequest,), known=(User, Tenant))
