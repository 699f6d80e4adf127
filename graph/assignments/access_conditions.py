"""Whom and what a Conditional Access policy includes and excludes, and its other conditions.

Names and values: learn.microsoft.com, conditionalAccessConditionSet and the types within.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from graph.assignments.target import (
    ACTION,
    AGENT,
    ALL_APPS,
    ALL_USERS,
    APP,
    CONDITION,
    GROUP,
    GUESTS,
    LOCATION,
    PRINCIPAL,
    ROLE,
    STRENGTH,
    USER,
    Target,
)
from graph.references.references import fold_id

Body = Mapping[str, Any]
# The condition, the end of its property's name -> the kind of what its ids are.
_LISTS = (
    ("users", "Users", USER),
    ("users", "Groups", GROUP),
    ("users", "Roles", ROLE),
    ("applications", "Applications", APP),
    ("applications", "UserActions", ACTION),
    ("clientApplications", "ServicePrincipals", PRINCIPAL),
    ("clientApplications", "AgentIdServicePrincipals", AGENT),
    ("agents", "AgentUsers", USER),
    ("locations", "Locations", LOCATION),
)
# Words in the place of ids. "None" names nobody.
_ALL = {USER: ALL_USERS, APP: ALL_APPS}
_GUEST_WORD = "GuestsOrExternalUsers"
# The conditions that are plain lists of words: the condition or its holder, its property.
_WORDS = (
    ("clientAppTypes",), ("signInRiskLevels",), ("userRiskLevels",), ("servicePrincipalRiskLevels",),
    ("insiderRiskLevels",), ("agentIdRiskLevels",), ("platforms", "includePlatforms"),
    ("platforms", "excludePlatforms"), ("authenticationFlows", "transferMethods"),
)  # fmt: skip
_FILTERS = (
    ("devices", "deviceFilter"), ("applications", "applicationFilter"),
    ("clientApplications", "servicePrincipalFilter"), ("clientApplications", "agentIdServicePrincipalFilter"),
    ("agents", "agentFilter"),
)  # fmt: skip
_LONGEST = 200


def access_targets(body: Body) -> Iterator[Target]:
    conditions = _inner(body, "conditions")
    for holder, name, kind in _LISTS:
        for prefix in ("include", "exclude"):
            for value in _texts(_inner(conditions, holder).get(f"{prefix}{name}")):
                if value != "None":
                    yield _named(kind, value, prefix == "exclude")
    for prefix in ("include", "exclude"):
        guests = _inner(_inner(conditions, "users"), f"{prefix}{_GUEST_WORD}")
        if guests:
            yield Target(GUESTS, "", prefix == "exclude", CONDITION)
    strength = _inner(_inner(body, "grantControls"), "authenticationStrength").get("id")
    if isinstance(strength, str) and strength:
        yield Target(STRENGTH, fold_id(strength)[:80], place=CONDITION)


def _named(kind: str, value: str, is_excluded: bool) -> Target:
    if value == "All" and kind in _ALL:
        return Target(_ALL[kind], "", is_excluded, CONDITION)
    if value == _GUEST_WORD:
        return Target(GUESTS, "", is_excluded, CONDITION)
    return Target(kind, fold_id(value)[:80], is_excluded, CONDITION)


def access_terms(body: Body) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of the conditions and controls that are no lists of objects."""
    conditions, grant = _inner(body, "conditions"), _inner(body, "grantControls")
    terms = [(path[-1], _words(_at(conditions, path))) for path in _WORDS]
    for holder, name in _FILTERS:
        rule = _inner(_inner(conditions, holder), name)
        if rule:
            terms.append((name, f"{rule.get('mode')}: {rule.get('rule')}"))
    for prefix in ("include", "exclude"):
        guests = _inner(_inner(conditions, "users"), f"{prefix}{_GUEST_WORD}")
        terms.append((f"{prefix}{_GUEST_WORD}", str(guests.get("guestOrExternalUserTypes") or "")))
    terms.append(("builtInControls", _words(grant.get("builtInControls"), f" {grant.get('operator') or 'OR'} ")))
    session = [name for name, value in sorted(_inner(body, "sessionControls").items()) if isinstance(value, Mapping)]
    terms.append(("sessionControls", ", ".join(session)))
    return tuple((name, value[:_LONGEST]) for name, value in terms if value and value != "all")


def _words(value: Any, between: str = ", ") -> str:
    """Return a list of words, or the flags in one text, as one text."""
    return value if isinstance(value, str) and value != "none" else between.join(_texts(value))


def _at(holder: Body, path: tuple[str, ...]) -> Any:
    return _inner(holder, path[0]).get(path[1]) if len(path) > 1 else holder.get(path[0])


def _inner(holder: Body, name: str) -> Body:
    value = holder.get(name)
    return value if isinstance(value, Mapping) else {}


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str) and value] if isinstance(values, list) else []
