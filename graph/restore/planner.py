"""Deciding what a restore does with each policy, or why nothing. Pure: decides from what was read, writes nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from graph.content.fingerprint import fingerprint
from graph.content.secrets import missing_secret, settle_secrets
from graph.display.masking import hide_live_secrets, mask_secrets
from graph.policy_types.object_labels import object_label
from graph.policy_types.policy_type import PolicyType
from graph.references.reference_kinds import TOKENS
from graph.references.references import Reference, find_references
from graph.restore import address_checks
from graph.restore.desired_content import COMPLIANCE, desired_content, without_past_dates
from graph.restore.matching import NAME, NO_COPIES, Match, NameCopies
from graph.restore.options import AS_CAPTURED, COPY, EXACT, LEAVE, NO_GROUPS, SKIP, RestoreOptions, is_copied
from graph.restore.past_dates import find_past_dates
from graph.restore.resolver import Resolution, ResolvedBy, kinds_by_id
from graph.write.actions import lacks_block_action
from graph.write.attainable import limit_to_attainable
from graph.write.write_requests import (
    PolicyContent,
    immutable_differences,
    is_all_secret,
    remaining_differences,
    written_part,
)
from graph.write.write_rules import WRITE_RULES

# A reference's key in plans: kind, id, whether it is in an assignment.
ReferenceKey = tuple[str, str, bool]
# A placeholder, while two contents are compared, for the id that an item of the restore will get.
YET_TO_BE_MADE = "(made by this restore)"

NO_COPY = "A tenant has no more than one of it: there cannot be a copy. Restore it with “Update in place”."


@dataclass(frozen=True)
class ItemPlan:
    """The plan of one item. `action`: create, recreate, update, remove, matches, exists, blocked; the last two have a
    `reason` and a `message`.
    """

    action: str
    reason: str | None = None
    message: str | None = None
    differences: int = 0
    notes: tuple[str, ...] = ()
    # The references that would be written.
    needs: frozenset[ReferenceKey] = frozenset()
    # The case's resolutions, with is_needed set.
    resolutions: tuple[Resolution, ...] = ()
    # Properties of the body that are not written, because their dates are past.
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanCase:
    """Everything known of one item when it is planned."""

    policy_type: PolicyType
    content: PolicyContent
    match: Match
    live: PolicyContent | None
    now: datetime
    resolutions: Sequence[Resolution] = ()
    was_here: bool = False
    # In copy mode.
    copies: NameCopies = NO_COPIES
    # The content is from a file: nobody knows whether its author may see the tenant's secrets.
    is_uploaded: bool = False
    # Sentences on ids of the source tenant that are left in the content.
    mentions: Sequence[str] = ()
    # Earlier restores wrote this very content over this very policy, and each time the service kept it as it was.
    is_kept_otherwise: Callable[[], bool] = lambda: False


def live_fingerprint(policy_type: PolicyType, content: PolicyContent) -> str:
    """Return the fingerprint that tells whether somebody changed a policy, without properties that shift alone."""
    body = {name: value for name, value in content["body"].items() if name not in policy_type.shifting}
    return fingerprint(policy_type, {**content, "body": body})


def plan_item(case: PlanCase, options: RestoreOptions) -> ItemPlan:
    """Plan a policy that a backup holds: first what would be written, then whether it can be."""
    plan = _plan_case(case, options)
    if options.drop_missing and any(
        resolution.how == ResolvedBy.STANDS and reference_key(resolution) in plan.needs
        for resolution in case.resolutions
    ):
        # Its assignments are written anyway: so leave out the missing groups too.
        case = replace(case, resolutions=[_drop_if_missing(resolution) for resolution in case.resolutions])
        plan = _plan_case(case, options)
    is_written = plan.action in ("create", "recreate", "update")
    # The live content too: its ids become part of addresses.
    contents = [content for content in (case.content, case.live) if content]
    if is_written and (astray := address_checks.find_problem(case.policy_type, contents, case.resolutions)):
        return _blocked("astray", astray)
    resolutions = tuple(
        replace(resolution, is_needed=reference_key(resolution) in plan.needs) for resolution in case.resolutions
    )
    notes = (*plan.notes, *_notes(case, options, plan.needs, is_written), *_warnings(case, plan))
    return replace(plan, notes=notes, resolutions=resolutions)


def _drop_if_missing(resolution: Resolution) -> Resolution:
    return (
        replace(resolution, how=ResolvedBy.DROPPED)
        if resolution.how == ResolvedBy.STANDS and resolution.is_assignment
        else resolution
    )


def _plan_case(case: PlanCase, options: RestoreOptions) -> ItemPlan:
    if case.live is not None and case.policy_type.is_referred:
        return ItemPlan("exists", "exists", "It is there: what refers to it finds it, and it stays as it is.")
    if case.policy_type.named and options.existing == COPY:
        return _refusal(case) or _blocked("no_copy", NO_COPY)
    if case.match.problem:
        return _refusal(case) or _blocked(case.match.how or "ambiguous", case.match.problem)
    if is_copied(case.policy_type, options):
        return _plan_existing_copy(case) or _plan_create(case, options, "create")
    if case.live is None:
        return _plan_create(case, options, "recreate" if case.was_here else "create")
    if options.existing == SKIP:
        return ItemPlan("exists", "exists", "It is there, and what is there stays as it is.")
    return _plan_update(case, case.live, options)


def plan_removal(policy_type: PolicyType, live: PolicyContent | None) -> ItemPlan:
    """Plan the removal of a policy that a restore created, for its undo."""
    if policy_type.is_referred and live:
        return _blocked("group_stays", "A group that was made stays: others may use it by now. Delete it in Entra.")
    return ItemPlan("remove" if live else "matches", message=None if live else "It is gone already.")


def _refusal(case: PlanCase) -> ItemPlan | None:
    rule, body = WRITE_RULES[case.policy_type.key], case.content["body"]
    if rule.cannot_restore:
        return _blocked("not_restorable", rule.cannot_restore)
    bodies = (body, case.live["body"]) if case.live else (body,)
    if any(map(case.policy_type.is_built_in, bodies)) and not case.policy_type.has_defaults:
        return _blocked("built_in", "It is built into every tenant, and cannot be changed.")
    return None


def _written_references(case: PlanCase, part: PolicyContent) -> frozenset[ReferenceKey]:
    """Return the references in the part that is written; a new policy also needs the token that its id names."""
    is_made, content = case.live is None, case.content
    names = part.get("body", {}).keys() | {"@odata.type"} | ({"id"} if is_made else set())
    written_content = {
        "body": {name: value for name, value in content["body"].items() if name in names},
        "assignments": content.get("assignments") if part.get("assignments") else None,
    }
    references = {
        reference_key(reference)
        for reference in find_references(case.policy_type.key, written_content, known=kinds_by_id(case.resolutions))
    }
    return frozenset(
        references
        | {reference_key(resolution) for resolution in case.resolutions if is_made and resolution.kind == TOKENS}
    )


def reference_key(reference: Reference | Resolution) -> ReferenceKey:
    return reference.kind, reference.id, reference.is_assignment


def _block_unresolved(case: PlanCase, needs: frozenset[ReferenceKey]) -> ItemPlan | None:
    missing = [
        resolution
        for resolution in case.resolutions
        if resolution.how == ResolvedBy.UNRESOLVED and reference_key(resolution) in needs
    ]
    return replace(_blocked("unresolved", _unresolved_sentence(case, missing)), needs=needs) if missing else None


def _unresolved_sentence(case: PlanCase, missing: Sequence[Resolution]) -> str:
    first = missing[0]
    more = f" And {len(missing) - 1} more." if len(missing) > 1 else ""
    return f"It refers to {_reference_label(case, first)} that cannot be found: {first.why}{more}"


def _reference_label(case: PlanCase, resolution: Resolution) -> str:
    """Name a reference as the backup does. A name from an uploaded file is the file's word, and the label says so."""
    if resolution.name and case.is_uploaded:
        return f"{object_label(resolution.kind)} “{resolution.id}” (its source calls it “{resolution.name}”)"
    return f"{object_label(resolution.kind)} “{resolution.name or resolution.id}”"


