"""Pages lead through a whole list once, whatever comes and goes meanwhile."""

from db.audit.audit import SYSTEM
from db.tenants import tenants
from web.api.openapi import api_rules


def test_pages_lead_through_a_list_once_and_newcomers_move_nothing(cast, api):
    for number in range(3, 8):
        guid = f"{number}" * 8 + "-1111-4111-8111-" + f"{number}" * 12
        tenants.add(f"Tenant {number}", guid, guid, SYSTEM)
    program, names = api(cast.root), []
    answer = program.get("/tenants?limit=3&is_active=true")
    tenants.add("Newcomer", guid.replace("7", "9"), guid, SYSTEM)
    while answer:
        names += [item["name"] for item in answer.json["items"]]
        address = answer.json["next"]
        assert answer.headers.get("Link") == (address and f'<{address}>; rel="next"')
        assert address is None or "is_active=true" in address
        answer = program.get(address) if address else None
    assert names == ["Tenant 7", "Tenant 6", "Tenant 5", "Tenant 4", "Tenant 3", "Fabrikam", "Contoso"]


def test_a_cursor_that_is_none_is_refused(cast, api):
    answer = api(cast.root).get("/tenants?cursor=abc")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (400, "cursor")


def test_every_list_that_is_asked_for_another_s_tenant_refuses(app, cast, api):
    """Never as if that tenant had nothing; a tenant that is not there is 404."""
    lists = [rule.rule for rule, _, declared in api_rules(app) if _has_tenant(declared.query) and not rule.arguments]
    assert len(lists) >= 6
    program = api(cast.max)
    asked = {
        path: [
            program.get(f"{path}?tenant={tenant}").status_code for tenant in (cast.contoso.id, cast.fabrikam.id, 999999)
        ]
        for path in lists
    }
    assert asked == {path: [200, 403, 404] for path in lists}


def _has_tenant(query):
    return query is not None and "tenant" in query.model_fields
