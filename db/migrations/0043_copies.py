"""Stores of copies, what is in them, and the key that signs it."""

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


class BackupSet(Table):
    pass


class CopySigner(Table):
    installation = pw.CharField(max_length=36)
    public_key = pw.CharField(max_length=64)
    sealed = pw.BlobField()
    created_at = pw.DateTimeField()


class CopyStore(Table):
    name = pw.CharField(max_length=80)
    address = pw.CharField(max_length=1000)
    sealed = pw.BlobField()
    recipients = pw.TextField()
    is_active = pw.BooleanField()
    copy_days = pw.IntegerField()
    needs_lock = pw.BooleanField()
    bytes_per_second = pw.BigIntegerField(null=True)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField()
    lock_state = pw.CharField(max_length=12)
    checked_at = pw.DateTimeField(null=True)
    verified_at = pw.DateTimeField(null=True)
    state_at = pw.DateTimeField(null=True)
    tidied_at = pw.DateTimeField(null=True)
    tend_at = pw.DateTimeField(null=True, index=True)
    is_check_asked = pw.BooleanField()
    is_verify_asked = pw.BooleanField()
    error = pw.CharField(null=True, max_length=1000)
    failing_since = pw.DateTimeField(null=True)


class CopiedSet(Table):
    store = pw.ForeignKeyField(CopyStore, on_delete="CASCADE", index=False)
    backup_set = pw.ForeignKeyField(BackupSet, null=True, on_delete="SET NULL")
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="SET NULL")
    directory_id = pw.CharField(max_length=36)
    tenant_name = pw.CharField()
    set_number = pw.BigIntegerField()
    state = pw.CharField(max_length=10)
    set_at = pw.DateTimeField()
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    try_at = pw.DateTimeField(null=True)
    copied_at = pw.DateTimeField(null=True)
    kept_until = pw.DateTimeField(null=True)
    locked_until = pw.DateTimeField(null=True)
    contents = pw.IntegerField()
    pushed_contents = pw.IntegerField()
    pushed_bytes = pw.BigIntegerField()
    manifest_checksum = pw.CharField(null=True, max_length=64)
    message = pw.CharField(null=True, max_length=1000)

    class Meta:
        indexes = (
            (("store", "set_number"), True),
            (("store", "state", "try_at"), False),
            (("store", "directory_id", "set_number"), False),
            (("store", "kept_until"), False),
        )


class CopiedContent(Table):
    store = pw.ForeignKeyField(CopyStore, on_delete="CASCADE", index=False)
    directory_id = pw.CharField(max_length=36)
    name = pw.CharField(max_length=64)
    sha256 = pw.CharField(max_length=64)
    checksum = pw.CharField(max_length=64)
    plain_bytes = pw.IntegerField()
    stored_bytes = pw.IntegerField()
    kept_until = pw.DateTimeField()
    locked_until = pw.DateTimeField(null=True)
    is_going = pw.BooleanField()

    class Meta:
        indexes = ((("store", "name"), True), (("store", "kept_until"), False))


def up(migrator, db):
    create_tables(db, (CopySigner, CopyStore, CopiedSet, CopiedContent), known=(User, Tenant, Run, BackupSet))
