"""Uploaded files until a run has read them, and what such a file says of itself."""

import peewee as pw

from db.schema.online_changes import add_column, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Tenant(Table):
    pass


class Run(Table):
    pass


class Upload(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    run = pw.ForeignKeyField(Run, null=True, unique=True, on_delete="CASCADE")
    options = pw.TextField()
    size = pw.IntegerField()
    created_at = pw.DateTimeField(index=True)


class UploadChunk(Table):
    upload = pw.ForeignKeyField(Upload, on_delete="CASCADE", index=False)
    number = pw.IntegerField()
    sealed = pw.BlobField()

    class Meta:
        indexes = ((("upload", "number"), True),)


def up(migrator, db):
    create_tables(db, (Upload, UploadChunk), known=(Tenant, Run))
    add_column(db, "restore", "file_says", "TEXT")
    add_column(db, "restore_item", "file_says", "TEXT")
