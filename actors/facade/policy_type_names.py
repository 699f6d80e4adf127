"""The policy types' names for pages and commands, which know nothing of Graph."""

from graph.policy_types.policy_type import display_type
from graph.policy_types.table import POLICY_TYPES
from graph.read.expiries import EXPIRY_KINDS
from graph.review.dangers import TITLES

# What is dangerous in a plan, by its code, the worst first.
DANGERS = TITLES


def title(policy_type: str, odata_type: str | None = None) -> str:
    """“Settings catalog”, or of a subtype with a name of its own, “Update ring”."""
    policy_type_row = POLICY_TYPES.get(policy_type)
    return display_type(policy_type_row, {"@odata.type": odata_type}) if policy_type_row else policy_type


def expiry_title(kind: str) -> str:
    """Of a certificate, token or connector."""
    return EXPIRY_KINDS[kind].title if kind in EXPIRY_KINDS else kind


def titles() -> dict[str, str]:
    """Key -> title, in the order of the titles."""
    return dict(sorted(((key, row.title) for key, row in POLICY_TYPES.items()), key=lambda pair: pair[1].lower()))