def _plan_existing_copy(case: PlanCase) -> ItemPlan | None:
    there, wanted_copies = len(case.copies.there), case.copies.wanted
    if not there:
        return None
    if there < wanted_copies:
        return _blocked(
            "ambiguous",
            f"{there} of the {wanted_copies} copies of this name {'is' if there == 1 else 'are'} there, and which is "
            "missing cannot be told. Choose another prefix.",
        )
    return ItemPlan("exists", "exists", "A copy of this name is there already.")


def _plan_update(case: PlanCase, live: PolicyContent, options: RestoreOptions) -> ItemPlan:
    with_assignments = options.assignments != LEAVE
    want = _desired_before_creation(case, options, is_there=True)
    if case.is_uploaded:
        live = hide_live_secrets(live, want, WRITE_RULES[case.policy_type.key].create_only)
    differences = remaining_differences(case.policy_type, live, want, with_assignments=with_assignments)
    if not differences:
        return ItemPlan("matches", message="It is as the backup has it.")
    past = find_past_dates(case.policy_type.key, live["body"], want["body"], case.now)
    if past:
        want = without_past_dates(want, past, live)
        differences = remaining_differences(case.policy_type, live, want, with_assignments=with_assignments)
    problem = (
        _refusal(case)
        or (_block_past_dates(past) if not differences else None)
        or _block_unchangeable(case, live, want)
    )
    if problem:
        return problem
    part = written_part(case.policy_type, live, want, with_assignments=with_assignments)
    if not part:
        labels = ", ".join(difference.label for difference in differences[:3])
        return _blocked("not_writable", f"{labels}: it is otherwise there, and Microsoft Graph lets nobody write it.")
    needs = _written_references(case, part)
    notes = tuple(f"{_began_sentence(at)}: the dates that are there stay." for at in past.values())
    plan = ItemPlan("update", differences=len(differences), needs=needs, left_out=tuple(past), notes=notes)
    return _block_unresolved(case, needs) or _block_missing_secret(case.policy_type, part, live) or plan


