"""Our own apps, to which tenants consent, with their credentials; and a tenant's credential that only writes."""

import peewee as pw

from db.schema.online_changes import add_column, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class SharedApp(Table):
    cloud = pw.CharField(max_length=10)
    access = pw.CharField(max_length=10)
    client_id = pw.CharField(max_length=36)
    directory_id = pw.CharField(max_length=36)
    created_at = pw.DateTimeField()

    class Meta:
        indexes = ((("cloud", "access"), True),)


class SharedAppCredential(Table):
    app = pw.ForeignKeyField(SharedApp, on_delete="CASCADE", index=False)
    place = pw.CharField(max_length=10)
    kind = pw.CharField(max_length=20)
    sealed = pw.BlobField()
    expires_at = pw.DateTimeField(null=True)
    since = pw.DateTimeField()
    refusal = pw.CharField(null=True, max_length=500)

    class Meta:
        indexes = ((("app", "place"), True),)


def up(migrator, db):
    create_tables(db, (SharedApp, SharedAppCredential))
    add_column(db, "credential", "roles", "TEXT")
    add_column(db, "credential", "principal_id", "VARCHAR(36)")
