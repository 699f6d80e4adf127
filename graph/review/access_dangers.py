"""Dangers in Conditional Access, and in what it builds on: locations, strengths, contexts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graph.review.danger import Danger, FindFindings, Finding, FindLosses, list_at, object_at

Object = dict[str, Any]
ON, WATCHED = "enabled", "enabledForReportingButNotEnforced"
_FOR_ALL_USERS = {
    ON: "It is for all users; it would be enforced.",
    WATCHED: "It is for all users; it would be in report-only.",
}
_NO_LONGER_ENFORCED = {
    WATCHED: "It is enforced now, and would be in report-only.",
    "disabled": "It is enforced now, and would be off.",
}


def _names_at(holder: Object, name: str) -> set[str]:
    return set(map(str, list_at(holder, name)))


def _is_on(body: Object) -> bool:
    return body.get("state") in (ON, WATCHED)


# --- what a policy holds ---------------------------------------------------------------------------------------------


def _people_words(body: Object) -> str:
    users = object_at(body, "conditions", "users")
    if "All" in _names_at(users, "includeUsers"):
        return "all users"
    count = sum(len(_names_at(users, name)) for name in ("includeUsers", "includeGroups", "includeRoles"))
    return f"{count} user(s), group(s) or role(s)" if count else "whom its conditions name"


def _find_block(body: Object) -> Iterator[Finding]:
    if "block" in _names_at(object_at(body, "grantControls"), "builtInControls") and _is_on(body):
        who = _people_words(body)
        enforced, watched = f"It blocks {who}; it would be enforced.", f"It blocks {who}; it would be in report-only."
        evidence = [body.get("state"), body.get("conditions")]
        yield Finding("blocks", evidence, enforced if body.get("state") == ON else watched)


def _find_excluded_guests(body: Object) -> Iterator[Finding]:
    users = object_at(body, "conditions", "users")
    named = "GuestsOrExternalUsers" in _names_at(users, "excludeUsers")
    if named or users.get("excludeGuestsOrExternalUsers"):
        evidence = [named, users.get("excludeGuestsOrExternalUsers")]
        yield Finding("guests", evidence, "Guests or people of other organizations are excluded from it.")


def _find_reach_of_nobody(body: Object) -> Iterator[Finding]:
    users, apps = object_at(body, "conditions", "users"), object_at(body, "conditions", "applications")
    excluded = "All" in _names_at(users, "excludeUsers") or "All" in _names_at(apps, "excludeApplications")
    if excluded or _names_at(users, "includeUsers") == {"None"} or _names_at(apps, "includeApplications") == {"None"}:
        yield Finding("nobody", [users, apps], "It excludes everybody, or is for nobody: it protects nothing.")


def _find_all_users(body: Object) -> Iterator[Finding]:
    if _people_words(body) == "all users" and _is_on(body):
        yield Finding("everybody", True, _FOR_ALL_USERS[body["state"]])


def _find_trusted_ranges(body: Object) -> Iterator[Finding]:
    if body.get("isTrusted") is True:
        ranges = list_at(body, "ipRanges")
        sentence = f"Sign-ins from its {len(ranges)} address range(s) count as from a trusted network."
        yield Finding("trusted", ranges, sentence)


FINDERS: Mapping[str, tuple[FindFindings, ...]] = {
    "conditionalAccessPolicies": (_find_block, _find_reach_of_nobody, _find_excluded_guests, _find_all_users),
    "namedLocations": (_find_trusted_ranges,),
}

# --- what a change takes away ----------------------------------------------------------------------------------------

# Conditions that say when a policy applies: with fewer of their values, it applies less often.
_APPLIES_WHEN = frozenset(
    {
        "clientAppTypes", "signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels", "agentIdRiskLevels",
        "insiderRiskLevels", "transferMethods",
    }
)  # fmt: skip
# An empty list means any: its first value narrows the policy.
_ANY_UNLESS_NAMED = _APPLIES_WHEN | {"includePlatforms", "includeLocations", "includeDevices", "includeDeviceStates"}


def _find_weakening(now: Object, then: Object | None) -> Iterator[Danger]:
    if now.get("state") != ON:
        return
    if then is None:
        yield Danger("weakens", "It is enforced now, and would be removed.")
    elif then.get("state") != ON:
        said = _NO_LONGER_ENFORCED.get(str(then.get("state")), "It is enforced now, and would not be any more.")
        yield Danger("weakens", said)
    elif changes := [*_narrowed_conditions(now, then), *_lessened_grant(now, then), *_loosened_session(now, then)]:
        what = " and ".join(dict.fromkeys(changes))
        after = f"It is enforced, and this restore made it {what}."
        yield Danger("weakens", f"It is enforced now, and would {what}.", after)


def _narrowed_conditions(now: Object, then: Object) -> Iterator[str]:
    before, after = object_at(now, "conditions"), object_at(then, "conditions")
    pairs = [(before, after), *((object_at(before, name), object_at(after, name)) for name in {*before, *after})]
    for old, new in pairs:
        for name in sorted({*old, *new}):
            yield from _narrowed_condition(name, old, new)


def _narrowed_condition(name: str, old: Object, new: Object) -> Iterator[str]:
    had, has = _values_at(old, name), _values_at(new, name)
    if name.startswith("exclude"):
        added = has - had or (bool(object_at(new, name)) and new.get(name) != old.get(name))
        if added:
            yield "exclude more"
    elif name.startswith("include") or name in _APPLIES_WHEN:
        is_everything = not {"All", "all"}.isdisjoint(has)
        named_first = bool(has) and not had and name in _ANY_UNLESS_NAMED
        otherwise = bool(object_at(old, name)) and new.get(name) != old.get(name)
        if ((had - has or named_first) and not is_everything) or otherwise:
            yield "apply to less"
    elif name.endswith(("Filter", "filter")) and old.get(name) != new.get(name):
        yield "apply by another filter"


def _values_at(holder: Object, name: str) -> set[str]:
    """Return the values of a list, or of a text that Graph writes with commas."""
    value = holder.get(name)
    return set(filter(None, value.split(","))) if isinstance(value, str) else _names_at(holder, name)


def _lessened_grant(now: Object, then: Object) -> Iterator[str]:
    """Yield a clause if some way in that the new grant allows would not satisfy the old one."""
    old, new = object_at(now, "grantControls"), object_at(then, "grantControls")
    had, has = _controls(old), _controls(new)
    if had and not all(_satisfies(way, old.get("operator"), had) for way in _ways_in(new.get("operator"), has)):
        yield "ask for less before it lets people in"


def _ways_in(operator: Any, controls: set[str]) -> list[set[str]]:
    """Return the sets of controls that let somebody in: each by itself with OR, else all together."""
    return [{control} for control in controls] if operator == "OR" and controls else [controls]


def _satisfies(way: set[str], operator: Any, controls: set[str]) -> bool:
    return bool(way & controls) if operator == "OR" else controls <= way


def _controls(grant: Object) -> set[str]:
    strength = object_at(grant, "authenticationStrength").get("id")
    named = [_names_at(grant, name) for name in ("builtInControls", "customAuthenticationFactors", "termsOfUse")]
    return set().union(*named, {f"strength {strength}"} if strength else set())


def _loosened_session(now: Object, then: Object) -> Iterator[str]:
    old, new = object_at(now, "sessionControls"), object_at(then, "sessionControls")
    changed = any(value not in (None, False, {}) and new.get(name) != value for name, value in old.items())
    if changed or any(
        object_at(new, name) != object_at(old, name) and is_loose(object_at(new, name))
        for name, is_loose in _LOOSE_CONTROLS
    ):
        yield "control sessions otherwise"


# Session controls that are looser than no control at all.
_LOOSE_CONTROLS: tuple[tuple[str, Callable[[Object], bool]], ...] = (
    ("persistentBrowser", lambda control: control.get("mode") == "always"),
    ("continuousAccessEvaluation", lambda control: control.get("mode") == "disabled"),
)


def _find_moved_location(now: Object, then: Object | None) -> Iterator[Danger]:
    names = ("ipRanges", "countriesAndRegions", "includeUnknownCountriesAndRegions", "isTrusted")
    if then is None or any(now.get(name) != then.get(name) for name in names):
        yield Danger("trusted", "Conditional Access policies that name it would apply to other places.")


def _find_weaker_strength(now: Object, then: Object | None) -> Iterator[Danger]:
    if then and _names_at(then, "allowedCombinations") - _names_at(now, "allowedCombinations"):
        yield Danger(
            "weakens",
            "More ways to sign in would satisfy the policies that ask for it.",
            "More ways to sign in satisfy the policies that ask for it now.",
        )


def _find_lost_context(now: Object, then: Object | None) -> Iterator[Danger]:
    if now.get("isAvailable") is True and (then is None or then.get("isAvailable") is False):
        yield Danger(
            "weakens",
            "What asks for this authentication context would not be protected by it any more.",
            "What asks for this authentication context is not protected by it any more.",
        )


LOSSES: Mapping[str, tuple[FindLosses, ...]] = {
    "conditionalAccessPolicies": (_find_weakening,),
    "namedLocations": (_find_moved_location,),
    "authenticationStrengths": (_find_weaker_strength,),
    "authenticationContextClassReferences": (_find_lost_context,),
}
