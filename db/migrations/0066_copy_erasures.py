"""Requests to delete what a store has of a tenant that is no longer here; and contents in stores, by tenant."""

import peewee as pw

from db.schema.online_changes import create_index, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class User(Table):
    class Meta:
        table_name = "users"


class CopyStore(Table):
    pass


class CopyErasure(Table):
    store = pw.ForeignKeyField(CopyStore, on_delete="CASCADE", index=False)
    directory_id = pw.CharField(max_length=36)
    tenant_name = pw.CharField()
    requested_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    requested_at = pw.DateTimeField()
    due_at = pw.DateTimeField()
    begun_at = pw.DateTimeField(null=True)
    sets = pw.IntegerField()
    contents = pw.IntegerField()
    locked_until = pw.DateTimeField(null=True)
    error = pw.CharField(null=True, max_length=1000)

    class Meta:
        indexes = ((("store", "directory_id"), True),)


def up(migrator, db):
    create_tables(db, [CopyErasure], known=[User, CopyStore])
    create_index(db, "copied_content_store_id_directory_id_id", "copied_content (store_id, directory_id, id)")
