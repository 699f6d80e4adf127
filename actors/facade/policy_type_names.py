"""Names of policy types, for pages and commands, which know nothing of Graph."""

from graph.policy_types.policy_type import display_type
from graph.policy_types.table import POLICY_TYPES
from graph.read.expiries import EXPIRY_KINDS
from graph.restore import verdicts
from graph.review.dangers import TITLES

# Code -> title of what is dangerous in a plan, the worst first.
DANGERS = {**verdicts.HAND_WORK, **TITLES}
SECOND_ADMIN = verdicts.SECOND_ADMIN
# “of”, “iOS”: too short to be told from a misspelled one.
LONGEST_SHORT_WORD = 3


def title(policy_type: str, odata_type: str | None = None) -> str:
    """Return “Settings catalog”, or “Update ring” for a subtype with a name of its own."""
    policy_type_row = POLICY_TYPES.get(policy_type)
    return display_type(policy_type_row, {"@odata.type": odata_type}) if policy_type_row else policy_type


def expiry_title(kind: str) -> str:
    """Return the title of a kind of certificate, token or connector."""
    return EXPIRY_KINDS[kind].title if kind in EXPIRY_KINDS else kind


def titles() -> dict[str, str]:
    """Return {key: title} of all policy types, sorted by title."""
    return dict(sorted(((key, row.title) for key, row in POLICY_TYPES.items()), key=lambda pair: pair[1].lower()))


def is_conditional_access(policy_type: str) -> bool:
    """Tell whether such policies decide who can sign in, and how."""
    row = POLICY_TYPES.get(policy_type)
    return row is not None and row.path.startswith("/identity/conditionalAccess")


def permission(policy_type: str) -> str:
    """Return the permission that reading policies of the type needs, as Entra names it."""
    policy_type_row = POLICY_TYPES.get(policy_type)
    return policy_type_row.access.ask if policy_type_row else policy_type


def types_with_word(word: str) -> tuple[list[str], dict[str, list[str]]]:
    """Return the keys of the policy types whose titles have the word; and, of others, their subtypes that have it.

    A subtype is an OData type as lists have it.
    """
    folded = word.casefold()
    keys = [key for key, row in POLICY_TYPES.items() if folded in row.title.casefold()]
    subtypes = {
        key: [f"#microsoft.graph.{subtype}" for subtype, name in row.titles.items() if folded in name.casefold()]
        for key, row in POLICY_TYPES.items()
        if key not in keys
    }
    return keys, {key: odata_types for key, odata_types in subtypes.items() if odata_types}


def title_words() -> set[str]:
    """Return the words of all titles, as somebody searches for them."""
    every_title = [name for row in POLICY_TYPES.values() for name in (row.title, *row.titles.values())]
    return {word.lower() for name in every_title for word in name.split() if len(word) > LONGEST_SHORT_WORD}
