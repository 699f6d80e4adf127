"""Dangers in what a restore would write, shown first, so that nobody has to find them among a thousand lines.

Two tables, for every policy type of Microsoft's model: what a content holds (for an update, only what the tenant does
not have already), and what a change takes away. A sentence holds no value of the content that could be a secret.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import zip_longest
from typing import Any

from graph.content.normalise import canonical_json
from graph.content.odata import HOLDERS
from graph.content.places import root_type
from graph.display.labels import readable_name
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType
from graph.references.references import EVERYBODY
from graph.remembering import pack
from graph.review import access_dangers as access
from graph.review.danger import Danger, Finding, FindLosses, list_at, object_at, objects_at
from graph.review.settings_dangers import (
    find_code_settings,
    find_disabled_protection,
    find_exclusions,
    find_weaker_settings,
)
from graph.write.write_requests import PolicyContent, direct_assignments

# Code -> title; the worst first.
TITLES: Mapping[str, str] = {
    "blocks": "Conditional Access that blocks",
    "weakens": "Conditional Access that is weakened",
    "nobody": "Conditional Access that reaches nobody",
    "guests": "Conditional Access that leaves guests out",
    "trusted": "Trusted networks",
    "approval": "Multi Admin Approval",
    "role": "Grants a role",
    "system": "Runs as SYSTEM or root",
    "admin": "Makes people administrators of devices",
    "certificate": "A certificate authority to be trusted",
    "devices": "Retires or wipes devices",
    "compliance": "Compliance that is weakened",
    "protection": "Protection that is weakened",
    "taken": "Taken away from those who have it",
    "everybody": "For all users, all devices, or the whole tenant",
    "code": "Runs code as the user who is signed in",
    "members": "Puts members into groups",
}


def find_dangers(
    policy_type: PolicyType, want: PolicyContent | None, live: PolicyContent | None, *, with_assignments: bool
) -> list[Danger]:
    """Return each kind of danger once, the worst first. `want` None: a removal; `live` None: a create."""
    now = _HeldPolicy(policy_type, live, live) if live else None
    then = _HeldPolicy(policy_type, want, want if with_assignments else live, beside=live) if want else None
    all_dangers = [*_new_findings(now, then), *_find_losses(now, then)]
    # The first of each code wins.
    by_code = {danger.code: danger for danger in reversed(all_dangers)}
    return [by_code[code] for code in TITLES if code in by_code]


@dataclass(frozen=True)
class _HeldPolicy:
    """A policy's content with the assignments that it has once it is written."""

    policy_type: PolicyType
    content: PolicyContent
    assigned: PolicyContent | None
    # What is there now: of elements that are there already, nothing new is found.
    beside: PolicyContent | None = None

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = self.content["body"]
        return body

    @property
    def assignments(self) -> list[dict[str, Any]]:
        return direct_assignments(objects_at(self.assigned, "assignments"))

    @cached_property
    def objects(self) -> list[tuple[str, dict[str, Any]]]:
        """Return (type, object) for the body and all objects inside; "" for a type that the model does not know."""
        of = model.type_of(self.body, root_type(self.policy_type))
        live = self.beside["body"] if self.beside else {}
        is_of_one_type = live.get("@odata.type") == self.body.get("@odata.type")
        inside = _without_elements_of(live, self.body) if is_of_one_type else self.body
        return [(of, self.body), *_objects_inside(of, inside)]


def _new_findings(now: _HeldPolicy | None, then: _HeldPolicy | None) -> Iterator[Danger]:
    if then is None:
        return
    for find in _FINDERS:
        found = list(find(then))
        present = {canonical_json(finding.evidence) for finding in find(now)} if now and found else set()
        yield from (
            Danger(finding.code, finding.sentence, finding.sentence if now and finding.code in _WEAKER else "")
            for finding in found
            if canonical_json(finding.evidence) not in present
        )


# Findings that make what is there protect less.
_WEAKER = frozenset({"nobody", "guests", "protection"})


