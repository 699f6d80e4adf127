"""Keep what expires in a tenant, and whether the members of its groups are kept."""

import peewee as pw

from db.schema.online_changes import add_column, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Tenant(Table):
    name = pw.CharField()


class Expiry(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=40)
    object_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    expires_at = pw.DateTimeField(null=True)
    state = pw.CharField(max_length=200)
    is_well = pw.BooleanField()
    seen_at = pw.DateTimeField()

    class Meta:
        indexes = ((("tenant", "kind", "object_id"), True),)


def up(migrator, db):
    create_tables(db, (Expiry,), (Tenant,))
    add_column(db, "tenant", "keeps_members", "BOOLEAN NOT NULL DEFAULT FALSE")
    add_column(db, "tenant", "expiries_at", "DATETIME")
