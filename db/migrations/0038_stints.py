"""When runs and their parts were worked on, and what they waited for."""

import peewee as pw

from db.schema.online_changes import create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Run(Table):
    class Meta:
        table_name = "run"


class Stint(Table):
    run = pw.ForeignKeyField(Run, on_delete="CASCADE", index=False)
    part = pw.IntegerField(null=True)
    queued_at = pw.DateTimeField()
    began_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField()
    waits_for = pw.CharField(null=True, max_length=200)
    wait_seconds = pw.FloatField()
    times = pw.IntegerField()

    class Meta:
        indexes = ((("run", "part", "id"), False),)


def up(migrator, db):
    create_tables(db, (Stint,), known=(Run,))
