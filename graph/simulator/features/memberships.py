"""People and devices of a tenant's directory, and the groups that they are in, those of groups among them.

learn.microsoft.com: Get user (also by user name), List devices, List transitiveMemberOf, List group transitive members.
The simulated ones have the ids of their groups under `memberOf`, which no answer shows, or the group has theirs.
"""

from collections.abc import Iterator

from graph.simulator.model import odata
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Reply, forbidden, not_found
from graph.simulator.store.state import Tenant

USERS, DEVICES, GROUPS = "users", "devices", "groups"
_MEMBER_OF = "memberOf"
_GROUPS_OF = ["transitivememberof", "microsoft.graph.group"]
_MEMBERS_OF = ["transitivemembers"]
_DIRECTORY = {"Directory.Read.All", "Directory.ReadWrite.All"}
_FIND = {
    USERS: {"User.ReadBasic.All", "User.Read.All", "User.ReadWrite.All"} | _DIRECTORY,
    DEVICES: {"Device.Read.All", "Device.ReadWrite.All"} | _DIRECTORY,
}
_LIST = {
    USERS: {"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "User.Read.All"} | _DIRECTORY,
    DEVICES: _FIND[DEVICES],
    GROUPS: {"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All"} | _DIRECTORY,
}
# What User.ReadBasic.All does not let one see.
_NOT_BASIC = ("userType", "accountEnabled")


def read(tenant: Tenant, granted: set[str], parts: list[str], query: str, url: str) -> Reply | None:
    """Answer what is about one person, or about devices; None for anything else."""
    collection = parts[0].lower() if parts else ""
    if collection == GROUPS and [part.lower() for part in parts[2:]] == _MEMBERS_OF:
        return _members_of(tenant, granted, parts[1], query, url)
    if collection not in _FIND or (collection == USERS and len(parts) == 1):
        return None
    is_of_groups = [part.lower() for part in parts[2:]] == _GROUPS_OF
    if len(parts) > 2 and not is_of_groups:
        return None
    if not granted & (_LIST if is_of_groups else _FIND)[collection]:
        return forbidden([], is_directory=True)
    items = [item for _, item in tenant.visible(collection)]
    if len(parts) == 1:
        return _list(items, query, url)
    item = next((item for item in items if parts[1].lower() in _keys(item)), None)
    if item is None:
        return not_found(parts[1])
    if is_of_groups:
        return _list(_groups(tenant, item), query, url)
    return Reply(200, _selected(_shown(item, collection, granted), query))


def _shown(item: Object, collection: str, granted: set[str]) -> Object:
    is_basic = collection == USERS and not granted & {"User.Read.All", *_DIRECTORY}
    return {key: value for key, value in item.items() if not (is_basic and key in _NOT_BASIC)}


def _members_of(tenant: Tenant, granted: set[str], group_id: str, query: str, url: str) -> Reply:
    """Answer who is in a group, and in its groups, without what the app may not read of them."""
    if not granted & _LIST[GROUPS]:
        return forbidden([], is_directory=True)
    if group_id not in dict(tenant.visible(GROUPS)):
        return not_found(group_id)
    return _list(list(_members(tenant, granted, group_id)), query, url)


def _members(tenant: Tenant, granted: set[str], group_id: str) -> Iterator[Object]:
    """Yield each member once. An id that no collection holds is a person's: few people are held here."""
    held = {
        key: (collection, item) for collection in (USERS, DEVICES, GROUPS) for key, item in tenant.visible(collection)
    }
    todo, seen = [group_id], {group_id}
    while todo:
        group = todo.pop()
        named = [str(member["id"]) for member in held[group][1].get("members") or ()]
        named += [key for key, (_, item) in held.items() if group in (item.get(_MEMBER_OF) or ())]
        for member in dict.fromkeys(named):
            if member not in seen:
                seen.add(member)
                collection, item = held.get(member, (USERS, {"id": member}))
                todo += [member] if collection == GROUPS else []
                yield {"@odata.type": f"#microsoft.graph.{collection[:-1]}", **_shown(item, collection, granted)}


def _list(items: list[Object], query: str, url: str) -> Reply:
    condition = odata.options(query).get("filter", "")
    found = [item for item in items if not condition or odata.matches(item, condition)]
    page = odata.page(found, query, url, 100)
    return Reply(200, {**page, "value": [_selected(item, query) for item in page["value"]]})


def _selected(item: Object, query: str) -> Object:
    shown = {key: value for key, value in item.items() if key != _MEMBER_OF}
    return odata.selected(shown, odata.options(query).get("select", ""))


def _keys(item: Object) -> set[str]:
    return {str(item.get("id")).lower(), str(item.get("userPrincipalName")).lower()}


def _groups(tenant: Tenant, item: Object) -> list[Object]:
    """Return the groups that it is in; a group may be in a group again."""
    groups = dict(tenant.visible("groups"))
    todo, found = list(item.get(_MEMBER_OF) or ()), dict[str, Object]()
    while todo:
        group = groups.get(todo.pop())
        if group and group["id"] not in found:
            found[group["id"]] = {"id": group["id"], "displayName": group["displayName"]}
            todo += group.get(_MEMBER_OF) or ()
    return list(found.values())