def _find_losses(now: _HeldPolicy | None, then: _HeldPolicy | None) -> Iterator[Danger]:
    if now is not None:
        key, wanted = now.policy_type.key, then.body if then else None
        for change in (*access.LOSSES.get(key, ()), *_LOSSES.get(key, ())):
            yield from change(now.body, wanted)
        yield from find_weaker_settings(now.policy_type, now.body, wanted)
        yield from _find_lost_assignments(now, then)


# --- what a content holds --------------------------------------------------------------------------------------------

# Properties that say as whom the object's code runs, or its app is installed.
ACCOUNT, INSTALLED_BY = "runAsAccount", "installExperience"
# Properties that hold code that a device runs.
CODE = frozenset(
    {
        "scriptContent", "detectionScriptContent", "remediationScriptContent", "installCommandLine",
        "uninstallCommandLine", "commandLine", "configurationManagerAgentCommandLineArgument",
    }
)  # fmt: skip
_OF_CODE = CODE | {ACCOUNT, INSTALLED_BY}
PAYLOADS: Mapping[str, str] = {
    "omaSettings": "It applies custom OMA-URI settings, as the device itself: whatever the platform offers.",
    "payload": "It installs a custom profile, as the device itself: whatever the platform offers.",
    "configurationXml": "It applies custom XML, as the device itself.",
    "customXml": "It applies custom XML, as the device itself.",
    "configurationFileContent": "It changes the firmware of devices.",
}


