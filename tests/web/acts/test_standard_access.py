"""Who sees a standard: editors all, members those that their own tenants follow."""

import pytest

from db.audit.audit import SYSTEM
from db.models import Standard
from db.standards import adoptions
from db.states import Ring, SiteRole

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_member_sees_what_their_tenants_follow_and_an_editor_all(client, sign_in, cast):
    seen, hidden = (Standard.create(name=name, uid=name) for name in ("seen", "hidden"))
    adoptions.adopt(seen, cast.contoso, Ring.PILOT, SYSTEM)
    adoptions.adopt(hidden, cast.fabrikam, Ring.PILOT, SYSTEM)
    cast.ada.site_role = SiteRole.STANDARD_EDITOR
    cast.ada.save()
    of = {
        f"{standard.id}/tenants/{tenant}": (standard, tenant)
        for standard in (seen, hidden)
        for tenant in ("", cast.contoso.id, cast.fabrikam.id)
    }
    statuses = {}
    for person in (cast.rita, cast.ada, cast.audra):
        sign_in(client, person)
        statuses[person.name] = [client.get(f"/standards/{address}").status_code for address in of]
        assert client.get("/standards/x/tenants/").status_code == (403 if person == cast.audra else 404)
    assert statuses == {
        "Rita": [200, 200, 403, 403, 403, 403],
        "Ada": [200, 200, 404, 200, 404, 200],
        "Audra": [403] * 6,
    }
