"""The content that a restore writes: the backup's, as the options and the target tenant make it."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from graph.content.secrets import settle_secrets
from graph.policy_types.object_labels import object_label
from graph.policy_types.policy_type import NONE as NO_ASSIGNMENTS
from graph.policy_types.policy_type import PolicyType
from graph.read import groups
from graph.references import leftover_ids
from graph.references.references import KnownIds
from graph.restore.matching import copy_name
from graph.restore.options import COPY, GROUPS_WITH_MEMBERS, NONE, OFF, REPORT_ONLY, RestoreOptions, is_copied
from graph.restore.resolver import Resolution, ResolvedBy, replace_references
from graph.write.actions import add_block_action, lacks_block_action
from graph.write.write_requests import PolicyContent, sent_assignments
from graph.write.written_body import written_body

COMPLIANCE = ("compliancePolicies", "deviceCompliancePolicies")
CONDITIONAL_ACCESS = "conditionalAccessPolicies"
# Of its states, as Graph spells them: it decides who signs in, and it only reports what it would decide.
ENFORCED, REPORTING = "enabled", "enabledForReportingButNotEnforced"


def desired_content(
    policy_type: PolicyType,
    content: PolicyContent,
    options: RestoreOptions,
    resolutions: Iterable[Resolution],
    created: Mapping[int, str] = MappingProxyType({}),
    *,
    left_out: Collection[str] = (),
    live: PolicyContent | None = None,
    is_there: bool = False,
) -> PolicyContent:
    """Return the content to write: the backup's, as the options and the target tenant make it.

    `resolutions`: of every reference that the content holds. `left_out`, `live`: the plan's. `is_there`: an existing
    policy is written over.
    """
    replaced = replace_references(policy_type.key, content, resolutions, created)
    return as_chosen(policy_type, replaced, options, left_out=left_out, live=live, is_there=is_there)


def as_chosen(
    policy_type: PolicyType,
    content: PolicyContent,
    options: RestoreOptions,
    *,
    left_out: Collection[str] = (),
    live: PolicyContent | None = None,
    is_there: bool = False,
) -> PolicyContent:
    """Return a content whose references are replaced as the options make it (see `desired_content`)."""
    desired = {**content, "body": dict(content["body"])}
    if policy_type.is_referred and not is_there:
        desired["body"] = groups.new_group_body(desired["body"], with_members=options.groups == GROUPS_WITH_MEMBERS)
    body = desired["body"]
    if policy_type.key == CONDITIONAL_ACCESS and "state" in body:
        body["state"] = _desired_state(str(body["state"]), options.conditional_access)
    if policy_type.key in COMPLIANCE and not is_there and lacks_block_action(body):
        body["scheduledActionsForRule"] = add_block_action(body)
    if is_copied(policy_type, options) and not policy_type.named:
        body[policy_type.name_property] = copy_name(policy_type, body, options.prefix)
    if options.assignments == NONE and policy_type.assignments != NO_ASSIGNMENTS:
        desired["assignments"] = []
    return without_past_dates(desired, left_out, live if options.existing != COPY else None)


def without_past_dates(want: PolicyContent, left_out: Collection[str], live: PolicyContent | None) -> PolicyContent:
    """Leave properties whose dates are past as the tenant has them; a new policy goes without them."""
    body = {name: value for name, value in want["body"].items() if name not in left_out}
    there = live["body"] if live else {}
    return {**want, "body": body | {name: there[name] for name in left_out if name in there}}


def _desired_state(captured: str, choice: str) -> str:
    if choice == OFF:
        return "disabled"
    return REPORTING if choice == REPORT_ONLY and captured == ENFORCED else captured


def source_traces(
    policy_type: PolicyType,
    want: PolicyContent,
    known: KnownIds,
    resolutions: Iterable[Resolution],
    *,
    with_assignments: bool,
) -> list[str]:
    """Return sentences on ids of the source tenant that are left in what may be written: none travels in silence."""
    accounted_for, to_come = set(), set()
    for resolution in resolutions:
        if resolution.how in (ResolvedBy.SAME_ID, ResolvedBy.KEPT, ResolvedBy.UNRESOLVED, ResolvedBy.DROPPED):
            accounted_for.add(resolution.id.lower())
        elif resolution.how == ResolvedBy.RESTORED and resolution.to is None:
            to_come.add(resolution.id.lower())
        accounted_for |= {resolution.to.lower()} if resolution.to else set()
    body = settle_secrets(policy_type, want["body"]).body
    written = {**written_body(policy_type, body), "@odata.type": want["body"].get("@odata.type")}
    if with_assignments:
        written["assignments"] = sent_assignments(want)
    return leftover_ids.leftover_sentences(
        leftover_ids.find_leftovers(policy_type.key, written, known, accounted_for, to_come), object_label
    )
