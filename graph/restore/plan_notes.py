"""Notes of a plan beside its action: surprises, effects beyond the policy, what will be weaker or incomplete."""

from collections.abc import Iterable, Sequence
from typing import Any

from graph.content.secrets import MissingSecret, settle_secrets
from graph.display.diff import Difference
from graph.display.masking import mask_secrets
from graph.read.bins import BinEntry
from graph.restore.desired_content import COMPLIANCE
from graph.restore.matching import NAME
from graph.restore.options import COPY, NONE, RestoreOptions, is_copied, writes_assignments
from graph.restore.plan_case import KEPT, ItemPlan, PlanCase, desired_before_creation, reference_key, reference_label
from graph.restore.resolver import Resolution, ResolvedBy
from graph.restore.shortfalls import (
    ACCESS,
    Shortfall,
    ShortfallCode,
    access_shortfalls,
    assignment_shortfalls,
    undelete_shortfalls,
)
from graph.write.actions import lacks_block_action
from graph.write.attainable import limit_to_attainable
from graph.write.write_requests import PolicyContent
from graph.write.write_rules import WRITE_RULES

MARKED_AT_ONCE = "The backup has no action that marks the device noncompliant; Graph demands one: it does so at once."


def secrets_not_held(case: PlanCase, options: RestoreOptions) -> Sequence[MissingSecret]:
    """Return the secrets of the policy that the backup does not hold."""
    if not case.may_lack_secrets:
        return ()
    return settle_secrets(case.policy_type, case.content["body"], _replaced_body(case, options)).not_held


def notes(case: PlanCase, options: RestoreOptions, is_written: bool, lacking: Sequence[MissingSecret]) -> Iterable[str]:
    """Yield sentences on what the restore does otherwise than one may expect, and makes nothing weaker by it.

    `lacking`: the secrets that are not held.
    """
    yield from _name_notes(case, options)
    for secret in lacking:
        if secret.stays:
            yield f"{secret.where}: Microsoft Graph never gives this secret back; it stays as it is in the tenant."
    for resolution in case.resolutions:
        if resolution.how == ResolvedBy.STANDS and _is_of_what_is_restored(case, options, resolution):
            yield f"It refers to {reference_label(case, resolution)}, as it does now: {resolution.why}"
        elif resolution.how == ResolvedBy.NUMBER:
            yield (
                f"It gets the number {resolution.to}: what names {resolution.id} outside Conditional Access "
                "(SharePoint sites, sensitivity labels, Privileged Identity Management) has to be changed by hand."
            )
    yield from case.mentions if is_written else ()
    if is_written and case.is_uploaded and case.live and mask_secrets(case.content) != case.content:
        yield "Its secrets and scripts are written as the file has them: whether they are the same there is not told."
    is_made = case.live is None or options.existing == COPY
    if is_made and case.policy_type.key in COMPLIANCE and lacks_block_action(case.content["body"]):
        yield MARKED_AT_ONCE


def _replaced(case: PlanCase, options: RestoreOptions) -> PolicyContent | None:
    """Return what the policy takes the place of. A copy takes no place."""
    return case.live if options.existing != COPY else None


def _replaced_body(case: PlanCase, options: RestoreOptions) -> dict[str, Any] | None:
    replaced = _replaced(case, options)
    return replaced["body"] if replaced else None


def _is_of_what_is_restored(case: PlanCase, options: RestoreOptions, resolution: Resolution) -> bool:
    """Return whether the reference is in a part that the options restore as it was captured."""
    is_made = _replaced(case, options) is None
    restores_assignments = options.assignments != NONE and writes_assignments(options, is_made=is_made)
    return restores_assignments or not resolution.is_assignment