def _desired_before_creation(case: PlanCase, options: RestoreOptions, *, is_there: bool = False) -> PolicyContent:
    """Return the desired content with placeholders for ids that the restore has yet to create."""
    yet = {
        resolution.item: YET_TO_BE_MADE
        for resolution in case.resolutions
        if resolution.how == ResolvedBy.RESTORED and resolution.to is None and resolution.item
    }
    return desired_content(case.policy_type, case.content, options, case.resolutions, yet, is_there=is_there)


def _block_past_dates(past: Mapping[str, datetime]) -> ItemPlan:
    return _blocked("past_date", f"{_began_sentence(*past.values())}. All else is as the backup has it.")


def _began_sentence(at: datetime, *_: datetime) -> str:
    return f"Its rollout began on {at:%Y-%m-%d}, and Microsoft Graph takes no date that is past"


def _block_unchangeable(case: PlanCase, live: PolicyContent, want: PolicyContent) -> ItemPlan | None:
    fixed = immutable_differences(case.policy_type, live, want)
    if fixed:
        return _blocked("immutable", f"{', '.join(fixed)} cannot be changed after creation. Restore it as a copy.")
    if case.is_kept_otherwise():
        return _blocked(
            "kept_otherwise",
            "It was written twice like this, and both times Microsoft Graph kept it as it is now. It is left so.",
        )
    return None


def _plan_create(case: PlanCase, options: RestoreOptions, action: str) -> ItemPlan:
    if case.policy_type.is_referred and options.groups == NO_GROUPS:
        return _blocked(
            "not_chosen", "It is not there, and groups are made only where that is chosen: see the options."
        )
    body = case.content["body"]
    cannot = WRITE_RULES[case.policy_type.key].cannot_create(body)
    problem = _refusal(case)
    if problem or cannot:
        return problem or _blocked("cannot_create", cannot)
    if is_all_secret(case.policy_type, body):
        return _blocked("secret_missing", "It holds nothing but secrets, which Microsoft Graph never gives back.")
    want = _desired_before_creation(case, options)
    past = find_past_dates(case.policy_type.key, None, want["body"], case.now)
    part = written_part(
        case.policy_type, None, without_past_dates(want, past, None), with_assignments=options.assignments != LEAVE
    )
    needs = _written_references(replace(case, live=None), part)
    notes = tuple(f"{_began_sentence(at)}: it is made without, and begins at once." for at in past.values())
    plan = ItemPlan(action, needs=needs, left_out=tuple(past), notes=notes)
    return _block_unresolved(case, needs) or _block_missing_secret(case.policy_type, part, None) or plan


