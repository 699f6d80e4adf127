"""Policies that somebody imported from another tool: kept apart from what was captured."""

import peewee as pw

from db.schema.online_changes import create_tables
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


class Content(Table):
    pass


class User(Table):
    class Meta:
        table_name = "users"


class PolicyImport(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    name = pw.CharField(max_length=200)
    source_directory_id = pw.CharField(max_length=36)
    organisation = pw.CharField(max_length=200)
    formats = pw.TextField()
    findings = pw.TextField()
    files = pw.TextField()
    file_count = pw.IntegerField()
    policy_count = pw.IntegerField()
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField()
    kept_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("tenant", "id"), False), (("kept_at", "created_at"), False))


class ImportedPolicy(Table):
    policy_import = pw.ForeignKeyField(PolicyImport, on_delete="CASCADE", index=False)
    position = pw.IntegerField()
    path = pw.CharField(max_length=1000)
    format = pw.CharField(max_length=30)
    policy_type = pw.CharField(max_length=80)
    graph_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    content = pw.ForeignKeyField(Content, on_delete="RESTRICT")
    other_content = pw.ForeignKeyField(Content, null=True, on_delete="RESTRICT")
    takes_other = pw.BooleanField()
    references = pw.TextField()
    findings = pw.TextField()
    placeholders = pw.TextField()

    class Meta:
        indexes = ((("policy_import", "position"), True),)


def up(migrator, db):
    create_tables(db, (PolicyImport, ImportedPolicy), known=(Tenant, Run, Content, User))
