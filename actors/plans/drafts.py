"""Drafts of restores: from a backup set, from a snapshot, to undo or repeat a restore. Graph is not asked here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from actors.facade.wording import NO_WORDS, Wording
from actors.plans import option_choices, plan_items, plan_text
from db.audit.audit import Actor
from db.backups import backup_sets
from db.errors import Invalid
from db.models import BackupSet, Restore, RestoreItem, Snapshot, Tenant
from db.policies import change_recording, policies, snapshots
from db.restores import restore_drafts, restore_items
from db.restores.restore_drafts import NewRestoreItem, RestoreSource
from db.states import PolicyState, RestoreState
from graph.content.fingerprint import content_hash, fingerprint
from graph.display.diff import Difference
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import GROUPS
from graph.restore.options import (
    AS_CAPTURED,
    EXACT,
    GROUPS_WITH_MEMBERS,
    KEPT_GROUPS,
    NO_GROUPS,
    UNDELETE,
    RestoreOptions,
)
from graph.write.write_requests import remaining_differences

# What puts a tenant's own policies back exactly as they were, with their ids where that is possible.
AS_IT_WAS = RestoreOptions(assignments=EXACT, conditional_access=AS_CAPTURED, deleted=UNDELETE)


def from_backup_set(
    backup_set: BackupSet,
    tenant: Tenant,
    options: Mapping[str, Any],
    actor: Actor,
    *,
    snapshot_ids: Collection[int] = (),
    policy_types: Collection[str] = (),
) -> Restore:
    """Draft a restore of the whole set, or of some of its snapshots and policy types. Raises Invalid."""
    listed, wanted_ids = backup_sets.snapshot_ids(backup_set), frozenset(snapshot_ids)
    unknown = sorted(wanted_ids - set(listed))
    if unknown:
        raise Invalid(f"Backup set {backup_set.id} does not hold snapshot {unknown[0]}.")
    chosen = [
        snapshot
        for snapshot in snapshots.load_with_policies(listed)
        if not (wanted_ids or policy_types) or snapshot.id in wanted_ids or snapshot.policy.policy_type in policy_types
    ]
    _refuse_members_elsewhere(options, backup_set.tenant.directory_id, tenant)
    chosen = _with_groups(chosen, listed) if options["groups"] != NO_GROUPS else _without_groups(chosen)
    source = RestoreSource(
        backup_set.tenant.directory_id, f"{backup_set.tenant.name}, backup set {backup_set.id}", backup_set
    )
    return restore_drafts.create(tenant, source, restore_drafts.new_items_from_snapshots(chosen), options, actor)


def _without_groups(chosen: Sequence[Snapshot]) -> list[Snapshot]:
    return [snapshot for snapshot in chosen if snapshot.policy.policy_type != GROUPS]


def _referenced_group_ids(rows: Iterable[Snapshot | RestoreItem]) -> set[str]:
    """Return the ids of the groups that the rows refer to."""
    return {group_id for row in rows for group_id in (row.references.get("groups") or {})}


def _with_groups(chosen: Sequence[Snapshot], listed: Sequence[int]) -> list[Snapshot]:
    """Add the groups that the chosen policies refer to. Chosen groups stay."""
    policies = _without_groups(chosen)
    group_ids = _referenced_group_ids(policies)
    groups = [snapshot for snapshot in snapshots.load_with_policies(listed) if snapshot.policy.policy_type == GROUPS]
    return [*policies, *(group for group in groups if group in chosen or group.policy.graph_id in group_ids)]


def change_options(restore: Restore, options: Mapping[str, Any], actor: Actor) -> None:
    """Change a draft's options. Groups that are to be created now become items. Raises Invalid when it is too late."""
    _refuse_members_elsewhere(options, restore.source_directory_id, restore.tenant)
    wants_groups = options["groups"] != NO_GROUPS and restore.backup_set is not None
    restore_drafts.change_options(restore, options, actor, more=_lacking_groups(restore) if wants_groups else ())


def _refuse_members_elsewhere(options: Mapping[str, Any], source_directory_id: str, tenant: Tenant) -> None:
    if options["groups"] == GROUPS_WITH_MEMBERS and source_directory_id != tenant.directory_id:
        raise Invalid(
            "Members are people and devices of their own tenant. In another tenant, create the groups without members."
        )


