"""Places in a policy's JSON: what kind of value stands there, and how two are compared. From Microsoft's model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from graph.content import unordered_lists
from graph.content.spellings import speller
from graph.microsoft import model
from graph.microsoft.model import Property
from graph.policy_types.policy_type import PolicyType

# The types behind routes that the model does not have, as others saw them.
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
# Stands for an assignment of any collection: their properties are told apart by name.
ASSIGNMENT = "(assignment)"
_ASSIGNMENTS = ("mobileAppAssignment", "deviceHealthScriptAssignment", "deviceManagementConfigurationPolicyAssignment")


# Compared by identity: what is remembered for a place (graph/remembering.py) is looked up for each setting.
@dataclass(frozen=True, eq=False)
class Place:
    """`kind` and `declared` type describe the value, or the elements of a list; "" where the model does not know it.

    `keys`: what identifies an object in a list (() its whole value); None where the order of the list counts.
    """

    kind: str = ""
    declared: str = ""
    keys: tuple[str, ...] | None = None
    is_set: bool = True

    @cached_property
    def spell(self) -> Callable[[str], str]:
        """The function that returns a text of this kind in its one spelling."""
        return speller(self.kind)

    @cached_property
    def odata_type(self) -> str:
        """The declared type as an @odata.type states it."""
        return f"{model.PREFIX}{self.declared}"

    def inside(self, value: Any, name: str) -> "Place":
        """Return the place of a property of this value."""
        return property_place(model.type_of(value, self.declared), name)


_UNKNOWN = Place()


def body_place(policy_type: PolicyType) -> Place:
    return Place("object", root_type(policy_type))


ASSIGNMENTS = Place("object", ASSIGNMENT, ("target",))


def root_type(policy_type: PolicyType) -> str:
    """Return the type of policies that do not state theirs; "" where the model has no such collection."""
    if policy_type.key in _ROOTS:
        return _ROOTS[policy_type.key]
    return model.type_of_collection(policy_type.path) if policy_type.path in model.routes() else ""


@lru_cache(model.MOST_PAIRS)
def property_place(holder: str, name: str) -> Place:
    """Return the place of a property of this type."""
    declared = find_property(holder, name)
    if declared is None:
        return _UNKNOWN
    is_set = unordered_lists.is_set_of_plain_values(holder, name)
    return Place(declared.kind, declared.type or "", unordered_lists.identity_keys(holder, declared), is_set)


@lru_cache(model.MOST_PAIRS)
def find_property(holder: str, name: str) -> Property | None:
    """Return the property of the type, or of its subtypes where they agree: not every value states its @odata.type."""
    for type_name in _ASSIGNMENTS if holder == ASSIGNMENT else (holder,):
        if name in model.properties(type_name):
            return model.properties(type_name)[name]
    below = {model.properties(subtype).get(name) for subtype in model.subtypes(holder)} - {None}
    return below.pop() if len(below) == 1 else None
