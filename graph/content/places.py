"""What stands at a place in a policy's JSON, and how two values of it are compared: from Microsoft's model."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graph.content import unordered_lists
from graph.microsoft import model
from graph.microsoft.model import Property
from graph.policy_types.policy_type import PolicyType

# Routes that the model does not have, with what others saw there.
_ROOTS: Mapping[str, str] = {
    # The shape of a settings catalog policy (Micke-K/IntuneManagement).
    "inventoryPolicies": "deviceManagementConfigurationPolicy",
    # Below a token: its profiles are the policies.
    "depOnboardingSettings": "enrollmentProfile",
    # Below the directory, whose id the path has to say.
    "organizationalBranding": "organizationalBrandingLocalization",
    # A property of its service, and not a collection.
    "deviceManagementSettings": "deviceManagementSettings",
}
# Any policy's assignment: what one collection's has and another's has not is told by its name.
ASSIGNMENT = "(assignment)"
_ASSIGNMENTS = ("mobileAppAssignment", "deviceHealthScriptAssignment", "deviceManagementConfigurationPolicyAssignment")


@dataclass(frozen=True)
class Place:
    """`kind`, `declared`: of the value, or of the elements of a list; "" where the model does not know it.

    `keys`: what identifies an object in a list (() its whole value); None where the order of the list counts.
    """

    kind: str = ""
    declared: str = ""
    keys: tuple[str, ...] | None = None
    is_set: bool = True

    def inside(self, value: Any, name: str) -> "Place":
        """Of a property of this value."""
        return place_in(model.type_of(value, self.declared), name)


def body_of(policy_type: PolicyType) -> Place:
    return Place("object", root_type(policy_type))


ASSIGNMENTS = Place("object", ASSIGNMENT, ("target",))


def root_type(policy_type: PolicyType) -> str:
    """What its policies are, where they do not say it themselves; "" where the model has no such collection."""
    if policy_type.key in _ROOTS:
        return _ROOTS[policy_type.key]
    return model.type_of_collection(policy_type.path) if policy_type.path in model.routes() else ""


@lru_cache(model.MOST_PAIRS)
def place_in(holder: str, name: str) -> Place:
    """Of a property of this type."""
    found = property_of(holder, name)
    if found is None:
        return Place()
    is_set = unordered_lists.is_set_of_plain_values(holder, name)
    return Place(found.kind, found.type or "", unordered_lists.identity_keys(holder, found), is_set)


@lru_cache(model.MOST_PAIRS)
def property_of(holder: str, name: str) -> Property | None:
    """Of the type, or of those that come from it where they agree: not every value says its @odata.type."""
    for one in _ASSIGNMENTS if holder == ASSIGNMENT else (holder,):
        if name in model.properties(one):
            return model.properties(one)[name]
    below = {model.properties(one).get(name) for one in model.subtypes(holder)} - {None}
    return below.pop() if len(below) == 1 else None
