"""Pages lead through a whole list once, whatever comes and goes meanwhile."""

from db.audit.audit import SYSTEM
from db.tenants import tenants


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
