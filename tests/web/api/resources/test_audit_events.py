"""The audit log is read with its own scope, by whom the page shows it to, and filtered as there."""

from db.audit import audit
from db.audit.audit import SYSTEM, Action
from db.states import Scope


def test_the_audit_log_is_read_within_the_readers_tenants_and_filtered(cast, api):
    audit.record_of_tenant(Action.TENANT_SWITCHED_ON, SYSTEM, cast.fabrikam)
    auditor, manager = api(cast.audra, Scope.AUDIT), api(cast.max)

    def subjects(program, query):
        return [event["subject"] for event in program.get(f"/audit?{query}").json["items"]]

    assert subjects(auditor, "action=tenant:switched-on") == ["tenant Fabrikam"]
    assert subjects(manager, "action=tenant:switched-on") == []
    assert subjects(manager, f"tenant={cast.contoso.id}&action=tenant:added&result=ok") == ["tenant Contoso"]
    assert subjects(auditor, "until=2020-01-01T00:00:00Z") == []
    assert subjects(auditor, "since=2020-01-01T02:00:00%2B02:00&limit=1&actor=system") == ["user max@example.com"]
    for wrong in ("since=yesterday", "since=0001-01-01T00:00:00%2B14:00", "result=well"):
        assert auditor.get(f"/audit?{wrong}").status_code == 400, wrong
    assert api(cast.max, Scope.READ).get("/audit").status_code == 403
    assert api(cast.ada).get("/audit").status_code == 403
