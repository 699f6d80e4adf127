"""Deciding what a restore does with each policy, or why nothing. Pure: decides from what was read, writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from graph.content.fingerprint import fingerprint
from graph.content.secrets import missing_secret
from graph.display.masking import hide_live_secrets
from graph.policy_types.policy_type import PolicyType
from graph.read import bins
from graph.read.bins import BinEntry
from graph.references.reference_kinds import TOKENS
from graph.references.references import find_references
from graph.restore import address_checks, plan_notes
from graph.restore.desired_content import without_past_dates
from graph.restore.options import (
    AS_CAPTURED,
    COPY,
    EXACT,
    SKIP,
    RestoreOptions,
    creates_groups,
    is_copied,
    writes_assignments,
)
from graph.restore.past_dates import find_past_dates
from graph.restore.plan_case import (
    KEPT,
    ItemPlan,
    PlanCase,
    ReferenceKey,
    desired_before_creation,
    reference_key,
    reference_label,
)
from graph.restore.resolver import Resolution, ResolvedBy, kinds_by_id
from graph.restore.shortfalls import ACCESS, access_shortfalls
from graph.write.write_requests import Comparison, PolicyContent, created_part, is_all_secret
from graph.write.write_rules import WRITE_RULES

NO_COPY = "A tenant has only one of it, so there cannot be a copy. Restore it with “Overwrite it”."


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
    is_written = plan.action in ("create", "recreate", "undelete", "update")
    # The live content too: its ids become part of addresses.
    contents = [content for content in (case.content, case.live, case.kept and case.kept.content) if content]
    if is_written and (astray := address_checks.find_problem(case.policy_type, contents, case.resolutions)):
        return _blocked("astray", astray)
    resolutions = tuple(
        replace(resolution, is_needed=reference_key(resolution) in plan.needs) for resolution in case.resolutions
    )
    lacking = plan_notes.secrets_not_held(case, options)
    notes = (*plan.notes, *plan_notes.notes(case, options, is_written, lacking), *plan_notes.effects(case, plan))
    has_shortfalls = is_written or plan.action == "matches"
    shortfalls = tuple(plan_notes.shortfalls(case, options, plan, lacking)) if has_shortfalls else ()
    return replace(plan, notes=notes, shortfalls=shortfalls, resolutions=resolutions)


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
        new = _plan_create(case, options, "recreate" if case.was_here else "create")
        return _plan_undelete(case, case.kept, options, new) if case.kept else new
    captured = _compare_as_captured(case, case.live, options)
    if not captured.remaining_differences(with_assignments=True):
        return ItemPlan("matches", message="It is as the backup has it.")
    if options.existing == SKIP:
        return ItemPlan("exists", "exists", "It still exists, and is skipped: the options say so.")
    return _plan_update(case, case.live, options, captured)


def _compare_as_captured(case: PlanCase, live: PolicyContent, options: RestoreOptions) -> Comparison:
    """Compare the tenant's policy with the backup's: one that is the same stays so, whatever the options are. An option
    says how a difference is written, and is no difference itself.
    """
    as_captured = replace(options, assignments=EXACT, conditional_access=AS_CAPTURED)
    return _compare(case, live, desired_before_creation(case, as_captured, is_there=True))


def _compare(case: PlanCase, live: PolicyContent, want: PolicyContent) -> Comparison:
    if case.is_uploaded:
        live = hide_live_secrets(live, want, WRITE_RULES[case.policy_type.key].create_only)
    return _compared(case, live, want)


def _compared(case: PlanCase, live: PolicyContent, want: PolicyContent) -> Comparison:
    return Comparison(case.policy_type, live, want, may_lack_secrets=case.may_lack_secrets)


def plan_removal(policy_type: PolicyType, live: PolicyContent | None) -> ItemPlan:
    """Plan the removal of a policy that a restore created, for its undo. What is gone already has the reason `gone`."""
    if policy_type.is_referred and live:
        return _blocked("group_stays", "A group that was made stays: others may use it by now. Delete it in Entra.")
    if not live:
        return ItemPlan("matches", "gone", "It is gone already.")
    lost = access_shortfalls(live, live, None, {}) if policy_type.key == ACCESS else ()
    return ItemPlan("remove", shortfalls=tuple(lost))


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
    if all(resolution.is_assignment for resolution in case.resolutions):
        names = {"@odata.type"}  # the body refers to nothing
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
    return f"It refers to {reference_label(case, first)} that cannot be found: {first.why}{more}"


def _plan_existing_copy(case: PlanCase) -> ItemPlan | None:
    there, wanted_copies = len(case.copies.there), case.copies.wanted
    if not there:
        return None
    if there < wanted_copies:
        return _blocked(
            "ambiguous",
            f"Of {wanted_copies} copies of this name only {there} can be found, and which is missing cannot be told. "
            "Choose another prefix.",
        )
    return ItemPlan("exists", "exists", "A copy of this name is there already.")


def _plan_update(case: PlanCase, live: PolicyContent, options: RestoreOptions, captured: Comparison) -> ItemPlan:
    with_assignments = writes_assignments(options, is_made=False)
    want = desired_before_creation(case, options, is_there=True)
    compared = captured if want == captured.want else _compare(case, live, want)
    differences = compared.remaining_differences(with_assignments=with_assignments)
    if not differences:
        return ItemPlan("matches", KEPT, "It differs from the backup only in what the options leave as it is.")
    past = find_past_dates(case.policy_type.key, compared.live["body"], want["body"], case.now)
    if past:
        compared = _compared(case, compared.live, without_past_dates(want, past, compared.live))
        differences = compared.remaining_differences(with_assignments=with_assignments)
    problem = (
        _refusal(case) or (_block_past_dates(past) if not differences else None) or _block_unchangeable(case, compared)
    )
    if problem:
        return problem
    part = compared.written_part(with_assignments=with_assignments)
    if not part:
        labels = ", ".join(difference.label for difference in differences[:3])
        return _blocked("not_writable", f"{labels}: it is otherwise there, and Microsoft Graph lets nobody write it.")
    needs = _written_references(case, part)
    notes = tuple(f"{_began_sentence(at)}: the dates that are there stay." for at in past.values())
    plan = ItemPlan("update", differences=len(differences), needs=needs, left_out=tuple(past), notes=notes)
    return _block_unresolved(case, needs) or _block_missing_secret(case, part, compared.live) or plan


def _block_past_dates(past: Mapping[str, datetime]) -> ItemPlan:
    return _blocked("past_date", f"{_began_sentence(*past.values())}. All else is as the backup has it.")


def _began_sentence(at: datetime, *_: datetime) -> str:
    return f"Its rollout began on {at:%Y-%m-%d}, and Microsoft Graph takes no date that is past"


def _block_unchangeable(case: PlanCase, compared: Comparison) -> ItemPlan | None:
    fixed = compared.immutable_differences()
    if fixed:
        return _blocked("immutable", f"{', '.join(fixed)} cannot be changed after creation. Restore it as a copy.")
    if case.is_kept_otherwise():
        return _blocked(
            "kept_otherwise",
            "It was written twice like this, and both times Microsoft Graph kept it as it is now. It is left so.",
        )
    return None


def _plan_create(case: PlanCase, options: RestoreOptions, action: str) -> ItemPlan:
    if case.policy_type.is_referred and not creates_groups(options):
        return _blocked(
            "not_chosen", "It is not there, and groups are made only where that is chosen: see the options."
        )
    body = case.content["body"]
    cannot = WRITE_RULES[case.policy_type.key].cannot_create(body)
    problem = _refusal(case)
    if problem or cannot:
        return problem or _blocked("cannot_create", cannot)
    if case.may_lack_secrets and is_all_secret(case.policy_type, body):
        return _blocked("secret_missing", "It holds nothing but secrets, which Microsoft Graph never gives back.")
    want = desired_before_creation(case, options)
    past = find_past_dates(case.policy_type.key, None, want["body"], case.now)
    with_assignments = writes_assignments(options, is_made=True)
    part = created_part(case.policy_type, without_past_dates(want, past, None), with_assignments=with_assignments)
    needs = _written_references(replace(case, live=None), part)
    notes = tuple(f"{_began_sentence(at)}: it is made without, and begins at once." for at in past.values())
    plan = ItemPlan(action, needs=needs, left_out=tuple(past), notes=notes)
    return _block_unresolved(case, needs) or _block_missing_secret(case, part, None) or plan


def _plan_undelete(case: PlanCase, kept: BinEntry, options: RestoreOptions, new: ItemPlan) -> ItemPlan:
    """Plan to bring back what Microsoft keeps, and to make it what the backup holds. `new`: the plan to make another
    one, which is carried out where Microsoft refuses, if it can be.
    """
    cannot = bins.why_not(case.policy_type.key, kept.content["body"])
    if cannot:
        return replace(new, notes=(*new.notes, f"It lies in Entra's bin. {cannot}"))
    want = desired_before_creation(case, options, is_there=True)
    compared = _compared(case, kept.content, want)
    differences = compared.remaining_differences(with_assignments=False)
    may_recreate = new.action == "recreate"
    needs = new.needs if may_recreate else frozenset()
    if not case.policy_type.is_referred:  # a group is not written to
        part = compared.written_part(with_assignments=False)
        needs |= _written_references(replace(case, live=kept.content), part)
    notes = plan_notes.undelete_notes(case, kept, differences, None if may_recreate else new)
    plan = ItemPlan(
        "undelete", differences=len(differences), needs=needs, notes=tuple(notes), may_recreate=may_recreate
    )
    return _block_unresolved(case, needs) or plan


def _block_missing_secret(case: PlanCase, part: PolicyContent, live: PolicyContent | None) -> ItemPlan | None:
    """Block a write that would put a mask in a secret's place."""
    if not case.may_lack_secrets:
        return None
    secret = missing_secret(case.policy_type, part.get("body", {}), live and live["body"])
    if secret:
        return _blocked("secret_missing", secret)
    return None


def _blocked(reason: str, message: str) -> ItemPlan:
    return ItemPlan("blocked", reason, message)