def shortfalls(
    case: PlanCase, options: RestoreOptions, plan: ItemPlan, lacking: Sequence[MissingSecret]
) -> Iterable[Shortfall]:
    """Yield what will be weaker, incomplete or assigned to nobody once the plan is carried out."""
    now = _replaced(case, options)
    # What matches stays as it is.
    is_kept = now is not None and plan.action == "matches"
    then = now if is_kept else desired_before_creation(case, options, is_there=now is not None)
    names = {
        object_id: str(resolution.to_name or resolution.name)
        for resolution in case.resolutions
        for object_id in (resolution.id, resolution.to)
        if object_id and (resolution.to_name or resolution.name)
    }
    if case.policy_type.key == ACCESS:
        yield from access_shortfalls(case.content, now, then, names)
        if plan.action == "undelete" and case.kept and then:
            yield from undelete_shortfalls(case.kept.content, then)
    elif plan.reason == KEPT:
        yield Shortfall(ShortfallCode.ASSIGNMENTS_KEPT)
    if then and not writes_assignments(options, is_made=now is None):
        then = {**then, "assignments": now.get("assignments") if now else []}
    if options.existing != COPY:
        yield from assignment_shortfalls(case.content, now, then, names)
    yield from _missing_parts(case, now and now["body"], lacking)
    yield from _missing_references(case, options, plan)


def _missing_parts(
    case: PlanCase, replaced: dict[str, Any] | None, lacking: Sequence[MissingSecret]
) -> Iterable[Shortfall]:
    for secret in lacking:
        if not secret.stays:
            yield Shortfall(ShortfallCode.TO_BE_ENTERED, {"what": secret.where})
    for note in limit_to_attainable(case.policy_type.key, case.content["body"], replaced).notes:
        yield Shortfall(ShortfallCode.LACKS_SETTING, {"what": note})


def _missing_references(case: PlanCase, options: RestoreOptions, plan: ItemPlan) -> Iterable[Shortfall]:
    for resolution in case.resolutions:
        values = {"what": reference_label(case, resolution), "why": resolution.why}
        if resolution.how == ResolvedBy.DROPPED and _is_of_what_is_restored(case, options, resolution):
            yield Shortfall(ShortfallCode.ASSIGNMENT_LEFT_OUT, values)
        is_needed = reference_key(resolution) in plan.needs and (resolution.name or not case.was_here)
        if resolution.how == ResolvedBy.KEPT and is_needed:
            yield Shortfall(ShortfallCode.REFERENCE_KEPT, values)


def _name_notes(case: PlanCase, options: RestoreOptions) -> Iterable[str]:
    if is_copied(case.policy_type, options):
        return
    if case.live and case.was_here and case.match.how == NAME:
        yield f"The policy itself is gone; the one that has its name by now ({case.match.target_id}) is taken for it."
    if case.match.namesakes and not case.match.target_id:
        count = len(case.match.namesakes)
        others = "Another policy of this name is" if count == 1 else f"{count} other policies of this name are"
        yield f"{others} there, and left alone: afterwards there is one more of the name."


def undelete_notes(
    case: PlanCase, kept: BinEntry, differences: Sequence[Difference], no_new: ItemPlan | None
) -> Iterable[str]:
    """Yield sentences on what comes back. `no_new`: why no new one can be made instead; None where one can."""
    if kept.deleted_at:
        yield f"It was deleted on {kept.deleted_at[:10]}, and Microsoft still keeps it: it comes back with its id."
    else:
        yield "It was deleted, and Microsoft still keeps it: it comes back with its id."
    yield f"All that names {kept.graph_id} finds it again."
    if case.policy_type.is_referred:
        yield from _group_notes(kept, differences)
    if no_new is None:
        yield "If Microsoft refuses to bring it back, a new one is made, with another id."
    else:
        yield f"If Microsoft refuses to bring it back, no new one is made: {no_new.message}"


def _group_notes(kept: BinEntry, differences: Sequence[Difference]) -> Iterable[str]:
    """A group comes back as it was deleted: rule, members and owners; nothing is written to it."""
    if differences:
        labels = ", ".join(difference.label for difference in differences[:5])
        yield f"It was changed between the backup and its deletion, and comes back as it was deleted: {labels}."
    if kept.content["body"].get("membershipRule"):
        yield "Its membership rule goes on, or stays paused, as it was when it was deleted."


def effects(case: PlanCase, plan: ItemPlan) -> Iterable[str]:
    """Yield sentences on what the write does beyond the policy itself."""
    rule, body = WRITE_RULES[case.policy_type.key], case.content["body"]
    is_made = plan.action in ("create", "recreate")
    if is_made or plan.action == "update":
        yield from filter(None, (rule.warn(body), rule.warn_create(body) if is_made else ""))