def _lacking_groups(restore: Restore) -> list[NewRestoreItem]:
    """Return the groups of its backup set that its policies refer to and that are no items yet."""
    items = restore_items.items(restore)
    present = {item.graph_id for item in items if item.policy_type == GROUPS}
    group_ids = _referenced_group_ids(items) - present
    stored = snapshots.load_with_policies(backup_sets.snapshot_ids(restore.backup_set))
    groups = [snapshot for snapshot in stored if snapshot.policy.policy_type == GROUPS]
    return restore_drafts.new_items_from_snapshots([group for group in groups if group.policy.graph_id in group_ids])


def from_snapshot(snapshot: Snapshot, tenant: Tenant, options: Mapping[str, Any], actor: Actor) -> Restore:
    """Draft a restore of one snapshot: “Restore this version”."""
    source = RestoreSource(snapshot.tenant.directory_id, f"{snapshot.tenant.name}, snapshot {snapshot.id}")
    items = restore_drafts.new_items_from_snapshots(snapshots.load_with_policies([snapshot.id]))
    return restore_drafts.create(tenant, source, items, options, actor)


def put_back(snapshot_ids: Collection[int], tenant: Tenant, actor: Actor) -> Restore:
    """Draft a restore of these snapshots of the tenant's own policies, as they were captured. Raises Invalid."""
    chosen = snapshots.load_with_policies(sorted(snapshot_ids))
    options = asdict(AS_IT_WAS)
    source = RestoreSource(tenant.directory_id, f"{tenant.name}, as it was before it was changed")
    return restore_drafts.create(tenant, source, restore_drafts.new_items_from_snapshots(chosen), options, actor)


def from_moment(tenant: Tenant, at: datetime, snapshot_ids: Collection[int], actor: Actor) -> Restore:
    """Draft a restore of the tenant's own policies as they were at a moment. Groups are left out. Raises Invalid."""
    chosen = _without_groups(snapshots.load_with_policies(sorted(snapshot_ids)))
    options = asdict(AS_IT_WAS)
    source = _source_then(tenant, at)
    return restore_drafts.create(tenant, source, restore_drafts.new_items_from_snapshots(chosen), options, actor)


def bring_back(
    tenant: Tenant, at: datetime, snapshot_ids: Collection[int], removed_ids: Collection[int], actor: Actor
) -> Restore:
    """Draft a restore that brings the tenant's policies back to a moment. Raises Invalid.

    `snapshot_ids`: of what was deleted or changed since, as it was. `removed_ids`: policies that were added since, and
    are to be removed. Groups are made only where they are gone, and never removed. No look reads groups, so those that
    the policies refer to are among the items, too: the preview finds out which of them are gone.
    """
    loaded = snapshots.load_with_policies(sorted(snapshot_ids))
    chosen = [row for row in loaded if row.policy.policy_type != GROUPS or row.policy.state == PolicyState.GONE]
    removed = [policy for policy in policies.chosen(tenant, sorted(removed_ids)) if policy.policy_type != GROUPS]
    options = asdict(replace(AS_IT_WAS, groups=KEPT_GROUPS))
    source = _source_then(tenant, at)
    writes = restore_drafts.new_items_from_snapshots([*chosen, *_groups_named_by(tenant, chosen)])
    items = [*writes, *map(restore_drafts.removal_of, removed)]
    return restore_drafts.create(tenant, source, items, options, actor, brought_back_to=at)


