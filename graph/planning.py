"""What a restore would do with each policy, and why not. Pure: decides from what was read, writes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from graph import mentions
from graph.fingerprint import fingerprint
from graph.matching import NAME, Match, copied_name
from graph.policy_type import PolicyType
from graph.policy_types import POLICY_TYPES
from graph.references import Known
from graph.resolving import Resolution, apply
from graph.secrets import holds_mask, is_hidden, is_mask, settle
from graph.times import parse_time
from graph.write_parts import lacks_block, with_block
from graph.write_rules import WRITE_RULES
from graph.writing import Content, differing_names, immutable_differences, is_all_secret, remaining, sendable

UPDATE, SKIP, COPY = "update", "skip", "copy"
COMPLIANCE = ("compliancePolicies", "deviceCompliancePolicies")
LEAVE, EXACT, NONE = "leave", "exact", "none"
REPORT_ONLY, OFF, AS_CAPTURED = "report only", "off", "as captured"


@dataclass(frozen=True)
class Options:
    """What the person chose. `assignments` has no default: it is always an explicit choice."""

    assignments: str
    existing: str = UPDATE
    prefix: str = ""
    drop_missing: bool = False
    conditional_access: str = REPORT_ONLY


@dataclass(frozen=True)
class Plan:
    """`action`: create, recreate, update, remove, matches, exists, blocked; the last two say why."""

    action: str
    reason: str | None = None
    message: str | None = None
    differences: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """Everything known of one item when it is decided."""

    policy_type: PolicyType
    content: Content
    match: Match
    live: Content | None
    now: datetime
    resolutions: Sequence[Resolution] = ()
    was_here: bool = False
    # In copy mode: how many of its copy's name are there, and how many copies of that name the restore is to make.
    copies: tuple[int, int] = (0, 1)
    # What of the source tenant is left in what is to be written: sentences.
    mentions: Sequence[str] = ()


def state_mark(policy_type: PolicyType, content: Content) -> str:
    """The fingerprint that tells whether somebody changed a policy: without what moves by itself."""
    body = {name: value for name, value in content["body"].items() if name not in policy_type.shifting}
    return fingerprint(policy_type, {**content, "body": body})


def wanted(
    policy_type: PolicyType,
    content: Content,
    options: Options,
    resolutions: Iterable[Resolution],
    created: Mapping[int, str] = MappingProxyType({}),
) -> Content:
    """What is to be written: the backup's content, as the options and the target tenant make it.

    `resolutions`: of every reference that the content holds.
    """
    made = apply(policy_type.key, content, resolutions, created)
    body = made["body"]
    if policy_type.key == "conditionalAccessPolicies" and "state" in body:
        body["state"] = _state(str(body["state"]), options.conditional_access)
    if policy_type.key in COMPLIANCE and lacks_block(body):
        body["scheduledActionsForRule"] = with_block(body)
    if options.existing == COPY:
        body[policy_type.name_property] = copied_name(policy_type, body, options.prefix)
    if options.assignments == NONE and made.get("assignments") is not None:
        made["assignments"] = []
    return made


def _state(captured: str, choice: str) -> str:
    if choice == OFF:
        return "disabled"
    return "enabledForReportingButNotEnforced" if choice == REPORT_ONLY and captured == "enabled" else captured


def left_over(
    policy_type: PolicyType, want: Content, known: Known, resolutions: Iterable[Resolution], options: Options
) -> list[str]:
    """What of the source tenant nobody replaced in what may be written: an id of it never travels in silence."""
    told, to_come = set(), set()
    for one in resolutions:
        if one.how in ("same", "kept", "unresolved", "dropped"):
            told.add(one.id.lower())
        elif one.how == "restored" and one.to is None:
            to_come.add(one.id.lower())
        told |= {one.to.lower()} if one.to else set()
    body = settle(policy_type, want["body"]).body
    written = {**sendable(policy_type, body), "@odata.type": want["body"].get("@odata.type")}
    if options.assignments != LEAVE:
        written["assignments"] = want.get("assignments")
    return mentions.sentences(mentions.find(policy_type.key, written, known, told, to_come), called)


def decide(case: Case, options: Options) -> Plan:
    """What to do with a policy that a backup holds."""
    plan = _refused(case) or _copied_before(case, options) or _of_existing(case, options) or _of_missing(case)
    return replace(plan, notes=tuple(_notes(case, options)))


def decide_removal(live: Content | None) -> Plan:
    """What to do with a policy that a restore created, and that its undo removes."""
    return Plan("remove" if live else "matches", message=None if live else "It is gone already.")


def _refused(case: Case) -> Plan | None:
    rule, body = WRITE_RULES[case.policy_type.key], case.content["body"]
    if rule.never:
        return _blocked("not_restorable", rule.never)
    if case.policy_type.is_built_in(body) and not case.policy_type.has_defaults:
        return _blocked("built_in", "It is built into every tenant, and cannot be changed.")
    if case.match.problem:
        return _blocked("ambiguous", case.match.problem)
    missing = [one for one in case.resolutions if one.how == "unresolved"]
    return _blocked("unresolved", _unresolved(missing)) if missing else None


def _unresolved(missing: Sequence[Resolution]) -> str:
    one = missing[0]
    more = f" And {len(missing) - 1} more." if len(missing) > 1 else ""
    return f"It refers to {called(one.kind)} “{one.name or one.id}” that cannot be found: {one.why}{more}"


def called(kind: str) -> str:
    """“the group”, “the settings catalog”: what a reference is of, in a sentence."""
    title = POLICY_TYPES[kind].title if kind in POLICY_TYPES else kind
    return KINDS.get(kind) or f"the {title[:1].lower()}{title[1:]}"


KINDS = {
    "groups": "the group",
    "users": "the user",
    "servicePrincipals": "the application",
    "agreements": "the terms of use",
    "groupPolicyDefinitions": "the administrative template setting",
    "groupPolicyPresentations": "the administrative template field",
    "managedAppProtections": "the app protection policy",
    "assignmentFilters": "the assignment filter",
    "roleScopeTags": "the scope tag",
    "mobileApps": "the app",
    "namedLocations": "the named location",
    "deviceConfigurations": "the device configuration",
    "depOnboardingTokens": "the Apple token",
    "servicePrincipalObjects": "the service principal",
    "agentIdentities": "the agent identity",
    "authenticationContextClassReferences": "the authentication context",
    "authenticationContextNumbers": "the authentication context",
    "networkProfiles": "the network profile",
    "vppTokens": "the Apple volume purchase token",
    "microsoftTunnelSites": "the Microsoft Tunnel site",
    "configManagerCollections": "the Configuration Manager collection",
    "mobileAppCategories": "the app category",
    "cloudPcOnPremisesConnections": "the Azure network connection",
    "cloudPcImages": "the Cloud PC image",
    "derivedCredentials": "the derived credential",
    "customControls": "the custom control",
    "filteringProfiles": "the Global Secure Access profile",
    "privateLinkPolicies": "the private link policy",
    "logAnalyticsWorkspaces": "the Log Analytics workspace",
    "managementConditionStatements": "the condition statement",
    "autopatchGroups": "the Windows Autopatch group",
    "directories": "the directory id",
    "domains": "the domain",
}


def _copied_before(case: Case, options: Options) -> Plan | None:
    there, wanted_copies = case.copies
    if options.existing != COPY or not there:
        return None
    if there < wanted_copies:
        return _blocked(
            "ambiguous",
            f"{there} of the {wanted_copies} copies of this name {'is' if there == 1 else 'are'} there, and which is "
            "missing cannot be told. Choose another prefix.",
        )
    return Plan("exists", "exists", "A copy of this name is there already.")


def _of_existing(case: Case, options: Options) -> Plan | None:
    if options.existing == COPY:
        return _made(case, "create")
    if case.live is None:
        return None
    if options.existing == SKIP:
        return Plan("exists", "exists", "It is there, and what is there stays as it is.")
    want = wanted(case.policy_type, case.content, options, case.resolutions)
    differences = remaining(case.policy_type, case.live, want, with_assignments=options.assignments != LEAVE)
    if not differences:
        return Plan("matches", message="It is as the backup has it.")
    problem = _cannot_update(case, want)
    return problem or Plan("update", differences=len(differences))


def _cannot_update(case: Case, want: Content) -> Plan | None:
    fixed = immutable_differences(case.policy_type, case.live or {}, want)
    if fixed:
        return _blocked("immutable", f"{', '.join(fixed)} cannot be changed after creation. Restore it as a copy.")
    return _unwritable(case, want, case.live)


def _of_missing(case: Case) -> Plan:
    return _made(case, "recreate" if case.was_here else "create")


def _made(case: Case, action: str) -> Plan:
    body = case.content["body"]
    cannot = WRITE_RULES[case.policy_type.key].cannot_create(body)
    if cannot:
        return _blocked("cannot_create", cannot)
    if is_all_secret(case.policy_type, body):
        return _blocked("secret_missing", "It holds nothing but secrets, which Microsoft Graph never gives back.")
    return _unwritable(case, case.content, None) or Plan(action)


def _unwritable(case: Case, want: Content, live: Content | None) -> Plan | None:
    """What the service would refuse, or what would write a mask over a secret."""
    secret = _lacks_secret(case.policy_type, want["body"], live and live["body"])
    if secret:
        return _blocked("secret_missing", secret)
    rollout = want["body"].get("rolloutSettings") or {}
    begins = parse_time(rollout.get("offerStartDateTimeInUTC"))
    if begins and begins < case.now:
        return _blocked("past_date", f"Its rollout began on {begins:%Y-%m-%d}; Graph takes no date that is past.")
    return None


def _lacks_secret(policy_type: PolicyType, want: dict[str, Any], live: dict[str, Any] | None) -> str:
    """Why what would be written cannot be without a secret that the backup does not hold; "" when it can."""
    written = want.keys() if live is None else differing_names(policy_type, live, want)
    if any(is_hidden(want[name]) for name in written):
        return "The file was downloaded without its secrets. A manager's download has them."
    if "omaSettings" in written and any(is_mask(one.get("value")) for one in want["omaSettings"] or ()):
        return "The backup does not hold its encrypted OMA-URI values: they were not revealed."
    masked = [name for name in written if live is not None and holds_mask(want[name])]
    if masked:
        return f"{masked[0]} holds a value that the backup has masked, and can only be written as a whole."
    broken = settle(policy_type, want, live).broken if "settings" in written else ()
    if broken:
        return f"{broken[0].choice} depends on {broken[0].secret}, a secret that Microsoft Graph never gives back."
    return ""


def _notes(case: Case, options: Options) -> Iterable[str]:
    """What will not be as it was, although the item itself can be restored."""
    yield from _about_names(case, options)
    live = case.live["body"] if case.live and options.existing != COPY else None
    for secret in settle(case.policy_type, case.content["body"], live).not_held:
        kept = "stays as it is in the tenant" if secret.stays else "has to be entered again"
        yield f"{secret.where}: Microsoft Graph never gives this secret back; it {kept}."
    for one in case.resolutions:
        named = f"{called(one.kind)} “{one.name or one.id}”"
        if one.how == "dropped":
            yield f"The assignment to {named} is left out: {one.why}"
        elif one.how == "kept" and (one.name or not case.was_here):
            yield f"It names {named}, and is written with that id as it is: {one.why}"
    yield from case.mentions
    if case.live and case.live["body"].get("state") == "enabled" and options.conditional_access != AS_CAPTURED:
        yield f"It is on now and will be {options.conditional_access}: not enforced any more until it is switched on."
    if case.policy_type.key in COMPLIANCE and lacks_block(case.content["body"]):
        yield "The backup has no action that marks the device noncompliant; Graph demands one: it does so at once."


def _about_names(case: Case, options: Options) -> Iterable[str]:
    if options.existing == COPY:
        return
    if case.live and case.was_here and case.match.how == NAME:
        yield f"The policy itself is gone; the one that has its name by now ({case.match.target_id}) is taken for it."
    if case.match.namesakes and not case.match.target_id:
        count = len(case.match.namesakes)
        others = "Another policy of this name is" if count == 1 else f"{count} other policies of this name are"
        yield f"{others} there, and left alone: afterwards there is one more of the name."


def _blocked(reason: str, message: str) -> Plan:
    return Plan("blocked", reason, message)


# --- Conditional Access guard ----------------------------------------------------------------------------------------


def guard(policy_type: str, want: Content, break_glass: Sequence[Mapping[str, str]]) -> str:
    """Why writing this could lock everybody out; "" when it cannot.

    An enabled policy for all users has to exclude every account and group that the tenant names for emergencies.
    """
    body = want["body"]
    users = (body.get("conditions") or {}).get("users") or {}
    if policy_type != "conditionalAccessPolicies" or body.get("state") != "enabled":
        return ""
    if "All" not in (users.get("includeUsers") or ()):
        return ""
    if not break_glass:
        return "It is for all users, and the tenant names no break-glass account or group that it could exclude."
    excluded = {*(users.get("excludeUsers") or ()), *(users.get("excludeGroups") or ())}
    missing = [str(one.get("name") or one["id"]) for one in break_glass if one["id"] not in excluded]
    return f"It is for all users and does not exclude {', '.join(missing)}." if missing else ""
