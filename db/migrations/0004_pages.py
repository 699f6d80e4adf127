"""Add what pages need: how a tenant stands, what a person prefers, and indexes for time, search and past durations."""

import logging

import peewee as pw

logger = logging.getLogger(__name__)


class Table(pw.Model):
    class Meta:
        legacy_table_names = False


class User(Table):
    class Meta:
        table_name = "users"


class Preference(Table):
    user = pw.ForeignKeyField(User, on_delete="CASCADE", index=False)
    name = pw.CharField(max_length=60)
    value = pw.TextField()

    class Meta:
        indexes = ((("user", "name"), True),)


STATEMENTS = (
    "ALTER TABLE tenant ADD COLUMN last_backup_id INTEGER",
    "ALTER TABLE tenant ADD COLUMN last_backup_at TIMESTAMP",
    "ALTER TABLE tenant ADD COLUMN connected_at TIMESTAMP",
    "ALTER TABLE tenant ADD COLUMN connection_error VARCHAR(500)",
    """UPDATE tenant SET last_backup_id = (SELECT MAX(id) FROM backup_set WHERE tenant_id = tenant.id
    AND selection = '{}' AND state IN ('complete', 'complete with warnings') AND run_id IS NOT NULL)""",
    """UPDATE tenant SET last_backup_at = (SELECT COALESCE(run.started_at, backup_set.created_at) FROM backup_set
    LEFT JOIN run ON run.id = backup_set.run_id WHERE backup_set.id = tenant.last_backup_id)""",
    "CREATE INDEX run_created_at ON run (created_at)",
    "CREATE INDEX run_tenant_id_kind_id ON run (tenant_id, kind, id)",
    "CREATE INDEX run_retry ON run (retry_of_id) WHERE retry_of_id IS NOT NULL",
    "CREATE INDEX backup_set_created_at ON backup_set (created_at)",
    "CREATE INDEX restore_created_at ON restore (created_at)",
    "CREATE INDEX policy_last_captured_at ON policy (last_captured_at NULLS FIRST)",
    """CREATE INDEX policy_changed ON policy (tenant_id, state)
    WHERE state = 'present' AND (last_captured_at IS NULL OR modified_at > last_captured_at)""",
    "CREATE INDEX policy_policy_type_name ON policy (policy_type, name)",
    "CREATE INDEX restore_created_by_id_id ON restore (created_by_id, id)",
    "CREATE INDEX audit_event_actor_id ON audit_event (actor, id)",
    # The new one finds what is unread as well, and in the order in which it is shown.
    "DROP INDEX notification_user_id_read_at",
    "CREATE INDEX notification_unread ON notification (user_id, changed_at) WHERE read_at IS NULL",
)

# An index of every three letters of a name, kept by the database itself. db/policies/search.py asks it.
SQLITE_SEARCH = (
    "CREATE VIRTUAL TABLE policy_search USING fts5(name, content='policy', content_rowid='id', tokenize='trigram')",
    "INSERT INTO policy_search (policy_search) VALUES ('rebuild')",
    """CREATE TRIGGER policy_search_insert AFTER INSERT ON policy BEGIN
    INSERT INTO policy_search (rowid, name) VALUES (new.id, new.name); END""",
    """CREATE TRIGGER policy_search_delete AFTER DELETE ON policy BEGIN
    INSERT INTO policy_search (policy_search, rowid, name) VALUES ('delete', old.id, old.name); END""",
    """CREATE TRIGGER policy_search_update AFTER UPDATE OF name ON policy WHEN old.name IS NOT new.name BEGIN
    INSERT INTO policy_search (policy_search, rowid, name) VALUES ('delete', old.id, old.name);
    INSERT INTO policy_search (rowid, name) VALUES (new.id, new.name); END""",
)
MAY_HAVE_TRIGRAMS = """SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'
AND (installed_version IS NOT NULL OR has_database_privilege(current_database(), 'CREATE'))"""
POSTGRESQL_GRAPH_IDS = "CREATE INDEX policy_search_graph_id ON policy (graph_id varchar_pattern_ops)"
POSTGRESQL_SEARCH = (
    "CREATE INDEX policy_search ON policy USING gin (name gin_trgm_ops)",
    "CREATE INDEX tenant_search ON tenant USING gin (name gin_trgm_ops)",
)


def up(migrator, db):
    with db.bind_ctx((User, Preference)):
        db.create_tables((Preference,))
    for statement in STATEMENTS:
        if isinstance(db, pw.SqliteDatabase):
            db.execute_sql(statement.replace("TIMESTAMP", "DATETIME").replace(" NULLS FIRST", ""))
        else:
            db.execute_sql(statement)
    if isinstance(db, pw.SqliteDatabase):
        for statement in SQLITE_SEARCH:
            db.execute_sql(statement)
    else:
        db.execute_sql(POSTGRESQL_GRAPH_IDS)
        _index_for_search(db)


def _index_for_search(db):
    """pg_trgm is part of PostgreSQL's contrib, but not every server has it: without it searching reads every name."""
    if not db.execute_sql(MAY_HAVE_TRIGRAMS).fetchone():
        logger.warning("no pg_trgm here, or no right to create it: searching by name stays slow (docs/operating.md)")
        return
    db.execute_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for statement in POSTGRESQL_SEARCH:
        db.execute_sql(statement)
