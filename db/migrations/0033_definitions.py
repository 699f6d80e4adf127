"""The catalogue of Microsoft's words: definitions, their categories, and the tenants that are asked for them."""

import peewee as pw

from db.schema.online_changes import add_column, create_index, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Tenant(Table):
    pass


class DefinitionText(Table):
    definition_id = pw.CharField(max_length=400)
    spelling = pw.CharField(max_length=400)
    language = pw.CharField(max_length=12)
    catalogue = pw.CharField(max_length=20)
    state = pw.CharField(max_length=10)
    asked_at = pw.DateTimeField(null=True)
    changed_at = pw.DateTimeField(null=True)
    version = pw.CharField(max_length=60)
    title = pw.CharField(max_length=300)
    description = pw.TextField()
    category_id = pw.CharField(max_length=200)
    options = pw.TextField(null=True)
    unit = pw.CharField(max_length=40)
    minimum = pw.BigIntegerField(null=True)
    maximum = pw.BigIntegerField(null=True)
    is_secret = pw.BooleanField()

    class Meta:
        indexes = ((("definition_id", "language"), True), (("language", "state", "asked_at"), False))


class DefinitionCategory(Table):
    category_id = pw.CharField(max_length=200)
    language = pw.CharField(max_length=12)
    path = pw.TextField()
    asked_at = pw.DateTimeField()

    class Meta:
        indexes = ((("category_id", "language"), True),)


class DefinitionSource(Table):
    tenant = pw.ForeignKeyField(Tenant, unique=True, on_delete="CASCADE")
    due_since = pw.DateTimeField(null=True)
    again_at = pw.DateTimeField(null=True)
    refusal = pw.CharField(null=True, max_length=500)


def up(migrator, db):
    create_tables(db, (DefinitionText, DefinitionCategory, DefinitionSource), known=(Tenant,))
    create_index(db, "definition_source_due", "definition_source (due_since) WHERE due_since IS NOT NULL")
    add_column(db, "policy", "met_snapshot_id", "BIGINT")
