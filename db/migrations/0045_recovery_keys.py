"""Recovery keys by name: each public key that a store is sealed to by now becomes one, in the order of the stores."""

import json

import peewee as pw

from db.schema.online_changes import briefly, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class User(Table):
    class Meta:
        table_name = "users"


class RecoveryKey(Table):
    name = pw.CharField(max_length=80)
    recipient = pw.CharField(max_length=200, unique=True)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField()
    proven_at = pw.DateTimeField(null=True)
    retired_at = pw.DateTimeField(null=True)
    challenge = pw.CharField(null=True, max_length=4000)
    challenge_hash = pw.CharField(null=True, max_length=64)
    challenged_at = pw.DateTimeField(null=True)


class CopyStore(Table):
    recipients = pw.TextField()
    created_at = pw.DateTimeField()


def up(migrator, db):
    create_tables(db, (RecoveryKey,), known=(User,))
    with db.bind_ctx((CopyStore, RecoveryKey)):
        briefly(db, _name_keys)


def _name_keys():
    """Name the keys of every store, each once. Again: those that have a row are passed over."""
    for recipients, created_at in (
        CopyStore.select(CopyStore.recipients, CopyStore.created_at).order_by(CopyStore.id).tuples()
    ):
        for recipient in json.loads(recipients):
            if not RecoveryKey.select().where(RecoveryKey.recipient == recipient).exists():
                name = f"Recovery key {RecoveryKey.select().count() + 1}"
                RecoveryKey.insert(name=name, recipient=recipient, created_at=created_at).execute()
