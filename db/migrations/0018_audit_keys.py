"""Keyed hashes in the audit log, and an event that SQLite does not replace either."""

from datetime import timedelta

import peewee as pw

from db.audit import audit_keys
from db.clock import utcnow
from db.encryption import keyring
from db.schema.online_changes import add_column, briefly, change, create_tables, is_sqlite
from db.schema.row_ids import Identity

atomic = False

# How long processes of the version before may write on beside this one, and how lately they must have beaten.
BESIDE = timedelta(hours=24)
LIVE = timedelta(minutes=1)
OWNER, WORD = "installation", b"tenantkeep"


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class AuditKey(Table):
    sealed = pw.BlobField()


class Seal(Table):
    word = pw.BlobField()


# INSERT OR REPLACE deletes without asking the triggers that refuse deleting. The head only ever goes forward.
SQLITE = (
    "CREATE TRIGGER IF NOT EXISTS audit_event_next BEFORE INSERT ON audit_event "
    "WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM audit_event) "
    "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_head_forward BEFORE UPDATE ON audit_head "
    "WHEN NEW.last_id < OLD.last_id OR NEW.id IS NOT OLD.id "
    "BEGIN SELECT RAISE(ABORT, 'the audit log only goes forward'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_head_one BEFORE INSERT ON audit_head WHEN EXISTS (SELECT 1 FROM audit_head) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log has one head'); END",
    "CREATE TRIGGER IF NOT EXISTS audit_head_stays BEFORE DELETE ON audit_head "
    "BEGIN SELECT RAISE(ABORT, 'the audit log has one head'); END",
)
POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION audit_head_forward() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'UPDATE' AND NEW.last_id >= OLD.last_id AND NEW.id = OLD.id THEN RETURN NEW; END IF; "
    "RAISE EXCEPTION 'the audit log only goes forward'; END $$",
    "DROP TRIGGER IF EXISTS audit_head_forward ON audit_head",
    "CREATE TRIGGER audit_head_forward BEFORE UPDATE OR DELETE ON audit_head "
    "FOR EACH ROW EXECUTE FUNCTION audit_head_forward()",
    "DROP TRIGGER IF EXISTS audit_head_stays ON audit_head",
    "CREATE TRIGGER audit_head_stays BEFORE TRUNCATE ON audit_head "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_head_forward()",
)


def up(migrator, db):
    add_column(db, "audit_event", "mac", "VARCHAR(64)")
    add_column(db, "audit_check", "mac", "VARCHAR(64)")
    create_tables(db, (AuditKey,))
    change(db, *(SQLITE if is_sqlite(db) else POSTGRESQL))
    with db.bind_ctx((AuditKey, Seal)):
        briefly(db, lambda: _begin(db))


def _begin(db):
    """The first key, with the keys of this database and no others."""
    _check_keys()
    if AuditKey.select().exists():
        return
    db.execute_sql("UPDATE audit_head SET last_id = last_id")  # whoever records an event waits for us
    last_id, last_hash = db.execute_sql("SELECT last_id, hash FROM audit_head").fetchone()
    until = (utcnow() + BESIDE).isoformat() if last_id and _is_at_work(db) else ""
    AuditKey.create(id=1, sealed=audit_keys.create_sealed_key(1, last_id, last_hash, until))
    if not is_sqlite(db):
        db.execute_sql("SELECT setval(pg_get_serial_sequence('audit_key', 'id'), 1)")


def _check_keys():
    seal = Seal.get_or_none()
    if seal is None:
        Seal.create(word=keyring().seal(WORD, OWNER))
    else:
        keyring().unseal(seal.word, OWNER)


def _is_at_work(db):
    """On SQLite nobody may be."""
    if is_sqlite(db):
        return False
    return db.execute_sql("SELECT 1 FROM heartbeat WHERE at > %s LIMIT 1", (utcnow() - LIVE,)).fetchone() is not None
