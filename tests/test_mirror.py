"""Tests mirror the product: db/runs/runs.py has tests/db/runs/test_runs.py. Modules that have none are listed here."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
# The list only gets shorter. Tests of these stand in files about what they do together, such as
# tests/actors/restores/test_round_trips.py; a module that is new brings a test file of its own.
WITHOUT_ONE = {
    "actors": "all_actors app embedded_redis worker",
    "actors/backups": "due_schedules sync",
    "actors/facade": "policy_type_names snapshot_diff",
    "actors/people": "entra_recheck entra_sign_in",
    "actors/plans": "plan_builder plan_items plan_text preview quotas",
    "actors/process": "logs startup",
    "actors/queue": "broker dedupe held_claims middleware",
    "actors/reading": "answer_memory cached_listings snapshot_drafts source_ids",
    "actors/recovery": "heartbeat resend steps",
    "actors/restores": "live_batch outcomes safety_backup write_recorder",
    "actors/tenants": "connection_check graph_clients",
    "actors/uploads": "upload",
    "db": "errors models states",
    "db/accounts": "entra_grants passkeys preferences recovery_codes totp",
    "db/audit": "audit_keys audit_rows",
    "db/backups": "backup_sets disclosures safety_sets",
    "db/housekeeping": "daily_prune old_rows tenant_switch",
    "db/installation": "export_file import_file privileges row_codec",
    "db/recovery": "write_log",
    "db/restores": "approvals four_eyes prior_creations restore_drafts restore_items restores retries",
    "db/runs": "answer_cache listing_cache name_cache run_history run_progress uploads",
    "db/schema": "online_changes",
    "db/sql": "time_ranges",
    "db/tenants": "coverage credentials",
    "graph": "not_offered",
    "graph/auth": "public_documents user_sign_in",
    "graph/content": "element_names fingerprint legacy_fingerprint places service_made unordered_lists",
    "graph/display": "diff",
    "graph/microsoft": "draw",
    "graph/policy_types": "enrollment object_labels permissions policy_type shape write_rule",
    "graph/read": "children details tenant_wide_details",
    "graph/references": "leftover_ids",
    "graph/review": "danger",
    "graph/simulator": "app control simulator",
    "graph/simulator/demo": "apps builder catalog devices entra policy_parts staff_directory tenant_wide tenants",
    "graph/simulator/faults": "faults malformed",
    "graph/simulator/features": (
        "administrative_templates app_parts assignments certificates drivers enrollment "
        "enrollment_notifications enrollment_policies notification_messages policy_sets references "
        "tenant_wide "
    ),
    "graph/simulator/imports": "exported_files repair stand_ins",
    "graph/simulator/model": "addressing collections conformance observed_facts odata querying replies write_rules",
    "graph/simulator/reads": "admx_catalogue get",
    "graph/simulator/sign_in": "apps people",
    "graph/simulator/store": "approvals known_properties publishing_delays state write_request",
    "graph/simulator/writes": "actions deletes dispatch objects validation",
    "graph/transport": "answer_json deadline",
    "graph/write": "tenant_wide_rules",
    "web": "app error_pages inputs",
    "web/commands": "accounts context demo installation keys lists process_logs restores runs tenants",
    "web/lists": "cells preferences",
    "web/presentation": "layout metrics restore_approval rule_changes",
    "web/security": "attempt_limits headers reauthentication relying_party sealed_cookie",
    "web/serving": "server",
    "web/views/backups": "policies runs snapshots",
    "web/views/people": "account entra_grants notifications users",
    "web/views/restores": "new_restore plan_pages restore_actions restore_page",
    "web/views/tenants": "tenant_page tenant_switcher tenants",
}


def modules():
    for layer in ("graph", "db", "actors", "web"):
        for path in (ROOT / layer).rglob("*.py"):
            if not path.stem.startswith("__") and "migrations" not in path.parts:
                yield path.relative_to(ROOT)


def test_modules_without_a_test_file_of_their_own_are_listed():
    listed = {Path(room) / f"{stem}.py" for room, stems in WITHOUT_ONE.items() for stem in stems.split()}
    without_one = {path for path in modules() if not (ROOT / "tests" / path.parent / f"test_{path.name}").exists()}
    assert without_one - listed == set(), "give it a test file of its own"
    assert listed - without_one == set(), "it has a test file now, or is gone: take it off the list"
