"""Whom a list or a command is asked about: everyone, nobody, what is gone, or an object by its name or id."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from actors.facade import assignment_names
from db.assignments import target_lists
from db.assignments.target_lists import FoundObject, TargetKey
from db.database import Condition

# Word of an address -> the condition of its targets.
SORTS = {
    "all-users": "All users",
    "all-devices": "All devices",
    "guests": "Guests and external users",
    "all-apps": "All apps",
    "nobody": "Assigned to nobody",
    "gone": "Deleted groups and filters",
}
KIND_OF_SORT = {
    "all-users": "all users",
    "all-devices": "all devices",
    "guests": "guests",
    "all-apps": "all apps",
    "nobody": "nobody",
}
SORT_OF_KIND = {kind: sort for sort, kind in KIND_OF_SORT.items()}
# Word of an address -> the kinds of targets in which a name is looked for.
OBJECTS = {
    "group": "Group",
    "filter": "Filter",
    "role": "Role",
    "app": "App",
    "user": "User",
    "location": "Location",
    "strength": "Authentication strength",
}
_ID = re.compile(r"[0-9A-Fa-f-]{36}")
TOO_MANY = "Names can be looked for in {number} tenants at once. Choose a tenant, or give the object's id."


@dataclass(frozen=True)
class Asked:
    """`found`: the objects of that name. `problem`: why nothing can be shown."""

    condition: Condition | None
    found: Sequence[FoundObject] = ()
    problem: str = ""
    keys: Sequence[TargetKey] = field(default=())


NOTHING = Asked(None)


def parse_asked(of: str, whom: str, tenant_ids: Sequence[int] | None) -> Asked:
    """Return what is asked for. `of`: a word of SORTS or OBJECTS, or ""; `whom`: a name or an id, or ""."""
    if of == "gone":
        return Asked(target_lists.is_gone())
    if of in KIND_OF_SORT:
        return of_keys([(KIND_OF_SORT[of], "")])
    if not whom:
        return Asked(None, problem="Type a name, or a part of it.") if of in OBJECTS else NOTHING
    kinds = [of] if of in OBJECTS else list(OBJECTS)
    if _ID.fullmatch(whom):
        return of_keys([(kind, whom.lower()) for kind in kinds])
    return _by_name(whom, kinds, tenant_ids)


def of_keys(keys: Sequence[TargetKey], found: Sequence[FoundObject] = ()) -> Asked:
    return Asked(target_lists.is_one_of(keys), found, keys=keys)


def _by_name(whom: str, kinds: Sequence[str], tenant_ids: Sequence[int] | None) -> Asked:
    built_in = [key for key in assignment_names.built_in_objects(whom) if key[0] in kinds]
    few = target_lists.can_be_named(tenant_ids)
    if few is None:
        if built_in:
            return of_keys(built_in)
        return Asked(None, problem=TOO_MANY.format(number=target_lists.MOST_TENANTS))
    found = target_lists.objects_named(few, whom, kinds)
    keys = list(dict.fromkeys([*built_in, *((row.kind, row.object_id) for row in found)]))
    if not keys:
        return Asked(None, problem=f"Nothing that a backup has seen is called “{whom}”.")
    return of_keys(keys, found)
