"""Words by which tenants are found, and what a new tenant gets."""

import peewee as pw

from db.schema.online_changes import create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Tenant(Table):
    pass


class TenantTag(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    name = pw.CharField(max_length=40)
    folded = pw.CharField(max_length=80)

    class Meta:
        indexes = ((("tenant", "folded"), True), (("folded", "tenant"), False))


class NewTenantDefaults(Table):
    cron = pw.CharField(null=True, max_length=100)
    time_zone = pw.CharField(null=True, max_length=60)
    is_full = pw.BooleanField()
    retention = pw.TextField(null=True)
    full_every_days = pw.IntegerField(null=True)
    members = pw.TextField(null=True)
    tags = pw.TextField(null=True)
    emergency_note = pw.CharField(null=True, max_length=500)


def up(migrator, db):
    create_tables(db, (TenantTag, NewTenantDefaults), known=(Tenant,))