def _groups_named_by(tenant: Tenant, chosen: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the newest snapshots of the groups that these refer to, and that are not among them."""
    known = {snapshot.policy.graph_id for snapshot in chosen if snapshot.policy.policy_type == GROUPS}
    rows = policies.by_key(tenant.id, _referenced_group_ids(chosen) - known)
    group_ids = [row.id for (policy_type, _), row in rows.items() if policy_type == GROUPS]
    newest = change_recording.newest_snapshots(group_ids)
    return snapshots.load_with_policies(sorted(snapshot.id for snapshot in newest.values()))


def _source_then(tenant: Tenant, at: datetime) -> RestoreSource:
    return RestoreSource(tenant.directory_id, f"{tenant.name}, as it was at {at:%Y-%m-%d %H:%M} UTC")


def text_fingerprint_of(document: Mapping[str, Any]) -> str:
    """Return the fingerprint of a policy's text: a download's manifest holds it, and an upload checks it."""
    return content_hash(document)


def fingerprint_of(policy_type: str, document: Mapping[str, Any]) -> str:
    """Return the fingerprint of a policy as its reader has it, who may not see its secrets."""
    return fingerprint(POLICY_TYPES[policy_type], document)


def undo(restore: Restore, actor: Actor) -> Restore:
    """Draft a restore that writes back what `restore` overwrote, and removes what it created. Raises Invalid."""
    if restore.state != RestoreState.FINISHED:
        raise Invalid("Only a restore that has ended can be undone.")
    items = _described_by_captures(restore_drafts.undo_items(restore), restore)
    if not items:
        raise Invalid("This restore wrote nothing: there is nothing to undo.")
    options = asdict(AS_IT_WAS)
    source = RestoreSource(restore.tenant.directory_id, f"Undo of restore {restore.id}", restore.safety_set)
    return restore_drafts.create(restore.tenant, source, items, options, actor, undo_of=restore, made_from=restore)


def _described_by_captures(items: Sequence[NewRestoreItem], restore: Restore) -> list[NewRestoreItem]:
    """Give each item the name and references of our own capture, not those of the policy that took its place."""
    captured = snapshots.load_with_policies(backup_sets.snapshot_ids(restore.safety_set)) if restore.safety_set else []
    before = {(snapshot.policy.policy_type, snapshot.policy.graph_id): snapshot for snapshot in captured}
    return [
        _described_by(before.get((item.policy_type, item.graph_id)), item) if item.content_id else item
        for item in items
    ]


def _described_by(snapshot: Snapshot | None, item: NewRestoreItem) -> NewRestoreItem:
    if snapshot is None:
        return replace(item, references={})
    return replace(item, name=snapshot.name, references=snapshot.references)


def repeat_unfinished(restore: Restore, actor: Actor) -> Restore:
    """Draft a restore of the items that `restore` did not do: changed meanwhile, refused, held back. Raises Invalid."""
    left = restore_items.not_restored(restore)
    if restore.state not in (RestoreState.FINISHED, RestoreState.EXPIRED, RestoreState.CANCELLED) or not left:
        raise Invalid("Nothing is left of this restore that could be done again.")
    items = [
        NewRestoreItem(
            item.policy_type,
            item.graph_id,
            item.name,
            item.content_id,
            item.references,
            item.snapshot_id,
            item.created_id or item.target_id if item.content_id is None else None,
            item.file_says,
        )
        for item in left
    ]
    source = RestoreSource(restore.source_directory_id, restore.source_name, restore.backup_set)
    made_from: dict[str, Any] = {
        "undo_of": restore.undo_of,
        "made_from": restore,
        "file_says": restore.file_says,
        # The rest of a tenant that is brought back is put in the same order: what decides who gets in comes first.
        "brought_back_to": restore.brought_back_to,
        # The rest of a roll-out is no put-back of a person's: it proves none (db/standards/keeping.py).
        "standard_id": restore.standard_id,
        "rollout_id": restore.rollout_id,
    }
    options = option_choices.proposed_again(restore.options, own_tenant=restore.is_into_own_tenant)
    return restore_drafts.create(restore.tenant, source, items, options, actor, **made_from)


def differences(
    item: RestoreItem, hide: Any, names: Mapping[str, str], wording: Wording = NO_WORDS
) -> list[Difference]:
    """Return the settings that a live restore would overwrite: before is live, or in the bin, after is the plan.
    Raises SealError. A group that comes back is not written to.

    `hide` masks what the reader may not see, before anything is compared. `names`: the target's names, by its ids.
    `wording`: Microsoft's words for settings (`plan_text.words_of_items`).
    """
    is_compared = item.action == "update" or (item.action == "undelete" and item.policy_type != GROUPS)
    if item.content_id is None or item.live_content_id is None or not is_compared:
        return []
    want, live = plan_text.content_with_names(item), snapshots.read_content(item.live_content_id)
    if hide:
        want, live = hide(want), hide(live)
    is_assigned = plan_items.with_assignments(item.action, RestoreOptions(**item.restore.options))
    return remaining_differences(
        POLICY_TYPES[item.policy_type], live, want, with_assignments=is_assigned, names=names, wording=wording
    )
