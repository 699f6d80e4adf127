"""`/tenants`: narrowed by tag and by whether it is switched on."""

from db.audit.audit import SYSTEM
from db.models import Tenant
from db.tenants import tags


def test_tenants_are_narrowed_by_tag_and_state(cast, api):
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    Tenant.update(is_active=False).where(Tenant.id == cast.fabrikam.id).execute()
    program = api(cast.root)
    for query, expected in (("tag=GOLD", ["Contoso"]), ("is_active=false", ["Fabrikam"]), ("tag=silver", [])):
        assert [item["name"] for item in program.get(f"/tenants?{query}").json["items"]] == expected
    assert program.get(f"/tenants/{cast.contoso.id}").json["tags"] == ["Gold"]
