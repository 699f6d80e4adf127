"""The settings that policies set, by which policies are found and compared."""

import peewee as pw

from db.schema.online_changes import add_column, change, create_index, create_tables, is_sqlite
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class Tenant(Table):
    pass


class Policy(Table):
    pass


class KnownSetting(Table):
    key = pw.CharField(unique=True, max_length=400)
    title = pw.CharField(max_length=300)
    folded = pw.TextField()


class PolicySetting(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    setting = pw.ForeignKeyField(KnownSetting, on_delete="CASCADE", index=False)
    mark = pw.CharField(null=True, max_length=16)
    value = pw.CharField(null=True, max_length=120)
    may_conflict = pw.BooleanField()

    class Meta:
        indexes = (
            (("policy", "setting"), True),
            (("setting", "tenant", "mark"), False),
            (("tenant", "may_conflict", "setting", "mark"), False),
        )


# As 0004 does for names of policies: an index of every three letters.
SQLITE_SEARCH = (
    """CREATE VIRTUAL TABLE IF NOT EXISTS policy_search_settings USING fts5(folded, content='known_setting',
    content_rowid='id', tokenize='trigram')""",
    """CREATE TRIGGER IF NOT EXISTS policy_search_settings_insert AFTER INSERT ON known_setting BEGIN
    INSERT INTO policy_search_settings (rowid, folded) VALUES (new.id, new.folded); END""",
    """CREATE TRIGGER IF NOT EXISTS policy_search_settings_delete AFTER DELETE ON known_setting BEGIN
    INSERT INTO policy_search_settings (policy_search_settings, rowid, folded) VALUES ('delete', old.id, old.folded);
    END""",
    """CREATE TRIGGER IF NOT EXISTS policy_search_settings_update AFTER UPDATE OF folded ON known_setting
    WHEN old.folded IS NOT new.folded BEGIN
    INSERT INTO policy_search_settings (policy_search_settings, rowid, folded) VALUES ('delete', old.id, old.folded);
    INSERT INTO policy_search_settings (rowid, folded) VALUES (new.id, new.folded); END""",
)
# 0004 made it, where the server has it.
HAS_TRIGRAMS = "SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'"


def up(migrator, db):
    create_tables(db, (KnownSetting, PolicySetting), known=(Tenant, Policy))
    add_column(db, "policy", "index_version", "INTEGER")
    create_index(
        db,
        "policy_indexable",
        "policy (index_version) WHERE state = 'present' AND last_captured_at IS NOT NULL",
    )
    if is_sqlite(db):
        change(db, *SQLITE_SEARCH)
    elif db.execute_sql(HAS_TRIGRAMS).fetchone():
        create_index(db, "policy_search_settings", "known_setting USING gin (folded gin_trgm_ops)")
