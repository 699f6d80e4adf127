"""Pages of roll-outs: what an approver confirms, what an editor may, and that a tenant's people see their own part."""

import re

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.models import Restore, RollOut, RollOutTenant, User
from db.rollouts import rollout_tenants, rollouts
from db.standards import adoptions
from db.states import Ring, Role, RollOutKind, RollOutState, RollOutTenantState, SiteRole
from tests.support.forms import csrf_token
from tests.support.restore_steps import as_previewed
from tests.support.rolled_out import make_standard, make_version
from web.acts import rollout_access

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
T = RollOutTenantState


def send(client, address, **form):
    return client.post(address, data={"csrf_token": csrf_token(client, "/"), **form})


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


@pytest.fixture
def planned(cast):
    """A roll-out to Contoso and Fabrikam, each with a plan; Ada asked for it, and is an editor; Sam approves."""
    User.update(site_role=SiteRole.STANDARD_EDITOR).where(User.id == cast.ada.id).execute()
    User.update(site_role=SiteRole.STANDARD_APPROVER).where(User.id == cast.sam.id).execute()
    standard = make_standard()
    version = make_version(standard)
    for tenant in (cast.contoso, cast.fabrikam):
        adoptions.adopt(standard, tenant, Ring.PILOT, SYSTEM)
    ids = [cast.contoso.id, cast.fabrikam.id]
    rollout = rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, ids, SYSTEM)
    RollOut.update(asked_by=cast.ada).execute()
    for part in rollout_tenants.all_of(rollout):
        made = Restore.create(tenant=part.tenant_id, source_directory_id="s", source_name="s", options={})
        found = [{"item_key": "k", "name": f"<b>{part.tenant.name}</b>", "who": "zoe", "why": "It was changed."}]
        rollout_tenants.move(part, [T.WAITING], T.PREVIEWED, restore=as_previewed(made), conflicts=found,
                             counts={"matches": 1, "weaker": 1, "create": 3},
                             message=f"About {part.tenant.name}.")  # fmt: skip
    rollouts.move(rollout, [RollOutState.PREVIEWING], RollOutState.PREVIEWED)
    return RollOut.get_by_id(rollout.id)


def test_the_list_has_pages_and_belongs_to_standards(client, sign_in, cast, planned):
    about = {"standard": planned.standard_id, "version": planned.version_id, "ring": "all", "state": "finished"}
    RollOut.insert_many([{**about, "stop_percent": 20, "at_once": 3} for _ in range(30)]).execute()
    RollOut.update(state=RollOutState.STOPPED).where(RollOut.id == planned.id).execute()
    RollOutTenant.update(state=T.LEFT_OUT).execute()
    sign_in(client, cast.ada)
    newest = RollOut.select().order_by(RollOut.id.desc()).get().id
    for address in ("/rollouts/?", f"/standards/{planned.standard_id}/roll-outs?version=1&"):
        first, second, third = (text(client, f"{address}page={number}") for number in range(3))
        found = [f'/rollouts/{number}"' in page for page in (first, second) for number in (newest, planned.id)]
        assert found == [True, False, False, True], address
        assert ("page=1" in first, "page=0" in second or "Newer" in second, "page=2" in second) == (True, True, False)
        assert "Nothing was rolled out yet" in third
    [current] = re.findall(r'<a[^>]*aria-current="page"[^>]*>(?:<[^>]+>|\s)*([^<]+)', text(client, "/rollouts/"))
    assert current.strip() == "Standards"
    assert "Go on with the tenants that are left" in text(client, f"/rollouts/{planned.id}")
    assert send(client, f"/rollouts/{planned.id}/take-up").status_code == 303
    assert RollOut.get_by_id(planned.id).state == RollOutState.PREVIEWING
    assert {row.state for row in RollOutTenant.select()} == {T.WAITING}


