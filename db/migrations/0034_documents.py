"""Documents made for people, their sealed files, and whose name stands on them."""

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


class Run(Table):
    pass


class PolicyDocument(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    requested_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    options = pw.TextField()
    format = pw.CharField(max_length=8)
    title = pw.CharField(max_length=300)
    policies = pw.IntegerField(null=True)
    size = pw.IntegerField(null=True)
    made_at = pw.DateTimeField(null=True)
    created_at = pw.DateTimeField(index=True)

    class Meta:
        indexes = ((("tenant", "id"), False),)


class DocumentChunk(Table):
    document = pw.ForeignKeyField(PolicyDocument, on_delete="CASCADE", index=False)
    number = pw.IntegerField()
    sealed = pw.BlobField()

    class Meta:
        indexes = ((("document", "number"), True),)


class DocumentProvider(Table):
    name = pw.CharField(max_length=120)
    logo = pw.BlobField(null=True)
    logo_type = pw.CharField(null=True, max_length=20)


def up(migrator, db):
    create_tables(db, (PolicyDocument, DocumentChunk, DocumentProvider), known=(Tenant, Run, User))
