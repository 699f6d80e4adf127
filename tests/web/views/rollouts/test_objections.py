"""A tenant's manager objects on the page of a roll-out, and sees nothing there of other tenants."""

import pytest

from db.models import RollOut, RollOutTenant, Standard, StandardAdoption, StandardVersion
from db.states import RollOutState
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def rollout(cast):
    """A planned roll-out to Contoso and Fabrikam."""
    standard = Standard.create(name="Baseline", uid="5" * 8)
    version = StandardVersion.create(standard=standard, number=1, source="tenant", parameters=[])
    rollout = RollOut.create(
        standard=standard, version=version, ring="pilot", state=RollOutState.PREVIEWED, stop_percent=20, at_once=3
    )
    for tenant in (cast.contoso, cast.fabrikam):
        StandardAdoption.create(standard=standard, tenant=tenant, ring="pilot", values={}, counts={})
        RollOutTenant.create(rollout=rollout, tenant=tenant, state="previewed", counts={}, conflicts=[])
    return rollout


def test_a_manager_objects_and_takes_it_back_an_approver_overrides_and_others_do_neither(app, sign_in, cast, rollout):
    people = {person: sign_in(app.test_client(), person) for person in (cast.max, cast.rita, cast.sam, cast.root)}
    page = f"/rollouts/{rollout.id}"
    of_contoso = f"{page}/tenants/{cast.contoso.id}"

    def act(person, what, address=of_contoso, reason="A freeze until January"):
        client = people[person]
        data = {"reason": reason, "csrf_token": csrf_token(client, "/")}
        return client.post(f"{address}/{what}", data=data, follow_redirects=True)

    def state():
        row = RollOutTenant.get(RollOutTenant.tenant == cast.contoso)
        return row.state, row.objection

    shown = people[cast.max].get(page).get_data(as_text=True)
    assert ("It must not come here, because" in shown, "Fabrikam" in shown) == (True, False)
    assert "It must not come here" not in people[cast.rita].get(page).get_data(as_text=True)
    assert act(cast.rita, "object").status_code == act(cast.sam, "object").status_code == 403
    assert act(cast.max, "object", f"{page}/tenants/{cast.fabrikam.id}").status_code == 403
    assert "Say why" in act(cast.max, "object", reason=" ").get_data(as_text=True)
    assert state() == ("previewed", None)
    shown = act(cast.max, "object").get_data(as_text=True)
    assert state() == ("objected", "A freeze until January")
    assert ("Objection: A freeze until January" in shown, "Take the objection back" in shown) == (True, True)
    assert "A freeze" not in people[cast.sam].get(page).get_data(as_text=True)
    assert act(cast.max, "override").status_code == 403
    assert act(cast.max, "take-back").status_code == 200
    assert state() == ("waiting", None)
    assert act(cast.max, "object").status_code == 200
    shown = act(cast.root, "override", reason="Agreed by phone").get_data(as_text=True)
    assert "Overridden: Agreed by phone" in shown
    assert state() == ("waiting", "A freeze until January")