def _block_missing_secret(policy_type: PolicyType, part: PolicyContent, live: PolicyContent | None) -> ItemPlan | None:
    """Block a write that would put a mask in a secret's place."""
    secret = missing_secret(policy_type, part.get("body", {}), live and live["body"])
    if secret:
        return _blocked("secret_missing", secret)
    return None


def _notes(case: PlanCase, options: RestoreOptions, needs: frozenset[ReferenceKey], is_written: bool) -> Iterable[str]:
    """Yield sentences on what will not be as it was, although the item itself can be restored."""
    yield from _name_notes(case, options)
    live = case.live["body"] if case.live and options.existing != COPY else None
    for secret in settle_secrets(case.policy_type, case.content["body"], live).not_held:
        fate = "stays as it is in the tenant" if secret.stays else "has to be entered again"
        yield f"{secret.where}: Microsoft Graph never gives this secret back; it {fate}."
    yield from limit_to_attainable(case.policy_type.key, case.content["body"], live).notes
    for resolution in case.resolutions:
        refers_to = _reference_label(case, resolution)
        if resolution.how == ResolvedBy.STANDS and (options.assignments == EXACT or not resolution.is_assignment):
            yield f"It refers to {refers_to}, as it does now: {resolution.why}"
        elif resolution.how == ResolvedBy.DROPPED and options.assignments == EXACT:
            yield f"The assignment to {refers_to} is left out: {resolution.why}"
        elif resolution.how == ResolvedBy.NUMBER:
            yield (
                f"It gets the number {resolution.to}: what names {resolution.id} outside Conditional Access "
                "(SharePoint sites, sensitivity labels, Privileged Identity Management) has to be changed by hand."
            )
        elif (
            resolution.how == ResolvedBy.KEPT
            and reference_key(resolution) in needs
            and (resolution.name or not case.was_here)
        ):
            yield f"It names {refers_to}, which could not be resolved, and keeps that id: {resolution.why}"
    yield from case.mentions if is_written else ()
    if is_written and case.is_uploaded and case.live and mask_secrets(case.content) != case.content:
        yield "Its secrets and scripts are written as the file has them: whether they are the same there is not told."
    if case.live and case.live["body"].get("state") == "enabled" and options.conditional_access != AS_CAPTURED:
        yield f"It is on now and will be {options.conditional_access}: not enforced any more until it is switched on."
    is_made = case.live is None or options.existing == COPY
    if is_made and case.policy_type.key in COMPLIANCE and lacks_block_action(case.content["body"]):
        yield "The backup has no action that marks the device noncompliant; Graph demands one: it does so at once."


def _name_notes(case: PlanCase, options: RestoreOptions) -> Iterable[str]:
    if is_copied(case.policy_type, options):
        return
    if case.live and case.was_here and case.match.how == NAME:
        yield f"The policy itself is gone; the one that has its name by now ({case.match.target_id}) is taken for it."
    if case.match.namesakes and not case.match.target_id:
        count = len(case.match.namesakes)
        others = "Another policy of this name is" if count == 1 else f"{count} other policies of this name are"
        yield f"{others} there, and left alone: afterwards there is one more of the name."


def _warnings(case: PlanCase, plan: ItemPlan) -> Iterable[str]:
    """Yield sentences on what the write does beyond the policy itself."""
    rule, body = WRITE_RULES[case.policy_type.key], case.content["body"]
    is_made = plan.action in ("create", "recreate")
    if is_made or plan.action == "update":
        yield from filter(None, (rule.warn(body), rule.warn_create(body) if is_made else ""))


def _blocked(reason: str, message: str) -> ItemPlan:
    return ItemPlan("blocked", reason, message)
