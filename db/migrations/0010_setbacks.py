"""Keep what the scheduler could not do and tries again later, and why a schedule was paused by itself."""

import peewee as pw

from db.schema.online_changes import add_column, create_tables

atomic = False


class Setback(pw.Model):
    step = pw.CharField(max_length=40)
    subject = pw.BigIntegerField()
    since = pw.DateTimeField()
    last_at = pw.DateTimeField()
    again_at = pw.DateTimeField()
    times = pw.IntegerField()
    sentence = pw.CharField(max_length=500)

    class Meta:
        legacy_table_names = False
        primary_key = pw.CompositeKey("step", "subject")


def up(migrator, db):
    create_tables(db, (Setback,))
    add_column(db, "schedule", "paused_because", "VARCHAR(500)")
