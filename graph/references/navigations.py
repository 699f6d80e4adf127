"""What a policy refers to by navigation alone: its JSON does not show it, and no write of its body sets it.

Which exact subtype has which comes from Microsoft's model, inherited ones included, as does whether it leads to one
object or to several. Read by `…/{id}/{cast}/{name}`, linked by its `$ref`: PUT for one, POST for one of several
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
# Where the objects of a kind are.
PATHS = {
    "deviceConfigurations": "/deviceManagement/deviceConfigurations",
    DERIVED_CREDENTIALS: "/deviceManagement/derivedCredentials",
}
# Known from Microsoft's model alone; nobody was seen to read them. A refusal costs them, and not the policy.
_UNTRIED = frozenset({"derivedCredentialSettings", "domainJoinConfiguration"})


@dataclass(frozen=True)
class Link:
    name: str
    is_many: bool
    kind: str

    @property
    def is_untried(self) -> bool:
        return self.name in _UNTRIED


def links(policy_type: str, odata_type: Any) -> tuple[Link, ...]:
    """Of a policy of that subtype, as its @odata.type says; none where the model does not know it."""
    bare = str(odata_type or "").removeprefix(model.PREFIX)
    return _links(bare) if bare in _subtypes(policy_type) else ()


def all_links(policy_type: str) -> dict[str, Link]:
    """By name, of whichever subtype."""
    return {link.name: link for bare in sorted(_subtypes(policy_type)) for link in _links(bare)}


def has_link(policy_type: str, bare: str, name: str) -> bool:
    """The subtype has a navigation of this name."""
    return bare in _subtypes(policy_type) and any(link.name == name for link in _links(bare))


@cache
def _subtypes(policy_type: str) -> frozenset[str]:
    return model.subtypes(root_type(POLICY_TYPES[policy_type]))


@cache
def _links(bare: str) -> tuple[Link, ...]:
    found = [(one, _kind(one.type)) for one in model.properties(bare).values() if one.is_navigation]
    return tuple(Link(one.name, one.is_many, kind) for one, kind in found if kind)


def _kind(type_name: str | None) -> str:
    return next((kind for base, kind in _KINDS.items() if model.is_a(str(type_name), base)), "")
