"""The severity of a change, by rules that a person can read: each is one sentence, and has a severity.

An admin may change that. All that match are kept, and the gravest counts. Severities are words here: their enumeration
is in db/states.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graph.changes.differences import ChangedPlace
from graph.changes.ignored_paths import text_of
from graph.microsoft.model import bare_type
from graph.policy_types.policy_type import PolicyType
from graph.review.dangers import find_dangers
from graph.review.settings_dangers import COMPLIANCE

LOW, MEDIUM, HIGH = "low", "medium", "high"
RISING = (LOW, MEDIUM, HIGH)

Content = Mapping[str, Any]

_CONDITIONAL_ACCESS = "conditionalAccessPolicies"
_BEHIND_CONDITIONAL_ACCESS = ("namedLocations", "authenticationStrengths", "authenticationContextClassReferences")
_ROLES = ("roleDefinitions", "roleAssignments")
_SCRIPTS = (
    "deviceManagementScripts", "deviceShellScripts", "deviceHealthScripts", "deviceComplianceScripts",
    "deviceCustomAttributeShellScripts",
)  # fmt: skip
_TEXTS = ("scriptContent", "detectionScriptContent", "remediationScriptContent")
_EVERYBODY = ("allDevicesAssignmentTarget", "allLicensedUsersAssignmentTarget")
# What says how a policy is called and who administers it, and nothing of what it does.
_NAMES = ("displayName", "name", "description", "roleScopeTagIds", "roleScopeTags")


@dataclass(frozen=True)
class ChangeFacts:
    """The facts that the rules look at. `places`: those that differ and are not ignored. A content may be None.

    `is_unopened`: one of the contents was there, and could not be opened.
    """

    policy_type: PolicyType
    kind: str
    places: Sequence[ChangedPlace] = ()
    before: Content | None = None
    after: Content | None = None
    is_unopened: bool = False

    @property
    def of_body(self) -> list[ChangedPlace]:
        return [place for place in self.places if not place.is_of_assignments]

    def below(self, *path: str) -> list[ChangedPlace]:
        return [place for place in self.places if place.path[: len(path)] == path]

    @property
    def is_new(self) -> bool:
        return self.kind in ("added", "came_back")

    @cached_property
    def says_more_than_names(self) -> bool:
        return any(place.path[1:2] and place.path[1] not in _NAMES for place in self.of_body)

    @cached_property
    def dangers(self) -> frozenset[str]:
        """The codes of what the review of a restore would call dangerous in this change."""
        if self.after is None or not (self.places or self.is_new):
            return frozenset()
        live = dict(self.before) if self.places and self.before else None
        found = find_dangers(self.policy_type, dict(self.after), live, with_assignments=True)
        return frozenset(danger.code for danger in found)


Test = Callable[[ChangeFacts], bool]


@dataclass(frozen=True)
class Rule:
    """A rule: its name, by which it is kept; what it says; how grave that is."""

    name: str
    sentence: str
    severity: str
    matches: Test = field(compare=False)


def _is_type(*keys: str) -> Test:
    return lambda facts: facts.policy_type.key in keys


def _in_conditional_access(*path: str) -> Test:
    return lambda facts: facts.policy_type.key == _CONDITIONAL_ACCESS and bool(facts.below("body", *path))


def _is_other_condition(facts: ChangeFacts) -> bool:
    conditions = facts.below("body", "conditions") if facts.policy_type.key == _CONDITIONAL_ACCESS else []
    return any(place.path[2:3] not in (("users",), ("clientApplications",)) for place in conditions)


def _everybody(content: Content | None) -> set[str]:
    assignments = (content or {}).get("assignments") or ()
    targets = [assignment.get("target") for assignment in assignments if isinstance(assignment, dict)]
    types = {bare_type(target.get("@odata.type")) for target in targets if isinstance(target, dict)}
    return types & set(_EVERYBODY)


def _is_about_everybody(facts: ChangeFacts) -> bool:
    """Tell whether all users or all devices got it, or no longer have it. What was not read says nothing."""
    if facts.kind == "added":
        return bool(_everybody(facts.after))
    named = {bare_type(place.path[1].partition(" ")[0]) for place in facts.below("assignments") if place.path[1:]}
    return bool(named & set(_EVERYBODY))


def _has_new_text(facts: ChangeFacts) -> bool:
    return any(place.path[-1] in _TEXTS for place in facts.of_body)


def _is_renamed(facts: ChangeFacts) -> bool:
    return bool(facts.places) and not facts.is_new and not facts.says_more_than_names and not facts.below("assignments")


RULES: tuple[Rule, ...] = (
    Rule("removed", "A policy was removed.", HIGH, lambda facts: facts.kind == "removed"),
    Rule(
        "conditional_access_new",
        "A Conditional Access policy was added, or came back.",
        HIGH,
        lambda facts: facts.is_new and facts.policy_type.key == _CONDITIONAL_ACCESS,
    ),
    Rule(
        "conditional_access_state",
        "A Conditional Access policy was turned on or off, or to report-only.",
        HIGH,
        _in_conditional_access("state"),
    ),
    Rule(
        "conditional_access_people",
        "A Conditional Access policy is for other people than before, or leaves out others.",
        HIGH,
        lambda facts: (
            _in_conditional_access("conditions", "users")(facts)
            or _in_conditional_access("conditions", "clientApplications")(facts)
        ),
    ),
    Rule(
        "conditional_access_conditions",
        "A Conditional Access policy has other conditions than before: apps, places, platforms or risks.",
        HIGH,
        _is_other_condition,
    ),
    Rule(
        "conditional_access_controls",
        "A Conditional Access policy demands something else than before.",
        HIGH,
        lambda facts: (
            _in_conditional_access("grantControls")(facts) or _in_conditional_access("sessionControls")(facts)
        ),
    ),
    Rule(
        "conditional_access_parts",
        "A location, a strength or a context that Conditional Access builds on changed.",
        HIGH,
        lambda facts: _is_type(*_BEHIND_CONDITIONAL_ACCESS)(facts) and facts.says_more_than_names,
    ),
    Rule(
        "everybody",
        "A policy was assigned to all users or all devices, or no longer is.",
        HIGH,
        _is_about_everybody,
    ),
    Rule(
        "compliance",
        "A compliance policy asks for something else than before.",
        HIGH,
        lambda facts: _is_type(*COMPLIANCE)(facts) and facts.says_more_than_names,
    ),
    Rule("script_text", "The text of a script changed.", HIGH, _has_new_text),
    Rule(
        "script_new",
        "A script was added, or came back.",
        HIGH,
        lambda facts: facts.is_new and facts.policy_type.key in _SCRIPTS,
    ),
    Rule(
        "roles",
        "A role of Intune, or who has it, changed.",
        HIGH,
        lambda facts: _is_type(*_ROLES)(facts) and (facts.is_new or bool(facts.places)),
    ),
    Rule(
        "protection",
        "Protection of devices is weaker than before, or virus scanning leaves something out.",
        HIGH,
        lambda facts: "protection" in facts.dangers,
    ),
    Rule(
        "rights",
        "A policy makes somebody an administrator of devices, or changes who has to approve.",
        HIGH,
        lambda facts: not facts.dangers.isdisjoint(("admin", "approval")),
    ),
    Rule(
        "certificate",
        "A certificate authority is to be trusted.",
        HIGH,
        lambda facts: "certificate" in facts.dangers,
    ),
    Rule(
        "unopened",
        "What changed is not known: a snapshot could not be opened.",
        MEDIUM,
        lambda facts: facts.is_unopened,
    ),
    Rule("added", "A policy was added.", MEDIUM, lambda facts: facts.kind == "added"),
    Rule("came_back", "A policy that was gone is there again.", MEDIUM, lambda facts: facts.kind == "came_back"),
    Rule(
        "assignments",
        "A policy is assigned to others than before.",
        MEDIUM,
        lambda facts: bool(facts.below("assignments")),
    ),
    Rule("settings", "A setting changed.", MEDIUM, lambda facts: not facts.is_new and facts.says_more_than_names),
    Rule("name", "Only the name, the description or the scope tags of a policy changed.", LOW, _is_renamed),
)


@dataclass(frozen=True)
class RuleSetting:
    """A rule as an admin set it: a built-in one by its name, or one of their own. `path`: a part of a place."""

    name: str
    severity: str
    is_active: bool = True
    policy_type: str = ""
    path: str = ""


@dataclass(frozen=True)
class Assessed:
    """The severity of a change, and the names of the rules that say so, the gravest first."""

    severity: str
    rules: tuple[str, ...]


def assess(facts: ChangeFacts, settings: Sequence[RuleSetting] = ()) -> Assessed:
    """Return how grave a change is. One that no rule is about is low."""
    changed = {setting.name: setting for setting in settings}
    found = [
        (changed[rule.name].severity if rule.name in changed else rule.severity, rule.name)
        for rule in RULES
        if (rule.name not in changed or changed[rule.name].is_active) and rule.matches(facts)
    ]
    built_in = {rule.name for rule in RULES}
    own = [setting for setting in settings if setting.name not in built_in and setting.is_active]
    found += [(setting.severity, setting.name) for setting in own if _is_own_match(setting, facts)]
    found.sort(key=lambda one: -RISING.index(one[0]))
    return Assessed(found[0][0] if found else LOW, tuple(name for _, name in found))


def _is_own_match(setting: RuleSetting, facts: ChangeFacts) -> bool:
    if setting.policy_type not in ("", facts.policy_type.key):
        return False
    wanted = setting.path.casefold()
    texts = [f"{text_of(place.path)}\n{place.label}".casefold() for place in facts.places]
    return not wanted or any(wanted in text for text in texts)
