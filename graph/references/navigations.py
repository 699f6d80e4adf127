"""References by navigation alone: a policy's JSON does not show them, and no write of its body sets them.

Microsoft's model says which subtype has which, inherited ones included, and whether one leads to one object or to
several. Read by `…/{id}/{cast}/{name}`, linked by its `$ref`: PUT for one, POST for one of several
(Micke-K/IntuneManagement: Set-GraphNavigationProperties; deploymenttheory/terraform-provider-microsoft365;
microsoft/Microsoft365DSC#5650).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from graph.content.places import root_type
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES

DERIVED_CREDENTIALS = "derivedCredentials"
# The type that a navigation leads to -> the kind of reference that it is (graph/references/references.py).
_KINDS = {
    "deviceConfiguration": "deviceConfigurations",
    "deviceManagementDerivedCredentialSettings": DERIVED_CREDENTIALS,
}
# The collections that hold the objects of a kind.
PATHS = {
    "deviceConfigurations": "/deviceManagement/deviceConfigurations",
    DERIVED_CREDENTIALS: "/deviceManagement/derivedCredentials",
}
# Known from Microsoft's model alone; nobody was seen to read them. A refusal costs them, and not the policy.
_UNTRIED = frozenset({"derivedCredentialSettings", "domainJoinConfiguration"})


@dataclass(frozen=True)
class NavigationLink:
    name: str
    is_many: bool
    kind: str

    @property
    def is_untried(self) -> bool:
        return self.name in _UNTRIED


def subtype_links(policy_type: str, odata_type: Any) -> tuple[NavigationLink, ...]:
    """Return the navigations of the subtype in an @odata.type; none where the model does not know it."""
    bare = model.bare_type(odata_type)
    return _links(bare) if bare in _subtypes(policy_type) else ()


def all_links(policy_type: str) -> dict[str, NavigationLink]:
    """Return the navigations of all subtypes, by name."""
    return {link.name: link for bare in sorted(_subtypes(policy_type)) for link in _links(bare)}


def has_link(policy_type: str, bare: str, name: str) -> bool:
    """Tell whether the subtype has a navigation of this name."""
    return bare in _subtypes(policy_type) and any(link.name == name for link in _links(bare))


@cache
def _subtypes(policy_type: str) -> frozenset[str]:
    return model.subtypes(root_type(POLICY_TYPES[policy_type]))


@cache
def _links(bare: str) -> tuple[NavigationLink, ...]:
    navigations = [(item, _kind(item.type)) for item in model.properties(bare).values() if item.is_navigation]
    return tuple(NavigationLink(item.name, item.is_many, kind) for item, kind in navigations if kind)


def _kind(type_name: str | None) -> str:
    return next((kind for base, kind in _KINDS.items() if model.is_a(str(type_name), base)), "")
