"""Names in place of ids: of what the directory is the same everywhere, and of what nobody could name.

An id is never shown where a name is known. Where none is, what it is of, and the beginning of the id: “Unknown user
(505e…)”.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from graph.content.spellings import GUID
from graph.display.labels import NamesById, scope_tag_key
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import (
    AGENTS,
    AGREEMENTS,
    APPLICATIONS,
    GROUPS,
    PRINCIPALS,
    USERS,
)
from graph.references.references import find_references

# Templates of directory roles have these ids in every tenant (learn.microsoft.com: Microsoft Entra built-in roles).
ROLES: Mapping[str, str] = MappingProxyType(
    {
        "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
        "c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
        "0526716b-113d-4c15-b2c8-68e3c22b9f80": "Authentication Policy Administrator",
        "b0f54661-2d74-4c50-afa3-1ec803f12efe": "Billing Administrator",
        "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
        "7698a772-787b-4ac8-901f-60d6b08affd2": "Cloud Device Administrator",
        "17315797-102d-40b4-93e0-432062caca18": "Compliance Administrator",
        "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
        "88d8e3e3-8f55-4a1e-953a-9b9898b8876b": "Directory Readers",
        "d29b2b05-8046-44ba-8758-1e26182fcf32": "Directory Synchronization Accounts",
        "9360feb5-f418-4baa-8175-e2a00bac4301": "Directory Writers",
        "44367163-eba1-44c3-98af-f5787879f96a": "Dynamics 365 Administrator",
        "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
        "a9ea8996-122f-4c74-9520-8edcd192826c": "Fabric Administrator",
        "f2ef992c-3afb-46b9-b7cf-a126ee74c451": "Global Reader",
        "fdd7a751-b60b-444a-984c-02652fe8fa1c": "Groups Administrator",
        "95e79109-95c0-4d8e-aee3-d01accf2d47b": "Guest Inviter",
        "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
        "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2": "Hybrid Identity Administrator",
        "3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Administrator",
        "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b": "Message Center Reader",
        "966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
        "11648597-926c-4cf3-9c36-bcebb0ba8dcc": "Power Platform Administrator",
        "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
        "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
        "4a5d8f65-41da-4de4-8968-e035b65339cf": "Reports Reader",
        "194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
        "5f2222b1-57c3-48ba-8ad5-d4759f1fde6f": "Security Operator",
        "5d6b6bb7-de71-4623-b4af-96380a352509": "Security Reader",
        "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
        "69091246-20e8-4a56-aa4d-066075b2a7a8": "Teams Administrator",
        "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
    }
)
# What an authentication strength of Microsoft's own is called: its id is the same in every tenant too.
STRENGTHS: Mapping[str, str] = MappingProxyType(
    {
        "00000000-0000-0000-0000-000000000002": "Multifactor authentication",
        "00000000-0000-0000-0000-000000000003": "Passwordless MFA",
        "00000000-0000-0000-0000-000000000004": "Phishing-resistant MFA",
    }
)
_UNKNOWN = {
    USERS: "Unknown user ({id}…)",
    GROUPS: "Unknown group ({id}…)",
    APPLICATIONS: "Unknown app ({id}…)",
    PRINCIPALS: "Unknown service principal ({id}…)",
    AGENTS: "Unknown agent ({id}…)",
    AGREEMENTS: "Unknown terms of use ({id}…)",
    "namedLocations": "Unknown location ({id}…)",
    "assignmentFilters": "Unknown filter ({id}…)",
    "authenticationStrengths": "Unknown authentication strength ({id}…)",
}
_UNKNOWN_POLICY = "Unknown policy ({id}…)"
LETTERS_SHOWN = 4
# (kind, id)
ObjectKey = tuple[str, str]


def referenced(policy_type: str, content: Any) -> set[ObjectKey]:
    """Return (kind, id) of every object that a content refers to by an id that is unique in the tenant."""
    if not isinstance(content, dict) or not isinstance(content.get("body"), dict):
        return set()
    found = (key for reference in find_references(policy_type, content) for key in reference.candidates())
    return {(kind, object_id) for kind, object_id in found if GUID.fullmatch(object_id) or kind == "roleScopeTags"}


def names_of_objects(keys: Iterable[ObjectKey], policies: Mapping[ObjectKey, str], known: NamesById) -> dict[str, str]:
    """Return {id: name} for everything that is referred to. `policies`: names of those that are policies of ours.

    A scope tag, whose id is a small number, stands under a key of its own: `scope_tag_key`.
    """
    names: dict[str, str] = {**ROLES, **STRENGTHS, scope_tag_key("0"): "Default"}
    for kind, object_id in sorted(keys):
        name = policies.get((kind, object_id)) or known.get(object_id)
        if kind == "roleScopeTags":
            names |= {scope_tag_key(object_id): name} if name else {}
        elif name:
            names[object_id] = name
        elif object_id not in known and (unknown := _unknown(kind, object_id)):
            names.setdefault(object_id, unknown)
    return names


def _unknown(kind: str, object_id: str) -> str:
    words = _UNKNOWN.get(kind) or (_UNKNOWN_POLICY if kind in POLICY_TYPES else "")
    return words.format(id=object_id[:LETTERS_SHOWN])
