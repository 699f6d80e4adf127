"""Sessions of their own, second factors, people from Entra ID, and how far the audit log was checked."""

import peewee as pw


class Table(pw.Model):
    class Meta:
        legacy_table_names = False


class User(Table):
    class Meta:
        table_name = "users"


class Tenant(Table):
    name = pw.CharField()


class Session(Table):
    user = pw.ForeignKeyField(User, on_delete="CASCADE")
    token_mark = pw.CharField(unique=True, max_length=64)
    began_at = pw.DateTimeField()
    seen_at = pw.DateTimeField()
    address = pw.CharField(null=True, max_length=60)
    browser = pw.CharField(max_length=200)
    way = pw.CharField(max_length=20)


class EntraGrant(Table):
    claim = pw.CharField(max_length=200)
    site_role = pw.CharField(null=True)
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE", index=False)
    role = pw.CharField(null=True)

    class Meta:
        indexes = ((("claim", "tenant"), True),)


class AuditCheck(Table):
    last_id = pw.BigIntegerField(default=0)
    hash = pw.CharField(max_length=64)
    began_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField(null=True)
    found = pw.IntegerField(default=0)
    faults = pw.IntegerField(default=0)
    first_fault = pw.CharField(null=True, max_length=500)


GENESIS = "0" * 64

STATEMENTS = (
    "ALTER TABLE users DROP COLUMN session_epoch",
    "ALTER TABLE users ADD COLUMN totp_secret BLOB",
    "ALTER TABLE users ADD COLUMN totp_step INTEGER",
    "ALTER TABLE users ADD COLUMN entra_id VARCHAR(36)",
    "CREATE UNIQUE INDEX users_entra_id ON users (entra_id)",
    "ALTER TABLE membership ADD COLUMN is_from_entra BOOLEAN NOT NULL DEFAULT FALSE",
    # Which encryption keys a process knows, newest first: a key is retired only when nobody needs it.
    "ALTER TABLE heartbeat ADD COLUMN keys VARCHAR(200)",
)


def up(migrator, db):
    tables = (Session, EntraGrant, AuditCheck)
    with db.bind_ctx((User, Tenant, *tables)):
        db.create_tables(tables)
        AuditCheck.create(hash=GENESIS)
    for statement in STATEMENTS:
        if isinstance(db, pw.SqliteDatabase):
            db.execute_sql(statement.replace("BOOLEAN NOT NULL DEFAULT FALSE", "INTEGER NOT NULL DEFAULT 0"))
        else:
            db.execute_sql(statement.replace(" BLOB", " BYTEA").replace("step INTEGER", "step BIGINT"))
