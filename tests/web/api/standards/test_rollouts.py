"""`/rollouts` over the API: asked for, read, confirmed as it was read, and stopped."""

import pytest

from db.audit.audit import SYSTEM
from db.models import Restore, RollOut, User
from db.rollouts import rollout_tenants, rollouts
from db.standards import adoptions
from db.states import Ring, RollOutState, RollOutTenantState, Scope, SiteRole
from tests.support.restore_steps import as_previewed
from tests.support.rolled_out import make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_roll_out_is_asked_for_confirmed_as_it_was_read_and_stopped(cast, api):
    User.update(site_role=SiteRole.STANDARD_APPROVER).where(User.id == cast.sam.id).execute()
    standard = make_standard()
    make_version(standard)
    for tenant in (cast.contoso, cast.fabrikam):
        adoptions.adopt(standard, tenant, Ring.PILOT, SYSTEM)
    asker, approver = api(cast.root), api(cast.sam)
    body = {"version": 1, "ring": "pilot"}
    path = f"/standards/{standard.id}/rollouts"
    assert api(cast.max).post(path, json=body).status_code == 403
    assert asker.post(path, json={**body, "version": 7}).status_code == 422
    made = [asker.post(path, body, headers={"Idempotency-Key": "one"}) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201], made[0].json["errors"]
    assert made[0].json["id"] == made[1].json["id"] == RollOut.get().id
    address = made[0].headers["Location"].removeprefix("/api/v1")
    rollout = RollOut.get()
    for part in rollout_tenants.all_of(rollout):
        restore = Restore.create(tenant=part.tenant_id, source_directory_id="s", source_name="s", options={})
        rollout_tenants.move(
            part, [RollOutTenantState.WAITING], RollOutTenantState.PREVIEWED, restore=as_previewed(restore),
            counts={"create": 3},
        )  # fmt: skip
    rollouts.move(rollout, [RollOutState.PREVIEWING], RollOutState.PREVIEWED)
    # A program of one tenant's reads that tenant's part alone.
    of_contoso = api(cast.max, tenants=[cast.contoso]).get(address).json
    assert [part["tenant"]["name"] for part in of_contoso["tenants"]] == ["Contoso"]
    assert (of_contoso["planned"], of_contoso["counts"], of_contoso["fingerprint"]) == (1, {"create": 3}, None)
    read = approver.get(address).json
    assert (read["planned"], read["counts"], len(read["tenants"])) == (2, {"create": 6}, 2)
    [listed] = approver.get(f"/rollouts?standard={standard.id}&state=previewed").json["items"]
    assert listed["standard"] == {"id": standard.id, "name": "Baseline"}
    right = {"reason": "CAB 1", "expected_fingerprint": read["fingerprint"], "confirm_tenants": 2}
    assert asker.post(f"{address}/confirm", json=right).status_code == 422, "who asked does not confirm"
    for wrong in ({"confirm_tenants": 3}, {"expected_fingerprint": "0" * 64}, {"reason": " "}):
        assert approver.post(f"{address}/confirm", json={**right, **wrong}).status_code == 422
    assert api(cast.sam, Scope.READ).post(f"{address}/confirm", json=right).status_code == 403
    for act, state in (("preview", "previewing"),):
        assert asker.post(f"{address}/{act}").json["state"] == state
    rollouts.move(rollout, [RollOutState.PREVIEWING], RollOutState.PREVIEWED)
    for part in rollout_tenants.all_of(rollout):
        rollout_tenants.move(part, [RollOutTenantState.PREVIEWING], RollOutTenantState.PREVIEWED)
    assert approver.post(f"{address}/confirm", json=right).json["state"] == "running"
    acts = {"pause": "paused", "go-on": "running", "stop": "stopped", "take-up": "previewing"}
    for act, state in (*acts.items(), ("stop", "stopped")):
        body = {"json": {"reason": "INC-1"}} if act == "stop" else {}
        assert approver.post(f"{address}/{act}", **body).json["state"] == state
    assert approver.post(f"{address}/roll-back", json={"reason": "INC-1"}).status_code == 422, "nothing was written"
