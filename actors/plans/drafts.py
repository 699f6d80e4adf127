"""Asking for a restore: of what, from where, and how. Makes drafts; nothing here speaks with Graph."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from actors.plans import plan_text
from db.audit.audit import Actor
from db.backups import backup_sets
from db.errors import Invalid
from db.models import BackupSet, Policy, Restore, RestoreItem, Snapshot, Tenant
from db.policies import snapshots
from db.restores import restore_drafts, restore_items
from db.restores.restore_drafts import NewRestoreItem, RestoreSource
from db.sql import value_lists
from db.states import SUCCESSFUL_OUTCOMES, RestoreState
from graph.content.fingerprint import content_hash, fingerprint
from graph.display.diff import Difference
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import GROUPS
from graph.restore.options import (
    AS_CAPTURED,
    COPY,
    EMPTY_GROUPS,
    EXACT,
    GROUPS_WITH_MEMBERS,
    LEAVE,
    NO_GROUPS,
    NONE,
    OFF,
    REPORT_ONLY,
    SKIP,
    UPDATE,
    RestoreOptions,
)
from graph.write.write_requests import remaining_differences

EXISTING = {UPDATE: "Update in place", SKIP: "Leave as they are", COPY: "Create a copy, with a prefix"}
ASSIGNMENTS = {
    LEAVE: "Leave as they are (a new policy gets none)",
    EXACT: "Restore exactly as captured",
    NONE: "Remove them all",
}
GROUPS_THAT_ARE_GONE = {
    NO_GROUPS: "Do not make them: what needs one is blocked",
    EMPTY_GROUPS: "Make them again, without members",
    GROUPS_WITH_MEMBERS: "Make them again, with the members that the backup holds",
}
CONDITIONAL_ACCESS = {REPORT_ONLY: "Report-only", OFF: "Off", AS_CAPTURED: "As captured"}
LONGEST_PREFIX = 40


def parse_options(given: Mapping[str, str]) -> dict[str, Any]:
    """Raises Invalid with what to choose. Assignments have no default: they are always an explicit choice."""
    existing, assignments = given.get("existing") or UPDATE, given.get("assignments") or ""
    conditional_access = given.get("conditional_access") or REPORT_ONLY
    groups = given.get("groups") or NO_GROUPS
    prefix = given.get("prefix", "").replace("\x00", "")[:LONGEST_PREFIX]
    if assignments not in ASSIGNMENTS:
        raise Invalid("Choose what happens to assignments: leave them, restore them exactly, or remove them.")
    if existing not in EXISTING or conditional_access not in CONDITIONAL_ACCESS or groups not in GROUPS_THAT_ARE_GONE:
        raise Invalid("Choose one of the options shown.")
    if existing == COPY and not prefix.strip():
        raise Invalid("A copy needs a prefix, so that nobody takes it for the policy itself.")
    return asdict(
        RestoreOptions(
            assignments=assignments,
            existing=existing,
            prefix=prefix if existing == COPY else "",
            drop_missing=given.get("drop_missing") == "yes",
            conditional_access=conditional_access,
            groups=groups,
        )
    )


def of_backup_set(
    backup_set: BackupSet,
    tenant: Tenant,
    options: Mapping[str, Any],
    actor: Actor,
    *,
    snapshot_ids: Collection[int] = (),
    policy_types: Collection[str] = (),
) -> Restore:
    """Of the whole set, or of some of its snapshots and policy types. Raises Invalid."""
    listed, wanted = backup_sets.snapshot_ids(backup_set), frozenset(snapshot_ids)
    unknown = sorted(wanted - set(listed))
    if unknown:
        raise Invalid(f"Backup set {backup_set.id} does not hold snapshot {unknown[0]}.")
    chosen = [
        one
        for one in with_policies(listed)
        if not (wanted or policy_types) or one.id in wanted or one.policy.policy_type in policy_types
    ]
    _refuse_members_elsewhere(options, backup_set.tenant.directory_id, tenant)
    chosen = _with_groups(chosen, listed) if options["groups"] != NO_GROUPS else _without_groups(chosen)
    source = RestoreSource(backup_set.tenant.directory_id, f"{backup_set} of {backup_set.tenant.name}", backup_set)
    return restore_drafts.create(tenant, source, restore_drafts.new_items_from_snapshots(chosen), options, actor)


def _without_groups(chosen: Sequence[Snapshot]) -> list[Snapshot]:
    return [one for one in chosen if one.policy.policy_type != GROUPS]


def _groups_named(rows: Iterable[Snapshot | RestoreItem]) -> set[str]:
    """The ids of the groups that they refer to."""
    return {one for row in rows for one in (row.references.get("groups") or {})}


def _with_groups(chosen: Sequence[Snapshot], listed: Sequence[int]) -> list[Snapshot]:
    """Also the groups that these refer to, and no others."""
    policies = _without_groups(chosen)
    wanted = _groups_named(policies)
    found = [one for one in with_policies(listed) if one.policy.policy_type == GROUPS]
    return [*policies, *(one for one in found if one in chosen or one.policy.graph_id in wanted)]


def change_options(restore: Restore, options: Mapping[str, Any], actor: Actor) -> None:
    """Raises Invalid when it is too late for that. Where groups are to be made now, they become items."""
    _refuse_members_elsewhere(options, restore.source_directory_id, restore.tenant)
    wants_groups = options["groups"] != NO_GROUPS and restore.backup_set is not None
    restore_drafts.change_options(restore, options, actor, more=_lacking_groups(restore) if wants_groups else ())


def _refuse_members_elsewhere(options: Mapping[str, Any], source_directory_id: str, tenant: Tenant) -> None:
    if options["groups"] == GROUPS_WITH_MEMBERS and source_directory_id != tenant.directory_id:
        raise Invalid("Members are people and devices of their own tenant: make the groups without them elsewhere.")


def _lacking_groups(restore: Restore) -> list[NewRestoreItem]:
    """Of its backup set, those that its policies refer to."""
    items = restore_items.items(restore)
    there = {one.graph_id for one in items if one.policy_type == GROUPS}
    wanted = _groups_named(items) - there
    found = with_policies(backup_sets.snapshot_ids(restore.backup_set))
    return restore_drafts.new_items_from_snapshots(
        [one for one in found if one.policy.policy_type == GROUPS and one.policy.graph_id in wanted]
    )


def of_snapshot(snapshot: Snapshot, tenant: Tenant, options: Mapping[str, Any], actor: Actor) -> Restore:
    """“Restore this version”."""
    source = RestoreSource(snapshot.tenant.directory_id, f"{snapshot} of {snapshot.tenant.name}")
    return restore_drafts.create(
        tenant, source, restore_drafts.new_items_from_snapshots(with_policies([snapshot.id])), options, actor
    )


def mark_of(document: Mapping[str, Any]) -> str:
    """What a download's manifest says of a policy's text, and an upload checks."""
    return content_hash(document)


def fingerprint_of(policy_type: str, document: Mapping[str, Any]) -> str:
    """Of a policy whose secrets its reader may not see, as that reader has it."""
    return fingerprint(POLICY_TYPES[policy_type], document)


def with_policies(snapshot_ids: Sequence[int]) -> list[Snapshot]:
    found: list[Snapshot] = []
    for some in value_lists.batched(snapshot_ids):
        query = Snapshot.select(Snapshot, Policy).join(Policy).where(Snapshot.id.in_(some))
        found += list(query.order_by(Snapshot.id))
    return found


def undo(restore: Restore, actor: Actor) -> Restore:
    """A restore that writes back what that one overwrote, and removes what it created. Raises Invalid."""
    if restore.state != RestoreState.FINISHED:
        raise Invalid("Only a restore that has ended can be undone.")
    items = _as_captured(restore_drafts.undo_items(restore), restore)
    if not items:
        raise Invalid("This restore wrote nothing: there is nothing to undo.")
    options = asdict(RestoreOptions(assignments=EXACT, conditional_access=AS_CAPTURED))
    source = RestoreSource(
        restore.tenant.directory_id, f"what was there before restore {restore.id}", restore.safety_set
    )
    return restore_drafts.create(restore.tenant, source, items, options, actor, undo_of=restore, made_from=restore)


def _as_captured(items: Sequence[NewRestoreItem], restore: Restore) -> list[NewRestoreItem]:
    """What is written back, by what our own capture says of it: not by what was said of what took its place."""
    captured = with_policies(backup_sets.snapshot_ids(restore.safety_set)) if restore.safety_set else []
    before = {(one.policy.policy_type, one.policy.graph_id): one for one in captured}
    return [_named_by(before.get((one.policy_type, one.graph_id)), one) if one.content_id else one for one in items]


def _named_by(snapshot: Snapshot | None, item: NewRestoreItem) -> NewRestoreItem:
    if snapshot is None:
        return replace(item, references={})
    return replace(item, name=snapshot.name, references=snapshot.references)


def again(restore: Restore, actor: Actor) -> Restore:
    """A new draft of what a restore did not do: somebody changed it meanwhile, or it was refused. Raises Invalid."""
    left = [one for one in restore_items.items(restore) if _ended_as(restore, one) not in SUCCESSFUL_OUTCOMES]
    if restore.state not in (RestoreState.FINISHED, RestoreState.EXPIRED, RestoreState.CANCELLED) or not left:
        raise Invalid("Nothing is left of this restore that could be done again.")
    items = [
        NewRestoreItem(
            one.policy_type,
            one.graph_id,
            one.name,
            one.content_id,
            one.references,
            one.snapshot_id,
            one.created_id or one.target_id if one.content_id is None else None,
            one.file_says,
        )
        for one in left
    ]
    source = RestoreSource(restore.source_directory_id, restore.source_name, restore.backup_set)
    made_from: dict[str, Any] = {"undo_of": restore.undo_of, "made_from": restore, "file_says": restore.file_says}
    return restore_drafts.create(restore.tenant, source, items, restore.options, actor, **made_from)


def _ended_as(restore: Restore, item: RestoreItem) -> str | None:
    """What matched is not written, and has no outcome of its own."""
    return item.outcome or (item.action if restore.state == RestoreState.FINISHED else None)


def differences(item: RestoreItem, hide: Any, names: Mapping[str, str]) -> list[Difference]:
    """What a live restore would write over, setting by setting: before is live, after is the plan. Raises SealError.

    `hide` masks what the reader may not see, before anything is compared. `names`: the target's own, by its ids.
    """
    if item.content_id is None or item.live_content_id is None or item.action != "update":
        return []
    want, live = plan_text.wanted(item), snapshots.read_content(item.live_content_id)
    if hide:
        want, live = hide(want), hide(live)
    with_assignments = item.restore.options["assignments"] != LEAVE
    return remaining_differences(
        POLICY_TYPES[item.policy_type], live, want, with_assignments=with_assignments, names=names
    )
