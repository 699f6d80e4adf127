"""Keep the answers that a run was given until they are recorded, and tell backups per policy type."""

import peewee as pw


class Table(pw.Model):
    class Meta:
        legacy_table_names = False


class Tenant(Table):
    name = pw.CharField()


class Run(Table):
    kind = pw.CharField()


class RunAnswer(Table):
    id = pw.BigAutoField()
    run = pw.ForeignKeyField(Run, on_delete="CASCADE", index=False)
    reading = pw.CharField(max_length=200)
    path_mark = pw.CharField(max_length=64)
    sealed = pw.BlobField()
    kept_at = pw.DateTimeField()

    class Meta:
        indexes = ((("run", "reading", "path_mark"), True),)


class Coverage(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    offer = pw.CharField(max_length=20)
    asked_at = pw.DateTimeField()
    good_at = pw.DateTimeField(null=True)
    bad_since = pw.DateTimeField(null=True)
    why = pw.CharField(null=True, max_length=1000)

    class Meta:
        indexes = ((("tenant", "policy_type"), True),)


STATEMENTS = (
    "ALTER TABLE run ADD COLUMN progressed_at TIMESTAMP",
    "ALTER TABLE run_item ADD COLUMN tries INTEGER NOT NULL DEFAULT 0",
    # Which policies are due to be read is asked of each by itself now.
    "ALTER TABLE tenant DROP COLUMN last_full_at",
)


def up(migrator, db):
    tables = (RunAnswer, Coverage)
    with db.bind_ctx((Tenant, Run, *tables)):
        db.create_tables(tables)
    for statement in STATEMENTS:
        db.execute_sql(statement.replace("TIMESTAMP", "DATETIME") if isinstance(db, pw.SqliteDatabase) else statement)
