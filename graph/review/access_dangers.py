"""What is dangerous in Conditional Access, and in what it stands on: locations, strengths, contexts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graph.review.danger import Change, Danger, Find, Finding, inside, listed

Object = dict[str, Any]
ON, WATCHED = "enabled", "enabledForReportingButNotEnforced"
_STATES = {ON: "enforced", WATCHED: "in report-only", "disabled": "off"}


def _listed(holder: Object, name: str) -> set[str]:
    return set(map(str, listed(holder, name)))


def _is_on(body: Object) -> bool:
    return body.get("state") in (ON, WATCHED)


def _state(body: Object) -> str:
    return _STATES.get(str(body.get("state")), str(body.get("state")))


# --- what a policy holds ---------------------------------------------------------------------------------------------


def _whom(body: Object) -> str:
    users = inside(body, "conditions", "users")
    if "All" in _listed(users, "includeUsers"):
        return "all users"
    count = sum(len(_listed(users, name)) for name in ("includeUsers", "includeGroups", "includeRoles"))
    return f"{count} user(s), group(s) or role(s)" if count else "whom its conditions name"


def _blocks(body: Object) -> Iterator[Finding]:
    if "block" in _listed(inside(body, "grantControls"), "builtInControls") and _is_on(body):
        said = f"It blocks {_whom(body)}; it would be {_state(body)}."
        yield Finding("blocks", [body.get("state"), body.get("conditions")], said)


def _leaves_guests_out(body: Object) -> Iterator[Finding]:
    users = inside(body, "conditions", "users")
    named = "GuestsOrExternalUsers" in _listed(users, "excludeUsers")
    if named or users.get("excludeGuestsOrExternalUsers"):
        evidence = [named, users.get("excludeGuestsOrExternalUsers")]
        yield Finding("guests", evidence, "Guests or people of other organizations are excluded from it.")


def _reaches_nobody(body: Object) -> Iterator[Finding]:
    users, apps = inside(body, "conditions", "users"), inside(body, "conditions", "applications")
    excluded = "All" in _listed(users, "excludeUsers") or "All" in _listed(apps, "excludeApplications")
    if excluded or _listed(users, "includeUsers") == {"None"} or _listed(apps, "includeApplications") == {"None"}:
        yield Finding("nobody", [users, apps], "It excludes everybody, or is for nobody: it protects nothing.")


def _everybody(body: Object) -> Iterator[Finding]:
    if _whom(body) == "all users" and _is_on(body):
        yield Finding("everybody", True, f"It is for all users; it would be {_state(body)}.")


def _trusted(body: Object) -> Iterator[Finding]:
    if body.get("isTrusted") is True:
        ranges = listed(body, "ipRanges")
        said = f"Sign-ins from its {len(ranges)} address range(s) count as from a trusted network."
        yield Finding("trusted", ranges, said)


FINDERS: Mapping[str, tuple[Find, ...]] = {
    "conditionalAccessPolicies": (_blocks, _reaches_nobody, _leaves_guests_out, _everybody),
    "namedLocations": (_trusted,),
}

# --- what a change takes away ----------------------------------------------------------------------------------------

# Of a policy's conditions, those that say when it applies: fewer of them, and it applies less often.
_APPLIES = frozenset(
    {
        "clientAppTypes", "signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels", "agentIdRiskLevels",
        "insiderRiskLevels", "transferMethods",
    }
)  # fmt: skip
# None of them named means any: to name the first is to narrow.
_ANY_UNLESS_NAMED = _APPLIES | {"includePlatforms", "includeLocations", "includeDevices", "includeDeviceStates"}


def _weakened(now: Object, then: Object | None) -> Iterator[Danger]:
    if now.get("state") != ON:
        return
    if then is None:
        yield Danger("weakens", "It is enforced now, and would be removed.")
    elif then.get("state") != ON:
        yield Danger("weakens", f"It is enforced now, and would be {_state(then)}.")
    elif why := [*_narrower(now, then), *_asks_less(now, then), *_session(now, then)]:
        yield Danger("weakens", f"It is enforced now, and would {' and '.join(dict.fromkeys(why))}.")


def _narrower(now: Object, then: Object) -> Iterator[str]:
    before, after = inside(now, "conditions"), inside(then, "conditions")
    pairs = [(before, after), *((inside(before, name), inside(after, name)) for name in {*before, *after})]
    for old, new in pairs:
        for name in sorted({*old, *new}):
            yield from _narrower_by(name, old, new)


def _narrower_by(name: str, old: Object, new: Object) -> Iterator[str]:
    had, has = _several(old, name), _several(new, name)
    if name.startswith("exclude"):
        added = has - had or (bool(inside(new, name)) and new.get(name) != old.get(name))
        if added:
            yield "exclude more"
    elif name.startswith("include") or name in _APPLIES:
        is_everything = not {"All", "all"}.isdisjoint(has)
        named_first = bool(has) and not had and name in _ANY_UNLESS_NAMED
        otherwise = bool(inside(old, name)) and new.get(name) != old.get(name)
        if ((had - has or named_first) and not is_everything) or otherwise:
            yield "apply to less"
    elif name.endswith(("Filter", "filter")) and old.get(name) != new.get(name):
        yield "apply by another filter"


def _several(holder: Object, name: str) -> set[str]:
    """Of a list, or of what Graph writes with commas."""
    value = holder.get(name)
    return set(filter(None, value.split(","))) if isinstance(value, str) else _listed(holder, name)


def _asks_less(now: Object, then: Object) -> Iterator[str]:
    """There is a way in by what is to be, that would not do by what is there."""
    old, new = inside(now, "grantControls"), inside(then, "grantControls")
    had, has = _controls(old), _controls(new)
    if had and not all(_satisfies(way, old.get("operator"), had) for way in _ways(new.get("operator"), has)):
        yield "ask for less before it lets people in"


def _ways(operator: Any, controls: set[str]) -> list[set[str]]:
    """All that are asked for at once, or each by itself."""
    return [{one} for one in controls] if operator == "OR" and controls else [controls]


def _satisfies(way: set[str], operator: Any, controls: set[str]) -> bool:
    return bool(way & controls) if operator == "OR" else controls <= way


def _controls(grant: Object) -> set[str]:
    strength = inside(grant, "authenticationStrength").get("id")
    named = [_listed(grant, one) for one in ("builtInControls", "customAuthenticationFactors", "termsOfUse")]
    return set().union(*named, {f"strength {strength}"} if strength else set())


def _session(now: Object, then: Object) -> Iterator[str]:
    old, new = inside(now, "sessionControls"), inside(then, "sessionControls")
    changed = any(value not in (None, False, {}) and new.get(name) != value for name, value in old.items())
    if changed or any(inside(new, name) != inside(old, name) and found(inside(new, name)) for name, found in _LOOSE):
        yield "control sessions otherwise"


# Controls of sessions that let more than none does.
_LOOSE: tuple[tuple[str, Callable[[Object], bool]], ...] = (
    ("persistentBrowser", lambda one: one.get("mode") == "always"),
    ("continuousAccessEvaluation", lambda one: one.get("mode") == "disabled"),
)


def _location_changes(now: Object, then: Object | None) -> Iterator[Danger]:
    said = ("ipRanges", "countriesAndRegions", "includeUnknownCountriesAndRegions", "isTrusted")
    if then is None or any(now.get(name) != then.get(name) for name in said):
        yield Danger("trusted", "Conditional Access policies that name it would apply to other places.")


def _weaker_strength(now: Object, then: Object | None) -> Iterator[Danger]:
    if then and _listed(then, "allowedCombinations") - _listed(now, "allowedCombinations"):
        yield Danger("weakens", "More ways to sign in would satisfy the policies that ask for it.")


def _context_goes(now: Object, then: Object | None) -> Iterator[Danger]:
    if now.get("isAvailable") is True and (then is None or then.get("isAvailable") is False):
        yield Danger("weakens", "What asks for this authentication context would not be protected by it any more.")


CHANGES: Mapping[str, tuple[Change, ...]] = {
    "conditionalAccessPolicies": (_weakened,),
    "namedLocations": (_location_changes,),
    "authenticationStrengths": (_weaker_strength,),
    "authenticationContextClassReferences": (_context_goes,),
}
