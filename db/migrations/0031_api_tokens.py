"""API tokens, and what programs have started with an idempotency key."""

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


class ApiToken(Table):
    user = pw.ForeignKeyField(User, on_delete="CASCADE")
    name = pw.CharField(max_length=80)
    token_hash = pw.CharField(unique=True, max_length=64)
    prefix = pw.CharField(max_length=12)
    scopes = pw.TextField()
    tenants = pw.TextField(null=True)
    tags = pw.TextField(null=True)
    created_at = pw.DateTimeField()
    expires_at = pw.DateTimeField(index=True)
    ended_at = pw.DateTimeField(null=True)
    last_used_at = pw.DateTimeField(null=True)
    last_address = pw.CharField(null=True, max_length=60)


class ApiStart(Table):
    token = pw.ForeignKeyField(ApiToken, on_delete="CASCADE", index=False)
    key = pw.CharField(max_length=200)
    request_mark = pw.CharField(max_length=64)
    status = pw.IntegerField(null=True)
    body = pw.TextField(null=True)
    location = pw.CharField(null=True, max_length=300)
    run_id = pw.BigIntegerField(null=True)
    restore_id = pw.BigIntegerField(null=True)
    made_at = pw.DateTimeField(index=True)

    class Meta:
        indexes = ((("token", "key"), True),)


def up(migrator, db):
    create_tables(db, (ApiToken, ApiStart), known=(User,))
