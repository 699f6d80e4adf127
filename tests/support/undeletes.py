"""Objects of a simulated tenant that were captured, and lie in its bin by now."""

from db.audit.audit import SYSTEM
from db.models import Policy
from db.restores import restore_drafts, restore_items
from db.restores.restore_drafts import RestoreSource
from tests.support.captures import capture_by_hand
from tests.support.outside_changes import Outside
from tests.support.restore_steps import options, previewed
from tests.support.simulated_tenant import WRITE
from tests.support.told import told_of

ACCESS, LOCATIONS = "identity/conditionalAccess/policies", "identity/conditionalAccess/namedLocations"
CA, WHERE, GROUPS = "conditionalAccessPolicies", "namedLocations", "groups"
COLLECTIONS = {CA: ACCESS, WHERE: LOCATIONS, GROUPS: "groups"}
MEMBER = "f" * 8 + "-0000-4000-8000-" + "f" * 12


def an_id(letter):
    return letter * 8 + "-0000-4000-8000-" + letter * 12


def policy_body(letter="a", state="enabled", locations=(), **changes):
    where = {"locations": {"includeLocations": ["All"], "excludeLocations": list(locations)}} if locations else {}
    return {"id": an_id(letter), "displayName": f"CA {letter}", "state": state, "sessionControls": None,
            "conditions": {"clientAppTypes": ["all"], "applications": {"includeApplications": ["All"]},
                           "users": {"includeUsers": [MEMBER]}, **where},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}, **changes}  # fmt: skip


def office(letter="d", **changes):
    return {"@odata.type": "#microsoft.graph.ipNamedLocation", "id": an_id(letter), "displayName": f"Office {letter}",
            "isTrusted": False,
            "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24"}],
            **changes}  # fmt: skip


def group_body(letter="e", **changes):
    return {"id": an_id(letter), "displayName": f"SG {letter}", "description": None, "groupTypes": [],
            "mailEnabled": False, "mailNickname": "sg", "securityEnabled": True, "membershipRule": None,
            **changes}  # fmt: skip


def let_undelete(simulated):
    """Grant what bringing back needs, and put the person there whom the policies name."""
    simulated.change(permissions=[*WRITE, "Group.ReadWrite.All"])
    simulated.put("users", {"id": MEMBER, "displayName": "Mia", "userPrincipalName": "mia@contoso.example"})


def lose(simulated, tenant, policy_type, body, as_deleted=None):
    """A snapshot of an object that somebody has changed to `as_deleted`, and deleted in the portal."""
    simulated.put(COLLECTIONS[policy_type], as_deleted or body)
    Outside(simulated).remove(policy_type, body["id"])
    policy = Policy.create(tenant=tenant, policy_type=policy_type, graph_id=body["id"], name=body["displayName"])
    return capture_by_hand(policy, SYSTEM, body, None)[1]


def planned(tenant, ended, chosen, **changes):
    """A previewed restore of these snapshots."""
    source = RestoreSource(tenant.directory_id, tenant.name)
    items = restore_drafts.new_items_from_snapshots(chosen)
    return previewed(restore_drafts.create(tenant, source, items, options(**changes), SYSTEM), ended)


def told_by(restore):
    """Everything that the plan says of its items, in one text."""
    items = restore_items.items(restore)
    return " ".join(text for item in items for text in (*(item.notes or ()), *told_of(item), str(item.message)))


def held(simulated, collection=ACCESS):
    """{id: state} of what is alive."""
    return {graph_id: item.get("state") for graph_id, item in simulated.objects().get(collection, {}).items()}