def _without_elements_of(live: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Return the body without the elements of its lists, such as settings, that the live one's have too."""
    return {
        name: _not_in(live[name], value) if isinstance(value, list) and isinstance(live.get(name), list) else value
        for name, value in body.items()
    }


def _not_in(live: list[Any], elements: list[Any]) -> list[Any]:
    """Return the elements that are not in the live list. Most of a policy is as it was, in its place."""
    moved = [element for element, other in zip_longest(elements, live[: len(elements)]) if element != other]
    there = set(map(pack, live)) if moved else ()
    return [element for element in moved if pack(element) not in there]


def _objects_inside(of: str, value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (type, object) for all objects inside one of this type."""
    todo = list(_properties(of, value))
    while todo:
        declared, inner = todo.pop()
        if isinstance(inner, dict):
            actual = model.type_of(inner, declared)
            yield actual, inner
            todo += _properties(actual, inner)
        elif isinstance(inner, list):
            todo += [(declared, element) for element in inner]


def _properties(of: str, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield (declared type, value) of each property of an object of this type that objects can be in."""
    known = model.properties(of)
    for name, inner in value.items():
        if isinstance(inner, HOLDERS):
            yield (known[name].type or "") if name in known else "", inner


def _find_code(held: _HeldPolicy) -> Iterator[Finding]:
    for of, value in held.objects:
        if _OF_CODE.isdisjoint(value):
            continue
        code = {name: value[name] for name in CODE if value.get(name)}
        installs = object_at(value, INSTALLED_BY)
        account = value.get(ACCOUNT) or installs.get(ACCOUNT)
        if code and account == "user":
            yield Finding("code", [code, account], "It runs code of its own as the user who is signed in.")
        elif code:
            yield Finding(
                "system", [code, account], f"It runs code of its own as {_account_name(of)}{_reach_words(held)}."
            )
        elif installs and account == "system":
            yield Finding(
                "system", [account, value.get("packageIdentifier")], f"It installs as SYSTEM{_reach_words(held)}."
            )


def _account_name(of: str) -> str:
    is_unix = "shell" in of.lower() or "macos" in of.lower() or "linux" in of.lower()
    return "root" if is_unix else "SYSTEM"


def _find_payloads(held: _HeldPolicy) -> Iterator[Finding]:
    for _, value in held.objects:
        for name in PAYLOADS.keys() & value.keys():
            if value[name]:
                yield Finding("system", [name, value[name]], PAYLOADS[name])


def _reach_words(held: _HeldPolicy) -> str:
    return f", {' and '.join(whom)}" if (whom := [whom for whom, _ in _reach_of_everybody(held)]) else ""


def _find_certificates(held: _HeldPolicy) -> Iterator[Finding]:
    for _, value in held.objects:
        if value.get("trustedRootCertificate"):
            sentence = "Devices trust whatever this certificate authority signs: its subject stands below."
            yield Finding("certificate", value["trustedRootCertificate"], sentence)


def _find_administrators(held: _HeldPolicy) -> Iterator[Finding]:
    for of, value in held.objects:
        for name, inner in value.items():
            if inner == "administrator" and inner in _members_of(of, name):
                yield Finding("admin", [name, inner], "Whoever sets a device up is an administrator of it.")
            if name == "localAdminEnabled" and inner is True:
                yield Finding("admin", [name, inner], "Users are administrators of their Cloud PCs.")
            if name.startswith(("adminAccountUserName", "userRights")) and inner:
                yield Finding("admin", [name, inner], f"It sets {readable_name(name).lower()} on devices.")
        setting = str(value.get("settingDefinitionId") or "")
        if "localusersandgroups" in setting or "_userrights_" in setting:
            yield Finding(
                "admin", [setting, value], "It says who is in local groups of devices, or has rights on them."
            )


def _members_of(type_name: str, name: str) -> Sequence[str]:
    """Return what the enumeration of this property may be; () for a property of another kind."""
    known = model.properties(type_name).get(name)
    return model.enum(str(known.type)) if known and known.kind == "enum" else ()


def _find_roles(held: _HeldPolicy) -> Iterator[Finding]:
    body = held.body
    if held.policy_type.key == "roleAssignments":
        lists = [sorted(map(str, list_at(body, name))) for name in ("members", "resourceScopes", "scopeMembers")]
        evidence = [object_at(body, "roleDefinition").get("id"), body.get("scopeType"), *lists]
        yield Finding("role", evidence, f"It gives an Intune role to {len(list_at(body, 'members'))} group(s).")
    if held.policy_type.key == "roleDefinitions":
        yield Finding("role", body.get("rolePermissions"), "It says what holders of an Intune role may do.")
    if body.get("isAssignableToRole") is True:
        yield Finding("role", True, "It is a group that directory roles can be given to.")


_ALL_SCOPES = ("allDevices", "allLicensedUsers", "allDevicesAndLicensedUsers")
_TARGETS = {"allDevicesAssignmentTarget": "for all devices", "allLicensedUsersAssignmentTarget": "for all users"}


def _reach_of_everybody(held: _HeldPolicy) -> list[tuple[str, str]]:
    """Return (for whom, filter type) of assignments that reach everybody, by target type or by a built-in group."""
    reach = {}
    for assignment in held.assignments:
        target = object_at(assignment, "target")
        kind = model.bare_type(target.get("@odata.type"))
        group = EVERYBODY.get(str(target.get("groupId") or "").lower())
        whom = _TARGETS.get(kind) or (f"for {group.lower()}" if group and not kind.startswith("exclusion") else None)
        if whom:
            by = target.get("deviceAndAppManagementAssignmentFilterType")
            reach[whom] = str(by) if by not in (None, "none") else ""
    return sorted(reach.items())


def _find_everybody(held: _HeldPolicy) -> Iterator[Finding]:
    for whom, narrowed in _reach_of_everybody(held):
        sentence = f"It is {whom}{f', narrowed by a filter ({narrowed})' if narrowed else ''}."
        yield Finding("everybody", [whom, narrowed], sentence)
    if held.body.get("scopeType") in _ALL_SCOPES:
        yield Finding("everybody", held.body["scopeType"], "The role reaches all devices or users of the tenant.")
    row = held.policy_type
    if row.is_single or (row.has_defaults and row.is_built_in(held.body)):
        yield Finding("everybody", held.body, "It is the tenant's default: it holds for everybody who has no other.")


_LIMIT = re.compile("Before(Wipe|FactoryReset|Retirement)|^wipeAfter|^(minimum|maximum)Wipe", re.IGNORECASE)


def _find_device_removal(held: _HeldPolicy) -> Iterator[Finding]:
    """Find wipes and retirements: as a value of an enumeration, or as a limit that ends in one."""
    for of, value in held.objects:
        for name, inner in value.items():
            is_remedy = inner in ("wipe", "retire") and bool(_members_of(of, name))
            if is_remedy or (_is_limit(name) and inner not in (None, False, "", 0)):
                yield Finding("devices", [name, inner], f"{readable_name(name)}: {inner}.")


@lru_cache(model.MOST_PAIRS)
def _is_limit(name: str) -> bool:
    return bool(_LIMIT.search(name))


def _find_members(held: _HeldPolicy) -> Iterator[Finding]:
    members = list_at(held.body, "members")
    if held.policy_type.is_referred and members:
        yield Finding("members", members, f"It gets {len(members)} member(s): what is for the group reaches them.")


def _find_approval(held: _HeldPolicy) -> Iterator[Finding]:
    if held.policy_type.key == "operationApprovalPolicies":
        sentence = "From then on what it protects waits for a second person, and its approvers are those named here."
        yield Finding("approval", [held.body.get("policyType"), held.body.get("approverGroupIds")], sentence)


def _find_in_access(held: _HeldPolicy) -> Iterable[Finding]:
    return [finding for find in access.FINDERS.get(held.policy_type.key, ()) for finding in find(held.body)]


def _find_in_settings(held: _HeldPolicy) -> Iterable[Finding]:
    return [
        finding
        for find in (find_disabled_protection, find_exclusions, find_code_settings)
        for finding in find(held.objects)
    ]


_FINDERS: tuple[Callable[[_HeldPolicy], Iterable[Finding]], ...] = (
    _find_in_access,
    _find_approval,
    _find_roles,
    _find_code,
    _find_payloads,
    _find_administrators,
    _find_certificates,
    _find_device_removal,
    _find_in_settings,
    _find_everybody,
    _find_members,
)


# --- what a change takes away ----------------------------------------------------------------------------------------


def _find_lost_assignments(now: _HeldPolicy, then: _HeldPolicy | None) -> Iterator[Danger]:
    if not any(_is_for_somebody(assignment) for assignment in now.assignments):
        return
    if then is None:
        yield Danger("taken", "It is assigned now, and would be removed.", "It was assigned, and is removed.")
    elif not any(_is_for_somebody(assignment) for assignment in then.assignments):
        yield Danger("taken", "It is assigned now, and would be assigned to nobody.")
    elif lost := dict(_reach_of_everybody(now)).keys() - dict(_reach_of_everybody(then)).keys():
        whom = " and ".join(sorted(lost))
        after = f"It was {whom}, and is for some of them alone now."
        yield Danger("taken", f"It is {whom} now, and would be for some of them alone.", after)


def _is_for_somebody(assignment: dict[str, Any]) -> bool:
    kind = str(object_at(assignment, "target").get("@odata.type"))
    return not model.bare_type(kind).startswith("exclusion")


def _find_ended_approval(now: dict[str, Any], then: dict[str, Any] | None) -> Iterator[Danger]:
    if then is None:
        yield Danger(
            "approval",
            "Nothing that it protects would need a second person any more.",
            "Nothing that it protected needs a second person any more.",
        )


def _find_looser_default(now: dict[str, Any], then: dict[str, Any] | None) -> Iterator[Danger]:
    if then and now.get("secureByDefault") is True and then.get("secureByDefault") is False:
        yield Danger(
            "compliance",
            "Devices without a compliance policy would count as compliant.",
            "Devices without a compliance policy count as compliant now.",
        )


def _find_changed_filter(now: dict[str, Any], then: dict[str, Any] | None) -> Iterator[Danger]:
    if then is None or now.get("rule") != then.get("rule"):
        yield Danger(
            "taken",
            "What is assigned through it would reach other devices than now.",
            "What is assigned through it reaches other devices than before.",
        )


_LOSSES: Mapping[str, tuple[FindLosses, ...]] = {
    "operationApprovalPolicies": (_find_ended_approval,),
    "deviceManagementSettings": (_find_looser_default,),
    "assignmentFilters": (_find_changed_filter,),
}
