"""Lists narrowed by two things at once: indexes that have both, or only the few rows that one of them names."""

from db.schema.online_changes import add_column, change, create_index, drop_index, is_sqlite

atomic = False

ROWS_AT_ONCE = 5000
# A process of the version before writes changes too, and does not know their type.
TRIGGER = {
    True: (
        "CREATE TRIGGER IF NOT EXISTS change_policy_type AFTER INSERT ON change BEGIN "
        "UPDATE change SET policy_type = (SELECT policy_type FROM policy WHERE id = NEW.policy_id) WHERE id = NEW.id; "
        "END",
    ),
    False: (
        "CREATE OR REPLACE FUNCTION change_policy_type() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "NEW.policy_type := (SELECT policy_type FROM policy WHERE id = NEW.policy_id); RETURN NEW; END $$",
        "DROP TRIGGER IF EXISTS change_policy_type ON change",
        "CREATE TRIGGER change_policy_type BEFORE INSERT ON change FOR EACH ROW EXECUTE FUNCTION change_policy_type()",
    ),
}

UNWELL = "parent_id IS NULL AND (state IN ('partial', 'failed', 'cancelled') OR error_code IS NOT NULL)"
INDEXES = {
    "run_requested_by_id_id": "run (requested_by_id, id)",
    "run_person_kind": "run (requested_by_id, kind, id) WHERE parent_id IS NULL",
    "run_person_tenant": "run (requested_by_id, tenant_id, id) WHERE parent_id IS NULL",
    "run_unwell": f"run (id, state) WHERE {UNWELL}",
    "run_unwell_tenant": f"run (tenant_id, id, state) WHERE {UNWELL}",
    "run_unwell_kind": f"run (kind, id, state) WHERE {UNWELL}",
    "run_unwell_person": f"run (requested_by_id, id, state) WHERE {UNWELL}",
    "change_state_severity_id": "change (state, severity, id)",
    "change_state_kind_id": "change (state, kind, id)",
    "change_severity_kind_id": "change (severity, kind, id)",
    "change_tenant_id_severity_id": "change (tenant_id, severity, id)",
    "change_tenant_id_kind_id": "change (tenant_id, kind, id)",
    "change_tenant_id_policy_type_id": "change (tenant_id, policy_type, id)",
    "change_policy_type_id": "change (policy_type, id)",
    "change_policy_type_state_id": "change (policy_type, state, id)",
    "change_policy_type_severity_id": "change (policy_type, severity, id)",
    "change_policy_type_kind_id": "change (policy_type, kind, id)",
    "change_of_ours": "change (id) WHERE restore_id IS NOT NULL",
    "change_of_ours_tenant": "change (tenant_id, id) WHERE restore_id IS NOT NULL",
    "change_of_ours_state": "change (state, id) WHERE restore_id IS NOT NULL",
    "change_of_ours_severity": "change (severity, id) WHERE restore_id IS NOT NULL",
    "change_of_ours_kind": "change (kind, id) WHERE restore_id IS NOT NULL",
    "change_of_ours_type": "change (policy_type, id) WHERE restore_id IS NOT NULL",
    "audit_event_tenant_id_action_id": "audit_event (tenant_id, action, id)",
    "audit_event_tenant_id_actor_id": "audit_event (tenant_id, actor, id)",
    "audit_event_actor_action_id": "audit_event (actor, action, id)",
    "audit_event_not_ok": "audit_event (result, id) WHERE result <> 'ok'",
    "audit_not_ok_tenant": "audit_event (tenant_id, result, id) WHERE result <> 'ok'",
    "audit_not_ok_action": "audit_event (action, result, id) WHERE result <> 'ok'",
    "audit_not_ok_actor": "audit_event (actor, result, id) WHERE result <> 'ok'",
}


def up(migrator, db):
    add_column(db, "change", "policy_type", "VARCHAR(80)")
    change(db, *TRIGGER[is_sqlite(db)])
    while db.execute_sql("SELECT 1 FROM change WHERE policy_type IS NULL LIMIT 1").fetchone():
        _fill(db)
    for name, on in INDEXES.items():
        create_index(db, name, on)
    # The longer one begins as it did.
    drop_index(db, "run_requested_by_id")


def _fill(db):
    """Fill in the type of the changes so far, some thousand at a time, but for those that somebody holds just now."""
    place, skip = ("?", "") if is_sqlite(db) else ("%s", " FOR NO KEY UPDATE SKIP LOCKED")
    page = f"SELECT MIN(id), MAX(id) FROM (SELECT id FROM change WHERE id > {place} ORDER BY id LIMIT {place}) AS page"
    last = -1
    while True:
        first, last = db.execute_sql(page, (last, ROWS_AT_ONCE)).fetchone()
        if last is None:
            return
        ids = f"id BETWEEN {first} AND {last}"
        db.execute_sql(
            "UPDATE change SET policy_type = (SELECT policy_type FROM policy WHERE policy.id = change.policy_id) "
            f"WHERE {ids} AND id IN (SELECT id FROM change WHERE {ids} AND policy_type IS NULL ORDER BY id{skip})"
        )
