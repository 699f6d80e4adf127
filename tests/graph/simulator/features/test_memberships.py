"""People and devices of a simulated directory: found as Graph finds them, with the groups of their groups."""

from graph.simulator.features import memberships
from graph.simulator.model import odata
from graph.simulator.store.state import Tenant

EVERYTHING = {"User.Read.All", "Device.Read.All", "GroupMember.Read.All"}


def test_groups_of_groups_are_listed_once_even_in_a_circle():
    tenant = Tenant("T", "d", "c", "s")
    for group, inside in (("a", "b"), ("b", "a")):
        tenant.put("groups", {"id": group, "displayName": group.upper(), "memberOf": [inside]})
    tenant.put("users", {"id": "u", "userPrincipalName": "Ann@t.example", "userType": "Guest", "memberOf": ["a"]})

    def ask(path, granted=EVERYTHING):
        return memberships.read(tenant, granted, odata.segments(path), "", "http://x/beta")

    groups = ask("users/u/transitiveMemberOf/microsoft.graph.group").body["value"]
    assert [group["displayName"] for group in groups] == ["A", "B"]
    assert ask("users/ann@T.example").body == {"id": "u", "userPrincipalName": "Ann@t.example", "userType": "Guest"}
    assert "userType" not in ask("users/u", {"User.ReadBasic.All"}).body
    tenant.put("groups", {"id": "c", "displayName": "C", "members": [{"id": "a"}, {"id": "somebody"}]})
    inside = {member["id"]: member["@odata.type"] for member in ask("groups/c/transitiveMembers").body["value"]}
    assert inside == {
        "a": "#microsoft.graph.group",
        "b": "#microsoft.graph.group",
        "u": "#microsoft.graph.user",
        "somebody": "#microsoft.graph.user",
    }
    assert ask("groups/c/transitiveMembers", {"Group.ReadBasic.All"}).status == 403, "their names are not enough"
    assert ask("groups/x/transitiveMembers").status == 404
    assert (ask("users/u", set()).status, ask("users/x").status, ask("devices").body["value"]) == (403, 404, [])
    assert ask("users") is None, "the list has its row in the table"
