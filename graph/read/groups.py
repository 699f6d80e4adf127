"""Groups that policies refer to: how they are found, how missing ones are created again, and which never are.

Kinds, limits and calls: learn.microsoft.com, group resource type and Create group; Microsoft's own package
msgraph-beta-sdk 1.66.0.
"""

import re
from collections.abc import Collection, Iterable

from graph.content.spellings import GUID
from graph.errors import NotFound, Rejected
from graph.policy_types.tenant_wide_types import DYNAMIC
from graph.policy_types.write_rule import Object
from graph.read.paging import follow_pages
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Request

UNIFIED = "Unified"
# The longest name of a group (learn.microsoft.com: group, displayName).
LONGEST_NAME = 256
# Members that one request may add (learn.microsoft.com: Create group).
MEMBERS_PER_REQUEST = 20
# Properties that a new group gets; the rest is the service's, or is never given by us (licences, roles).
_KEPT_PROPERTIES = ("displayName", "description", "groupTypes", "membershipRule", "securityEnabled", "mailEnabled")
_SENT_PROPERTIES = (*_KEPT_PROPERTIES, "mailNickname", "membershipRuleProcessingState")
_NICKNAME = re.compile(r"[^\x21-\x7e]|[@()\\\[\]\";:<>,. ]")
RULE_IS_PAUSED = "Its membership rule is paused: it has no members until somebody switches the rule on in Entra."
RULE_NAMES_IDS = "Its rule names ids: see whether they are this tenant's."
DELETED_GROUP = (
    "It was deleted on {}, and lies in Entra's bin for 30 days: restored from there it has its id and its members "
    "again, and all that named it finds it."
)


# --- looking for them ------------------------------------------------------------------------------------------------


def group_path(group_id: str) -> str:
    """Return the path that reads a group's id and name."""
    return paths.join("/groups", group_id) + "?$select=id,displayName"


def group_search_path(name: str) -> str:
    """Return the path that lists the groups of one name, each with id and name."""
    return f"/groups?$filter=displayName eq '{paths.quote_literal(name)}'&$select=id,displayName"


def find_groups(ids: Iterable[str], names: Iterable[str]) -> RequestSteps[list[Object]]:
    """Return the groups of these ids and of these names. A tenant may have a hundred thousand more.

    Raises the answer's error, but for an id that is not there.
    """
    ids = sorted(filter(paths.is_plain_id, set(ids)))
    names = sorted(name for name in set(names) if len(name) <= LONGEST_NAME)
    asks = [*map(group_path, ids), *map(group_search_path, names)]
    if not asks:
        return []
    answers = yield asks
    groups: list[Object] = []
    for answer in answers[: len(ids)]:
        if not isinstance(answer.error, NotFound):
            groups.append(answer.require_body())
    for answer in answers[len(ids) :]:
        groups += yield from follow_pages(answer.require_body())
    return list({str(group.get("id")): group for group in groups}.values())


def read_deletion_dates(ids: Collection[str]) -> RequestSteps[dict[str, str]]:
    """Return {group id: date of deletion} for groups in Entra's recycle bin; without those that may not be read."""
    ids = list(filter(paths.is_plain_id, ids))
    if not ids:
        return {}
    answers = yield [paths.join("/directory/deletedItems", group_id) for group_id in ids]
    dates = {}
    for group_id, answer in zip(ids, answers, strict=True):
        if not isinstance(answer.error, Rejected):
            dates[group_id] = str(answer.require_body().get("deletedDateTime") or "")[:10]
    return dates


# --- making them again -----------------------------------------------------------------------------------------------


def refuse_creation(body: Object) -> str:
    """Return why such a group is never created; "" when it can be."""
    kinds = body.get("groupTypes") or ()
    if body.get("isAssignableToRole"):
        return "It can be given directory roles: such groups are never made by a program."
    if body.get("isManagementRestricted"):
        return "It is in a restricted administrative unit, where only its own administrators make groups."
    if body.get("onPremisesSyncEnabled"):
        return "It is synchronized from the local directory: make it there."
    if UNIFIED in kinds:
        return "It is a Microsoft 365 group: its mailbox, files and team cannot be made again."
    if body.get("mailEnabled"):
        return "It is mail-enabled: make it in Exchange."
    if body.get("securityEnabled") is not True:
        return "It is no security group."
    if DYNAMIC in kinds and not body.get("membershipRule"):
        return "The backup does not hold its membership rule."
    return ""


def new_group_body(body: Object, *, with_members: bool) -> Object:
    """Return the body of a new group: without roles and licences, its rule paused until a person switches it on."""
    group = {name: body[name] for name in _KEPT_PROPERTIES if body.get(name) is not None}
    group |= {"id": body.get("id"), "groupTypes": [DYNAMIC] if DYNAMIC in (body.get("groupTypes") or ()) else []}
    group |= {"mailEnabled": False, "securityEnabled": True, "mailNickname": _nickname(body)}
    if group["groupTypes"]:
        group["membershipRuleProcessingState"] = "Paused"
    else:
        group.pop("membershipRule", None)
        if with_members and body.get("members"):
            group["members"] = body["members"]
    return group


def _nickname(body: Object) -> str:
    """Return a mail nickname: up to 64 ASCII characters, without some. Security groups often have none of their own."""
    name = str(body.get("mailNickname") or body.get("displayName") or "")
    return _NICKNAME.sub("", name)[:64] or f"group-{str(body.get('id'))[:8]}"


def creation_request(path: str, body: Object) -> Request:
    members = _member_links(body.get("members") or ())[:MEMBERS_PER_REQUEST]
    sent = {name: body[name] for name in _SENT_PROPERTIES if body.get(name) is not None}
    return Request(path, "POST", {**sent, **({"members@odata.bind": members} if members else {})})


def write_members(path: str, live: Object, want: Object) -> list[Request]:
    """Add the members that are missing, twenty a request; nobody is removed."""
    there = {str(member.get("id")) for member in live.get("members") or ()}
    lacking = _member_links(member for member in want.get("members") or () if str(member.get("id")) not in there)
    return [
        Request(path, "PATCH", {"members@odata.bind": lacking[begin : begin + MEMBERS_PER_REQUEST]})
        for begin in range(0, len(lacking), MEMBERS_PER_REQUEST)
    ]


def _member_links(members: Iterable[Object]) -> list[str]:
    return [paths.join("/directoryObjects", member.get("id")) for member in members]


def creation_warning(body: Object) -> str:
    """Return what a person should know before the group is created."""
    if DYNAMIC not in (body.get("groupTypes") or ()):
        return "It gets another id than it had: whatever else named it, outside of what is restored, does not find it."
    if GUID.search(str(body.get("membershipRule") or "")):
        return f"{RULE_IS_PAUSED} {RULE_NAMES_IDS}"
    return RULE_IS_PAUSED
