"""Recovery codes, passkeys, and when Entra ID was last asked about a person."""

import peewee as pw

from db.schema.online_changes import add_column, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class User(Table):
    email = pw.CharField(unique=True)

    class Meta:
        table_name = "users"


class RecoveryCode(Table):
    user = pw.ForeignKeyField(User, on_delete="CASCADE", index=False)
    mark = pw.CharField(max_length=64)
    used_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("user", "mark"), True),)


class Passkey(Table):
    user = pw.ForeignKeyField(User, on_delete="CASCADE")
    name = pw.CharField(max_length=60)
    credential_id = pw.CharField(unique=True, max_length=1400)
    public_key = pw.TextField()
    sign_count = pw.BigIntegerField(default=0)
    created_at = pw.DateTimeField()
    used_at = pw.DateTimeField(null=True)


class EntraToken(Table):
    user = pw.ForeignKeyField(User, unique=True, on_delete="CASCADE")
    sealed = pw.BlobField()
    asked_at = pw.DateTimeField()


def up(migrator, db):
    create_tables(db, (RecoveryCode, Passkey, EntraToken), (User,))
    add_column(db, "users", "entra_checked_at", "DATETIME")
