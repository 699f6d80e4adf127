"""`/rollouts/{id}/tenants/{id}/object`: a manager's program objects in its own tenant, and an approver's overrides."""

import pytest

from db.audit.audit import SYSTEM, Actor
from db.models import User
from db.rollouts import rollouts
from db.standards import adoptions
from db.states import Ring, RollOutKind, RollOutState, SiteRole
from tests.support.rolled_out import make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_manager_s_program_objects_and_an_approver_s_overrides(cast, api):
    User.update(site_role=SiteRole.STANDARD_APPROVER).where(User.id == cast.sam.id).execute()
    standard = make_standard()
    version = make_version(standard)
    for tenant in (cast.contoso, cast.fabrikam):
        adoptions.adopt(standard, tenant, Ring.PILOT, SYSTEM)
    ids, root = [cast.contoso.id, cast.fabrikam.id], Actor.person(cast.root, None)
    rollout = rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, ids, root)
    rollouts.move(rollout, [RollOutState.PREVIEWING], RollOutState.PREVIEWED)
    path = f"/rollouts/{rollout.id}/tenants"
    own, other = f"{path}/{cast.contoso.id}", f"{path}/{cast.fabrikam.id}"
    why = {"reason": "A freeze until January"}
    max_, sam = api(cast.max), api(cast.sam)
    for program, address in ((api(cast.rita), own), (sam, own), (max_, other)):
        assert program.post(f"{address}/object", json=why).status_code == 403
    assert max_.post(f"{own}/object", json={"reason": " "}).status_code == 422
    part = max_.post(f"{own}/object", json=why).json
    assert (part["tenant"]["name"], part["state"], part["objection"]) == ("Contoso", "objected", why["reason"])
    assert max_.post(f"{own}/object", json=why).status_code == 422
    assert max_.post(f"{own}/take-back").json["state"] == "waiting"
    max_.post(f"{own}/object", json=why)
    assert max_.post(f"{own}/override", json=why).status_code == 403
    assert api(cast.root).post(f"{own}/override", json=why).status_code == 422, "who asked does not override it"
    overridden = sam.post(f"{own}/override", json={"reason": "Agreed by phone"}).json
    assert (overridden["state"], overridden["overridden_reason"]) == ("waiting", "Agreed by phone")
