"""What a restore would do with each policy, and why not. Pure: decides from what was read, writes nothing."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from graph.content.fingerprint import fingerprint
from graph.content.secrets import lacking, settle
from graph.display.masking import as_told, masked
from graph.policy_types.object_labels import called
from graph.policy_types.policy_type import PolicyType
from graph.read import groups
from graph.references import leftover_ids
from graph.references.reference_kinds import TOKENS
from graph.references.references import Known, Reference, find
from graph.restore import steering
from graph.restore.matching import NAME, NO_COPIES, Copies, Match, copied_name
from graph.restore.past_dates import refused
from graph.restore.resolver import Resolution, apply, known_by
from graph.write.actions import lacks_block, with_block
from graph.write.attainable import attainable
from graph.write.write_requests import Content, immutable_differences, is_all_secret, remaining, sendable, written
from graph.write.write_rules import WRITE_RULES

# A reference, as plans tell it from others: kind, id, whether it is in an assignment.
Named = tuple[str, str, bool]
# Stands, while two contents are compared, for the id that an item of the restore will get.
YET_TO_BE_MADE = "(made by this restore)"

UPDATE, SKIP, COPY = "update", "skip", "copy"
COMPLIANCE = ("compliancePolicies", "deviceCompliancePolicies")
LEAVE, EXACT, NONE = "leave", "exact", "none"
REPORT_ONLY, OFF, AS_CAPTURED = "report only", "off", "as captured"
NO_COPY = "A tenant has no more than one of it: there cannot be a copy. Restore it with “Update in place”."
NOT_MADE, EMPTY, WITH_MEMBERS = "no", "empty", "members"


@dataclass(frozen=True)
class Options:
    """What the person chose. `assignments` has no default: it is always an explicit choice."""

    assignments: str
    existing: str = UPDATE
    prefix: str = ""
    drop_missing: bool = False
    conditional_access: str = REPORT_ONLY
    # What becomes of groups that are not there.
    groups: str = NOT_MADE


@dataclass(frozen=True)
class Plan:
    """`action`: create, recreate, update, remove, matches, exists, blocked; the last two say why."""

    action: str
    reason: str | None = None
    message: str | None = None
    differences: int = 0
    notes: tuple[str, ...] = ()
    # Which of its references would be written.
    needs: frozenset[Named] = frozenset()
    # As of the case, and which of them are needed.
    resolutions: tuple[Resolution, ...] = ()
    # Properties of the body that are not written, for their dates are past: what is there stays, or nothing is.
    left_out: tuple[str, ...] = ()


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
    # In copy mode.
    copies: Copies = NO_COPIES
    # By somebody, of whom nobody knows whether they may see the tenant's secrets.
    is_uploaded: bool = False
    # What of the source tenant is left in what is to be written: sentences.
    mentions: Sequence[str] = ()
    # Restores before wrote just this over just what is there, and the service kept it so each time.
    is_kept_otherwise: Callable[[], bool] = lambda: False


def is_copied(policy_type: PolicyType, options: Options) -> bool:
    """Of groups there are no copies: what is there is used, and what is not is made."""
    return options.existing == COPY and not policy_type.is_referred


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
    *,
    left_out: Collection[str] = (),
    live: Content | None = None,
    is_there: bool = False,
) -> Content:
    """What is to be written: the backup's content, as the options and the target tenant make it.

    `resolutions`: of every reference that the content holds. `left_out`, `live`: as of the plan. `is_there`: it is
    written over what the target has.
    """
    made = apply(policy_type.key, content, resolutions, created)
    if policy_type.is_referred:
        made["body"] = groups.as_new(made["body"], with_members=options.groups == WITH_MEMBERS)
    body = made["body"]
    if policy_type.key == "conditionalAccessPolicies" and "state" in body:
        body["state"] = _state(str(body["state"]), options.conditional_access)
    if policy_type.key in COMPLIANCE and not is_there and lacks_block(body):
        body["scheduledActionsForRule"] = with_block(body)
    if is_copied(policy_type, options) and not policy_type.named:
        body[policy_type.name_property] = copied_name(policy_type, body, options.prefix)
    if options.assignments == NONE and made.get("assignments") is not None:
        made["assignments"] = []
    return without_past(made, left_out, live if options.existing != COPY else None)


def without_past(want: Content, left_out: Collection[str], live: Content | None) -> Content:
    """What is there stays; what is made anew goes without."""
    body = {name: value for name, value in want["body"].items() if name not in left_out}
    there = live["body"] if live else {}
    return {**want, "body": body | {name: there[name] for name in left_out if name in there}}


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
    return leftover_ids.sentences(leftover_ids.find(policy_type.key, written, known, told, to_come), called)


def decide(case: Case, options: Options) -> Plan:
    """What to do with a policy that a backup holds: first what would be written, then whether that can be."""
    plan = _decided(case, options)
    if options.drop_missing and any(one.how == "stands" and named(one) in plan.needs for one in case.resolutions):
        # Its assignments are written anyway: then without what is missing.
        case = replace(case, resolutions=[_dropped(one) for one in case.resolutions])
        plan = _decided(case, options)
    is_written = plan.action in ("create", "recreate", "update")
    # Also of what is there: it is written to by the ids in it.
    contents = [one for one in (case.content, case.live) if one]
    if is_written and (astray := steering.problem(case.policy_type, contents, case.resolutions)):
        return _blocked("astray", astray)
    resolutions = tuple(replace(one, is_needed=named(one) in plan.needs) for one in case.resolutions)
    notes = (*plan.notes, *_notes(case, options, plan.needs, is_written), *_warnings(case, plan))
    return replace(plan, notes=notes, resolutions=resolutions)


def _dropped(one: Resolution) -> Resolution:
    return replace(one, how="dropped") if one.how == "stands" and one.is_assignment else one


def _decided(case: Case, options: Options) -> Plan:
    if case.live is not None and case.policy_type.is_referred:
        return Plan("exists", "exists", "It is there: what refers to it finds it, and it stays as it is.")
    if case.policy_type.named and options.existing == COPY:
        return _refused(case) or _blocked("no_copy", NO_COPY)
    if case.match.problem:
        return _refused(case) or _blocked(case.match.how or "ambiguous", case.match.problem)
    if is_copied(case.policy_type, options):
        return _copied_before(case) or _made(case, options, "create")
    if case.live is None:
        return _made(case, options, "recreate" if case.was_here else "create")
    if options.existing == SKIP:
        return Plan("exists", "exists", "It is there, and what is there stays as it is.")
    return _of_existing(case, case.live, options)


def decide_removal(policy_type: PolicyType, live: Content | None) -> Plan:
    """What to do with a policy that a restore created, and that its undo removes."""
    if policy_type.is_referred and live:
        return _blocked("group_stays", "A group that was made stays: others may use it by now. Delete it in Entra.")
    return Plan("remove" if live else "matches", message=None if live else "It is gone already.")


def _refused(case: Case) -> Plan | None:
    rule, body = WRITE_RULES[case.policy_type.key], case.content["body"]
    if rule.never:
        return _blocked("not_restorable", rule.never)
    bodies = (body, case.live["body"]) if case.live else (body,)
    if any(map(case.policy_type.is_built_in, bodies)) and not case.policy_type.has_defaults:
        return _blocked("built_in", "It is built into every tenant, and cannot be changed.")
    return None


def _needed(case: Case, part: Content) -> frozenset[Named]:
    """The references in what would be written; what is made anew also needs what its own id is of."""
    is_made, content = case.live is None, case.content
    names = part.get("body", {}).keys() | {"@odata.type"} | ({"id"} if is_made else set())
    kept = {
        "body": {name: value for name, value in content["body"].items() if name in names},
        "assignments": content.get("assignments") if part.get("assignments") else None,
    }
    found = {named(one) for one in find(case.policy_type.key, kept, known=known_by(case.resolutions))}
    return frozenset(found | {named(one) for one in case.resolutions if is_made and one.kind == TOKENS})


def named(one: Reference | Resolution) -> Named:
    return one.kind, one.id, one.is_assignment


def _unresolved_in(case: Case, needs: frozenset[Named]) -> Plan | None:
    missing = [one for one in case.resolutions if one.how == "unresolved" and named(one) in needs]
    return replace(_blocked("unresolved", _unresolved(case, missing)), needs=needs) if missing else None


def _unresolved(case: Case, missing: Sequence[Resolution]) -> str:
    one = missing[0]
    more = f" And {len(missing) - 1} more." if len(missing) > 1 else ""
    return f"It refers to {_referred(case, one)} that cannot be found: {one.why}{more}"


def _referred(case: Case, one: Resolution) -> str:
    """By the backup's name of it. What a file calls it is the file's word, and said so."""
    if one.name and case.is_uploaded:
        return f"{called(one.kind)} “{one.id}” (its source calls it “{one.name}”)"
    return f"{called(one.kind)} “{one.name or one.id}”"


def _copied_before(case: Case) -> Plan | None:
    there, wanted_copies = len(case.copies.there), case.copies.wanted
    if not there:
        return None
    if there < wanted_copies:
        return _blocked(
            "ambiguous",
            f"{there} of the {wanted_copies} copies of this name {'is' if there == 1 else 'are'} there, and which is "
            "missing cannot be told. Choose another prefix.",
        )
    return Plan("exists", "exists", "A copy of this name is there already.")


def _of_existing(case: Case, live: Content, options: Options) -> Plan:
    with_assignments = options.assignments != LEAVE
    want = _wanted_yet(case, options, is_there=True)
    if case.is_uploaded:
        live = as_told(live, want, WRITE_RULES[case.policy_type.key].fixed)
    differences = remaining(case.policy_type, live, want, with_assignments=with_assignments)
    if not differences:
        return Plan("matches", message="It is as the backup has it.")
    past = refused(case.policy_type.key, live["body"], want["body"], case.now)
    if past:
        want = without_past(want, past, live)
        differences = remaining(case.policy_type, live, want, with_assignments=with_assignments)
    problem = _refused(case) or (_only_past(past) if not differences else None) or _cannot_change(case, live, want)
    if problem:
        return problem
    part = written(case.policy_type, live, want, with_assignments=with_assignments)
    if not part:
        labels = ", ".join(one.label for one in differences[:3])
        return _blocked("not_writable", f"{labels}: it is otherwise there, and Microsoft Graph lets nobody write it.")
    needs = _needed(case, part)
    notes = tuple(f"{_began(at)}: the dates that are there stay." for at in past.values())
    plan = Plan("update", differences=len(differences), needs=needs, left_out=tuple(past), notes=notes)
    return _unresolved_in(case, needs) or _unwritable(case.policy_type, part, live) or plan


def _wanted_yet(case: Case, options: Options, *, is_there: bool = False) -> Content:
    """As far as it can be told before what it refers to is made."""
    yet = {
        one.item: YET_TO_BE_MADE for one in case.resolutions if one.how == "restored" and one.to is None and one.item
    }
    return wanted(case.policy_type, case.content, options, case.resolutions, yet, is_there=is_there)


def _only_past(past: Mapping[str, datetime]) -> Plan:
    return _blocked("past_date", f"{_began(*past.values())}. All else is as the backup has it.")


def _began(at: datetime, *_: datetime) -> str:
    return f"Its rollout began on {at:%Y-%m-%d}, and Microsoft Graph takes no date that is past"


def _cannot_change(case: Case, live: Content, want: Content) -> Plan | None:
    fixed = immutable_differences(case.policy_type, live, want)
    if fixed:
        return _blocked("immutable", f"{', '.join(fixed)} cannot be changed after creation. Restore it as a copy.")
    if case.is_kept_otherwise():
        return _blocked(
            "kept_otherwise",
            "It was written twice like this, and both times Microsoft Graph kept it as it is now. It is left so.",
        )
    return None


def _made(case: Case, options: Options, action: str) -> Plan:
    if case.policy_type.is_referred and options.groups == NOT_MADE:
        return _blocked(
            "not_chosen", "It is not there, and groups are made only where that is chosen: see the options."
        )
    body = case.content["body"]
    cannot = WRITE_RULES[case.policy_type.key].cannot_create(body)
    problem = _refused(case)
    if problem or cannot:
        return problem or _blocked("cannot_create", cannot)
    if is_all_secret(case.policy_type, body):
        return _blocked("secret_missing", "It holds nothing but secrets, which Microsoft Graph never gives back.")
    want = _wanted_yet(case, options)
    past = refused(case.policy_type.key, None, want["body"], case.now)
    part = written(
        case.policy_type, None, without_past(want, past, None), with_assignments=options.assignments != LEAVE
    )
    needs = _needed(replace(case, live=None), part)
    notes = tuple(f"{_began(at)}: it is made without, and begins at once." for at in past.values())
    plan = Plan(action, needs=needs, left_out=tuple(past), notes=notes)
    return _unresolved_in(case, needs) or _unwritable(case.policy_type, part, None) or plan


def _unwritable(policy_type: PolicyType, part: Content, live: Content | None) -> Plan | None:
    """What would write a mask over a secret."""
    secret = lacking(policy_type, part.get("body", {}), live and live["body"])
    if secret:
        return _blocked("secret_missing", secret)
    return None


def _notes(case: Case, options: Options, needs: frozenset[Named], is_written: bool) -> Iterable[str]:
    """What will not be as it was, although the item itself can be restored."""
    yield from _about_names(case, options)
    live = case.live["body"] if case.live and options.existing != COPY else None
    for secret in settle(case.policy_type, case.content["body"], live).not_held:
        kept = "stays as it is in the tenant" if secret.stays else "has to be entered again"
        yield f"{secret.where}: Microsoft Graph never gives this secret back; it {kept}."
    yield from attainable(case.policy_type.key, case.content["body"], live).notes
    for one in case.resolutions:
        refers_to = _referred(case, one)
        if one.how == "stands" and (options.assignments == EXACT or not one.is_assignment):
            yield f"It refers to {refers_to}, as it does now: {one.why}"
        elif one.how == "dropped" and options.assignments == EXACT:
            yield f"The assignment to {refers_to} is left out: {one.why}"
        elif one.how == "number":
            yield (
                f"It gets the number {one.to}: what names {one.id} outside Conditional Access (SharePoint sites, "
                "sensitivity labels, Privileged Identity Management) has to be changed by hand."
            )
        elif one.how == "kept" and named(one) in needs and (one.name or not case.was_here):
            yield f"It names {refers_to}, which could not be resolved, and keeps that id: {one.why}"
    yield from case.mentions if is_written else ()
    if is_written and case.is_uploaded and case.live and masked(case.content) != case.content:
        yield "Its secrets and scripts are written as the file has them: whether they are the same there is not told."
    if case.live and case.live["body"].get("state") == "enabled" and options.conditional_access != AS_CAPTURED:
        yield f"It is on now and will be {options.conditional_access}: not enforced any more until it is switched on."
    is_made = case.live is None or options.existing == COPY
    if is_made and case.policy_type.key in COMPLIANCE and lacks_block(case.content["body"]):
        yield "The backup has no action that marks the device noncompliant; Graph demands one: it does so at once."


def _about_names(case: Case, options: Options) -> Iterable[str]:
    if is_copied(case.policy_type, options):
        return
    if case.live and case.was_here and case.match.how == NAME:
        yield f"The policy itself is gone; the one that has its name by now ({case.match.target_id}) is taken for it."
    if case.match.namesakes and not case.match.target_id:
        count = len(case.match.namesakes)
        others = "Another policy of this name is" if count == 1 else f"{count} other policies of this name are"
        yield f"{others} there, and left alone: afterwards there is one more of the name."


def _warnings(case: Case, plan: Plan) -> Iterable[str]:
    """What writing it does beyond itself."""
    rule, body = WRITE_RULES[case.policy_type.key], case.content["body"]
    is_made = plan.action in ("create", "recreate")
    if is_made or plan.action == "update":
        yield from filter(None, (rule.warn(body), rule.warn_made(body) if is_made else ""))


def _blocked(reason: str, message: str) -> Plan:
    return Plan("blocked", reason, message)
