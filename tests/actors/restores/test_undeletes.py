"""Objects that Microsoft still keeps deleted come back with their id: what is planned, written, refused and undone."""

import pytest

from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.models import Policy, RestoreItem
from db.policies import snapshots
from db.restores import restore_items, restore_rules
from db.tenants import bin_refusals
from tests.support.captures import capture_by_hand
from tests.support.outside_changes import Outside
from tests.support.restore_steps import executed, items_of, options, plan_of, previewed, undone
from tests.support.simulated_tenant import WRITE
from tests.support.told import told_of

ACCESS, LOCATIONS = "identity/conditionalAccess/policies", "identity/conditionalAccess/namedLocations"
CA, WHERE, GROUPS = "conditionalAccessPolicies", "namedLocations", "groups"
POLICY, OFFICE = "c" * 8 + "-0000-4000-8000-" + "c" * 12, "d" * 8 + "-0000-4000-8000-" + "d" * 12
GROUP, MEMBER = "e" * 8 + "-0000-4000-8000-" + "e" * 12, "f" * 8 + "-0000-4000-8000-" + "f" * 12
WATCHED = "enabledForReportingButNotEnforced"
STATES = {"as captured": None, "report only": WATCHED, "off": "disabled"}
pytestmark = pytest.mark.usefixtures("app", "worker", "quick", "lock_order")


def policy_body(state="enabled", name="CA001", **changes):
    return {"id": POLICY, "displayName": name, "state": state, "sessionControls": None,
            "conditions": {"clientAppTypes": ["all"], "applications": {"includeApplications": ["All"]},
                           "users": {"includeUsers": [MEMBER]}},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}, **changes}  # fmt: skip


def office(name="Office"):
    return {"@odata.type": "#microsoft.graph.ipNamedLocation", "id": OFFICE, "displayName": name, "isTrusted": False,
            "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24"}]}  # fmt: skip


def group_body(**changes):
    return {"id": GROUP, "displayName": "SG Ring", "description": None, "groupTypes": [], "mailEnabled": False,
            "mailNickname": "ring", "securityEnabled": True, "membershipRule": None, **changes}  # fmt: skip


@pytest.fixture
def lost(contoso, cast):
    """lost(policy type, body as captured, body as deleted) -> the snapshot of an object that lies in the bin by now."""
    contoso.change(permissions=[*WRITE, "Group.ReadWrite.All"])
    contoso.put("users", {"id": MEMBER, "displayName": "Mia", "userPrincipalName": "mia@contoso.example"})
    where = {CA: ACCESS, WHERE: LOCATIONS, GROUPS: GROUPS}

    def lose(policy_type, body, as_deleted=None):
        contoso.put(where[policy_type], as_deleted or body)
        Outside(contoso).remove(policy_type, body["id"])
        policy = Policy.create(tenant=cast.contoso, policy_type=policy_type, graph_id=body["id"],
                               name=body["displayName"])  # fmt: skip
        return capture_by_hand(policy, SYSTEM, body, None)[1]

    return lose


@pytest.fixture
def plan(cast, ended):
    def make(snapshot, **changes):
        return previewed(drafts.from_snapshot(snapshot, cast.contoso, options(**changes), SYSTEM), ended)

    return make


def notes_of(restore):
    [item] = restore_items.items(restore)
    return " ".join([*(item.notes or ()), *told_of(item)])


@pytest.mark.parametrize("deleted_as", ["enabled", WATCHED, "disabled"])
@pytest.mark.parametrize("choice", STATES)
def test_a_policy_comes_back_with_its_id_and_never_on_by_surprise(lost, plan, contoso, ended, deleted_as, choice):
    contoso.change(flags={"undelete_wrapped": deleted_as == WATCHED})
    restore = plan(lost(CA, policy_body(), policy_body(deleted_as, description="was added")), conditional_access=choice)
    wanted = STATES[choice] or "enabled"
    assert plan_of(restore) == {"CA001": "undelete"}
    is_danger = deleted_as == "enabled" and wanted != "enabled"
    assert ("Microsoft says nowhere in which state it comes back" in notes_of(restore)) == is_danger
    assert "a new one is made, with another id" in notes_of(restore)
    restore, run = executed(restore, ended)
    assert items_of(run)["CA001"].outcome == "undeleted"
    held = contoso.objects()[ACCESS]
    assert {key: policy["state"] for key, policy in held.items()} == {POLICY: wanted}
    assert restore_items.items(restore)[0].verified, items_of(run)["CA001"].message

    undo = previewed(undone(restore), ended)
    assert plan_of(undo) == {"CA001": "remove"}
    executed(undo, ended)
    assert not contoso.objects()[ACCESS], "an undo puts it back into the bin"
    assert plan_of(plan(Policy.get(graph_id=POLICY).snapshots.get()))["CA001"] == "undelete", "and there it lies"
