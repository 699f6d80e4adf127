"""What the scheduler could not do and tries again later, and why a schedule was paused by itself."""

import peewee as pw


class Setback(pw.Model):
    step = pw.CharField(max_length=40)
    subject = pw.IntegerField()
    since = pw.DateTimeField()
    last_at = pw.DateTimeField()
    again_at = pw.DateTimeField()
    times = pw.IntegerField()
    sentence = pw.CharField(max_length=500)

    class Meta:
        legacy_table_names = False
        primary_key = pw.CompositeKey("step", "subject")


def up(migrator, db):
    with db.bind_ctx((Setback,)):
        db.create_tables((Setback,))
    db.execute_sql("ALTER TABLE schedule ADD COLUMN paused_because VARCHAR(500)")