def test_an_approver_confirms_what_was_seen_and_an_editor_does_not(client, sign_in, cast, planned):
    address = f"/rollouts/{planned.id}"
    sign_in(client, cast.ada)
    page = text(client, address)
    assert "6 to make" in page
    assert "To confirm" not in page
    assert send(client, f"{address}/confirm", reason="CAB 1", count="2").status_code == 403
    sign_in(client, cast.sam)
    page = text(client, address)
    for told in (
        "It writes to 2 tenants: 6 to make, 2 as wanted already.",
        "2 policies will be weaker",
        "Contoso",
        "Fabrikam",
    ):
        assert told in page
    assert "<b>Fabrikam" not in page
    assert "zoe" in page, "Sam operates in Fabrikam"
    assert "&lt;b&gt;Contoso" not in page, "what Contoso's policies are called is Contoso's"
    expected = ("writes to 1 tenant: 3 to make, 2", "writes nothing: 2 as wanted")
    for part, said in zip(rollout_tenants.all_of(planned), expected, strict=True):
        RollOutTenant.update(counts={"matches": 1}).where(RollOutTenant.id == part.id).execute()
        assert said in text(client, address)
    seen = rollout_tenants.plans_fingerprint(rollout_tenants.planned(planned))
    for form, why in (
        ({"count": "3", "reason": "CAB 1", "plan": seen}, "type how many tenants have a plan: 2"),
        ({"count": "2", "reason": "CAB 1", "plan": "0" * 64}, "The plans are others"),
        ({"count": "2", "reason": " ", "plan": seen}, "Say why"),
    ):
        refused = send(client, f"{address}/confirm", **form)
        assert (refused.status_code, why in refused.get_data(as_text=True)) == (400, True), why
    assert 'value="CAB 1"' in send(client, f"{address}/confirm", reason="CAB 1", count="3").get_data(as_text=True)
    assert send(client, f"{address}/confirm", reason="CAB 1", count="2", plan=seen).status_code == 303
    assert RollOut.get_by_id(planned.id).state == RollOutState.RUNNING
    for act, state in (("pause", "paused"), ("go-on", "running"), ("stop", "stopped")):
        assert send(client, f"{address}/{act}", reason="INC-1").status_code == 303
        assert RollOut.get_by_id(planned.id).state == state
    # What is left of a tenant that failed is done on its restore's page, by who may see that.
    RollOutTenant.update(state=T.FAILED).execute()
    seen = [part for part in rollout_tenants.all_of(planned) if part.tenant_id == cast.fabrikam.id]
    assert re.findall(r'/restores/(\d+)#left"', text(client, address)) == [str(part.restore_id) for part in seen]
    RollOutTenant.update(state=T.DONE).execute()
    assert "Roll back" in text(client, address)
    send(client, f"{address}/roll-back", reason="INC-1")
    assert RollOut.get_by_id(planned.id).state == RollOutState.ROLLING_BACK


def test_a_tenant_s_people_see_their_own_part_and_nothing_of_others(client, sign_in, cast, planned):
    RollOut.update(message="2 of 2 tenants failed").execute()
    sign_in(client, cast.rita)
    page = text(client, f"/rollouts/{planned.id}")
    assert "About Contoso." in page
    assert "3 to make" in page
    for hidden in ("Fabrikam", "6 to make", "2 of 2", "It writes to", "tenants at a time", "Ada"):
        assert hidden not in page, hidden
    assert f"/rollouts/{planned.id}" in text(client, "/rollouts/")
    assert send(client, f"/rollouts/{planned.id}/stop", reason="x").status_code == 403
    users.set_member(cast.rita, cast.contoso, Role.READER, SYSTEM)
    RollOutTenant.delete().where(RollOutTenant.tenant == cast.contoso).execute()
    assert client.get(f"/rollouts/{planned.id}").status_code == 403
    assert f"/rollouts/{planned.id}" not in text(client, "/rollouts/")
    sign_in(client, cast.audra)
    assert client.get(f"/rollouts/{planned.id}").status_code == 403
    sign_in(client, cast.root)
    assert client.get("/rollouts/999").status_code == 404


def test_a_ring_is_asked_for_where_its_turn_has_come_or_with_a_reason(client, sign_in, cast, planned):
    address = f"/standards/{planned.standard_id}/roll-outs"
    sign_in(client, cast.rita)
    for hidden in ("Plan it", "It may begin."):
        assert hidden not in text(client, address)
    assert send(client, address, version="1", ring="pilot").status_code == 403
    sign_in(client, cast.ada)
    assert "It may begin." in text(client, address)
    for form in (
        {"version": "9", "ring": "pilot"},
        {"version": "1", "ring": "none"},
        {"version": "1", "ring": "pilot"},
    ):
        assert send(client, address, **form).status_code == 303
    assert RollOut.select().count() == 1, "none of these is a roll-out, or one is under way"
    send(client, f"/rollouts/{planned.id}/stop", reason="not yet")
    assert RollOut.get_by_id(planned.id).state == RollOutState.CANCELLED
    assert send(client, address, version="1", ring="pilot").location.startswith("/rollouts/")
    assert RollOut.select().count() == 2
    newest = RollOut.select().order_by(RollOut.id.desc()).first()
    rollouts.move(newest, [RollOutState.PREVIEWING], RollOutState.RUNNING, confirmed_at=newest.asked_at)
    send(client, f"/rollouts/{newest.id}/stop", reason="an editor")
    assert RollOut.get_by_id(newest.id).state == RollOutState.RUNNING
    assert rollout_access.STOPPED_BY_APPROVERS in text(client, f"/rollouts/{newest.id}")
