"""The audit log in the browser and by command: exports that prove themselves, and faults that are not overlooked."""

import json

import pytest
import redis

from actors.housekeeping import audit_head
from db.audit import chain, chain_export, daily_check
from db.models import AuditCheck, AuditEvent, AuditHead
from tests.support.command_lines import tenantkeep


def test_an_export_with_proof_is_whole_audited_and_for_those_who_see_all(app, sign_in, cast, captured):
    auditor, manager = sign_in(app.test_client(), cast.audra), sign_in(app.test_client(), cast.max)
    answer = auditor.get("/audit/export.jsonl")
    assert chain_export.check_document(answer.get_data(as_text=True).splitlines(keepends=True)).faults == []
    last = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (last.action, last.subject) == ("audit:exported", "audit log, with proof")
    assert manager.get("/audit/export.jsonl").status_code == 403, "other tenants' events are in the chain"
    assert "export.jsonl" not in manager.get("/audit/").get_data(as_text=True)
    assert "export.jsonl" in auditor.get("/audit/").get_data(as_text=True)


def test_of_some_days_only_their_events_are_exported(app, sign_in, cast, captured):
    auditor = sign_in(app.test_client(), cast.audra)
    for days in ("until=2020-01-01", "since=2999-01-01"):
        nothing = auditor.get(f"/audit/export.jsonl?{days}").get_data(as_text=True)
        verdict = chain_export.check_document(nothing.splitlines(keepends=True))
        assert (verdict.events, verdict.faults, chain_export.differences_from_log(verdict)) == (0, [], []), days


def test_a_fault_is_on_the_dashboard_of_who_answers_for_the_log_and_in_the_metrics(app, sign_in, cast):
    AuditCheck.update(faults=2, first_fault="Event 7 was changed after it was written.").execute()
    for who, sees in ((cast.root, True), (cast.audra, True), (cast.ada, False)):
        client = sign_in(app.test_client(), who)
        assert ("Event 7 was changed" in client.get("/").get_data(as_text=True)) == sees
    assert "Found 2 faults" in sign_in(app.test_client(), cast.audra).get("/audit/").get_data(as_text=True)
    assert "tenantkeep_audit_faults 2" in app.test_client().get("/metrics").get_data(as_text=True)


def test_refused_attempts_are_one_click_away(app, sign_in, cast):
    sign_in(app.test_client(), cast.ada).get("/users/")
    page = sign_in(app.test_client(), cast.root).get("/audit/?result=refused&tenant=all").get_data(as_text=True)
    assert "GET /users/" in page
    assert 'href="/audit/?result=refused' in page


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_by_command_the_log_is_exported_and_checked_with_and_without_the_database(cast, redis_url, tmp_path):
    path = tmp_path / "audit.jsonl"
    assert tenantkeep("audit", "export", str(path)).returncode == 0
    assert tenantkeep("audit", "export", str(path)).returncode == 64, "what is there is not overwritten"
    assert tenantkeep("audit", "verify", "--file", str(path)).returncode == 0
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines).replace("max@example.com", "ada@example.com"))
    changed = tenantkeep("audit", "verify", "--file", str(path), "--alone", "--json", TENANTKEEP_DATABASE_URL="no")
    assert changed.returncode == 1
    assert "was changed" in json.loads(changed.stdout)["faults"][0]
    assert tenantkeep("audit", "verify", "--file", str(tmp_path / "none")).returncode == 64
    AuditCheck.update(faults=1, first_fault="Event 7 was changed.").execute()
    assert "MEND audit log: Event 7 was changed." in tenantkeep("doctor").stdout
    AuditCheck.update(faults=0, ended_at=None, began_at=None).execute()
    daily_check.check_next_events()
    assert "ok   audit log: whole" in tenantkeep("doctor").stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_by_command_a_cut_log_is_found_and_goes_on_only_when_somebody_says_why(cast, database, redis_url, tmp_path):
    old = tmp_path / "old.jsonl"
    assert tenantkeep("audit", "export", str(old)).returncode == 0
    [point] = audit_head.recall_and_advance() or audit_head.recall()
    kept = chain.point_as_text(point)
    assert json.loads(tenantkeep("audit", "verify", "--since", kept, "--json").stdout)["last"] == kept
    assert tenantkeep("audit", "verify", "--since", "12").returncode == 64
    for name in ("audit_event_no_delete", "audit_head_forward"):
        database.execute_sql(f"DROP TRIGGER {name}")
    AuditEvent.delete().where(AuditEvent.id > point[0] - 2).execute()
    last = AuditEvent.get_by_id(point[0] - 2)
    AuditHead.update(last_id=last.id, hash=last.hash).execute()
    assert "cut off" in tenantkeep("audit", "verify").stdout, "Redis remembers"
    redis.Redis.from_url(redis_url).flushall()
    assert tenantkeep("audit", "verify").returncode == 0
    assert "cut off" in tenantkeep("audit", "verify", "--since", kept).stdout, "whoever kept the point remembers"
    assert tenantkeep("audit", "verify", "--file", str(old)).returncode == 1, "and so does an export"
    audit_head.remember(point)
    assert tenantkeep("audit", "accept").returncode == 64
    assert tenantkeep("audit", "accept", "--reason", "the copy of Monday").returncode == 0
    assert tenantkeep("audit", "verify").returncode == 0
    assert AuditEvent.get(action="audit:accepted").details == {"reason": "the copy of Monday", "remembered": kept}
