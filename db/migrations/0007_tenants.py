"""A tenant's next and previous credential, when the one in force ends, and since when a tenant is being removed."""

import peewee as pw


class Table(pw.Model):
    class Meta:
        legacy_table_names = False


class Tenant(Table):
    name = pw.CharField()


class Credential(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    place = pw.CharField(max_length=10)
    kind = pw.CharField()
    client_id = pw.CharField(max_length=36)
    sealed = pw.BlobField()
    expires_at = pw.DateTimeField(null=True)
    since = pw.DateTimeField()
    refusal = pw.CharField(null=True, max_length=500)

    class Meta:
        indexes = ((("tenant", "place"), True),)


STATEMENTS = (
    "ALTER TABLE tenant ADD COLUMN credential_expires_at TIMESTAMP",
    "ALTER TABLE tenant ADD COLUMN removing_since TIMESTAMP",
)


def up(migrator, db):
    with db.bind_ctx((Tenant, Credential)):
        db.create_tables((Credential,))
    for statement in STATEMENTS:
        is_sqlite = isinstance(db, pw.SqliteDatabase)
        db.execute_sql(statement.replace("TIMESTAMP", "DATETIME") if is_sqlite else statement)
