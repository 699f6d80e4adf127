"""The words that Entra's log has for each collection. One row each, with what it is known from.

"documented": learn.microsoft.com, Microsoft Entra audit log categories and activities; "joined": names and the
requests that cause them, from real tenants (f-bader/EntraIDAuditLogToMicrosoftGraph); "guess": nobody wrote down
whether such a change is in this log at all, and under what name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graph.simulator.model.collections import AGREEMENTS, BRANDING, CA, SITE_LISTS, UPDATES

DOCUMENTED, JOINED, GUESS = "documented", "joined", "guess"
ACCESS = f"{CA}/policies"


@dataclass(frozen=True)
class EntraWords:
    service: str
    category: str
    # Of what is made, changed, removed.
    made: str
    changed: str
    removed: str
    basis: str
    # Of the target, and of the one property that says what it was and is.
    target: str = "Policy"
    property: str = ""


def _access(noun: str, property_name: str, basis: str = DOCUMENTED) -> EntraWords:
    return EntraWords("Conditional Access", "Policy", f"Add {noun}", f"Update {noun}", f"Delete {noun}", basis,
                 property=property_name)  # fmt: skip


def _core(category: str, noun: str, target: str, basis: str = GUESS) -> EntraWords:
    return EntraWords("Core Directory", category, f"Add {noun}", f"Update {noun}", f"Delete {noun}", basis, target)


_STRENGTH = "Authentication Strength Policy"

ENTRA: Mapping[str, EntraWords] = {
    ACCESS: _access("conditional access policy", "ConditionalAccessPolicy"),
    f"{CA}/namedLocations": _access("named location", "NamedLocation"),
    f"{CA}/authenticationContextClassReferences": _access(
        "AuthenticationContextClassReference", "AuthenticationContextClassReference", JOINED
    ),
    f"{CA}/authenticationStrength/policies": EntraWords(
        "Authentication Methods", "ApplicationManagement", f"{_STRENGTH} Create", f"{_STRENGTH} Update",
        f"{_STRENGTH} Delete", JOINED, property="AuthenticationStrengthPolicy",
    ),
    AGREEMENTS: EntraWords("Terms Of Use", "Policy", "Create Terms Of Use", "Edit Terms Of Use", "Delete Terms Of Use",
                      DOCUMENTED),
    "groups": _core("GroupManagement", "group", "Group", DOCUMENTED),
    BRANDING: _core("DirectoryManagement", "company branding", "Directory"),
    SITE_LISTS: _core("DirectoryManagement", "browser site list", "Other"),
    f"{UPDATES}/policies": _core("Policy", "update policy", "Policy"),
    f"{UPDATES}/updatePolicies": _core("Policy", "update policy", "Policy"),
}  # fmt: skip
