"""One target of a policy: whom or what it includes, excludes or names, and how."""

from dataclasses import dataclass

# Kinds. Those without an id of their own stand for all of their sort.
GROUP, USER, ROLE, GUESTS = "group", "user", "role", "guests"
ALL_USERS, ALL_DEVICES, COLLECTION = "all users", "all devices", "collection"
APP, ALL_APPS, ACTION = "app", "all apps", "user action"
LOCATION, STRENGTH, PRINCIPAL, AGENT = "location", "strength", "service principal", "agent"
# A target of a type that nobody knows yet, under its name; and the target of a policy that is assigned to nobody.
OTHER, NOBODY = "other", "nobody"
# Whom a policy reaches; the others are what it is about.
WHOM = frozenset({GROUP, USER, ROLE, GUESTS, ALL_USERS, ALL_DEVICES, COLLECTION, PRINCIPAL, AGENT, OTHER})

# Places. A member of a role assignment is given the role over those in its scope; a mention assigns nothing.
ASSIGNMENT, CONDITION, MEMBER, SCOPE, MENTION = "assignment", "condition", "member", "scope", "mention"
PLACES_THAT_ASSIGN = frozenset({ASSIGNMENT, CONDITION, MEMBER})


@dataclass(frozen=True)
class Target:
    """`intent`: of an app's or a profile's assignment; of Conditional Access the policy's state.

    `terms`: (name, value) of what else decides: settings of an app's assignment, conditions and controls of
    Conditional Access.
    """

    kind: str
    object_id: str = ""
    is_excluded: bool = False
    place: str = ASSIGNMENT
    intent: str = ""
    filter_id: str = ""
    filter_mode: str = ""
    terms: tuple[tuple[str, str], ...] = ()

    @property
    def is_whom(self) -> bool:
        return self.kind in WHOM and self.place in PLACES_THAT_ASSIGN
