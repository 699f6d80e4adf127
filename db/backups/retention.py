"""Retention: which backup sets stay, and what no set needs any longer.

Rules count whole-tenant sets: the last N, and the newest of each of the last N days, weeks and months that have one.
They are asked once for each policy type, of the sets that hold all of it, so that a policy type that cannot be read
neither keeps all others for ever nor loses its last good copy. Whatever the rules say, these stay: sets that are still
being made, pinned ones, those that a restore uses, the last complete one, and of every policy the newest snapshot, the
approved one, and both sides of a change that stands.

This module decides; db/housekeeping/daily_prune.py deletes, and asks again before it does.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.backups import manifests, set_retries
from db.backups.completeness import is_usable, is_whole
from db.changes.approved_states import is_snapshot_kept
from db.database import Condition, database
from db.errors import Invalid
from db.models import (
    IS_ACTIVE,
    BackupSet,
    Content,
    Manifest,
    Policy,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Snapshot,
    Tenant,
)
from db.restores import restore_items
from db.sql import value_lists
from db.states import UNFINISHED, SetState

GOOD = (SetState.COMPLETE, SetState.WARNINGS)
MAX_KEEP = 1000
BEFORE_ALL = datetime.min  # noqa: DTZ901 - naive, as every time here
# A restore that has ended needs no more than what was there before it, to be undone or tried again.
IS_UNFINISHED = Restore.state.in_(UNFINISHED)


@dataclass(frozen=True)
class RetentionRules:
    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    @classmethod
    def parse(cls, form: Mapping[str, Any]) -> "RetentionRules":
        """Read the rules from a form. Raises Invalid for anything but numbers that keep something."""
        texts = {name: str(form.get(name) or 0).strip() for name in ("last", "daily", "weekly", "monthly")}
        # isdigit alone takes “²” too, and int no more than some thousand digits.
        if not all(text.isdecimal() and len(text) < 10 and int(text) <= MAX_KEEP for text in texts.values()):
            raise Invalid(f"Give whole numbers from 0 to {MAX_KEEP}.")
        rules = cls(**{name: int(text) for name, text in texts.items()})
        if rules == cls():
            raise Invalid("Keep at least one set: give a number above 0.")
        return rules


@dataclass(frozen=True)
class Decision:
    """A decision about a set. `policy_type`: the one for whose sake it stays, where it is not for all of them."""

    backup_set: BackupSet
    keep: bool
    why: str
    policy_type: str = ""


@dataclass(frozen=True)
class FreedCounts:
    """The amount that goes with the sets that go."""

    sets: int
    snapshots: int
    contents: int
    bytes: int


@dataclass(frozen=True)
class RetentionPreview:
    decisions: list[Decision]
    freed: FreedCounts


# Set id -> (the first rule that keeps it, the policy type that it is for).
KeepReasons = dict[int, tuple[str, str]]
# Stands for the tenant as a whole.
WHOLE_TENANT = ""


def decide_for(tenant: Tenant, rules: RetentionRules) -> list[Decision]:
    """Decide about each set of the tenant, as it stands now."""
    being_completed = set_retries.sets_being_completed(tenant)
    return decide(sets_of_tenant(tenant), rules, restores_by_set(tenant), being_completed)


def decide(
    sets: Sequence[BackupSet], rules: RetentionRules, in_use: Mapping[int, int], retried: Set[int] = frozenset()
) -> list[Decision]:
    """Decide about each set.

    `sets`: the newest first; `in_use`: set id -> the restore that uses it; `retried`: those that a retry adds to.
    """
    reasons: KeepReasons = {}
    for of_type in _reasons_by_type(sets, rules).values():
        for set_id, why in of_type.items():
            reasons.setdefault(set_id, why)
    oldest = min(reasons, default=0)
    return [
        _decision(backup_set, reasons, oldest, in_use.get(backup_set.id), is_retried=backup_set.id in retried)
        for backup_set in sets
    ]


def _reasons_by_type(sets: Sequence[BackupSet], rules: RetentionRules) -> dict[str, KeepReasons]:
    """Return the sets that the rules keep, for the tenant as a whole first, then for each policy type by itself."""
    ended = [backup_set for backup_set in sets if backup_set.state != SetState.RUNNING and not backup_set.selection]
    types = sorted({key for backup_set in ended for key in backup_set.types})
    return {key: _reasons_for_type(ended, rules, key) for key in (WHOLE_TENANT, *types)}


def _reasons_for_type(ended: Sequence[BackupSet], rules: RetentionRules, policy_type: str) -> KeepReasons:
    """Apply the rules to sets that hold all of the policy type.

    Then to those with some of it, so that newer ones stay too.
    """
    reasons: KeepReasons = {}
    for holds in (_holds_all, _holds_some):
        for set_id, why in _first_rule_by_set(
            [backup_set for backup_set in ended if holds(backup_set, policy_type)], rules
        ).items():
            reasons.setdefault(set_id, (why, policy_type))
    return reasons


def _holds_all(backup_set: BackupSet, policy_type: str) -> bool:
    row = backup_set.types.get(policy_type)
    # Sets of earlier versions do not name what the tenant had nothing of.
    return is_whole(row) if row else backup_set.state in GOOD


def _holds_some(backup_set: BackupSet, policy_type: str) -> bool:
    row = backup_set.types.get(policy_type)
    return is_usable(row) if row else backup_set.state in GOOD


def _first_rule_by_set(good: Sequence[BackupSet], rules: RetentionRules) -> dict[int, str]:
    """Return set id -> the first rule that keeps it."""
    reasons: dict[int, str] = {}
    for backup_set in good[:1]:
        reasons[backup_set.id] = "the last complete set"
    for backup_set in good[: rules.last]:
        reasons.setdefault(backup_set.id, f"one of the last {rules.last}")
    for count, reason, period in (
        (rules.daily, "the newest of day {}", _day),
        (rules.weekly, "the newest of week {}", _week),
        (rules.monthly, "the newest of month {}", _month),
    ):
        newest: dict[str, BackupSet] = {}
        for backup_set in good:
            newest.setdefault(period(backup_set.created_at), backup_set)
        for label, backup_set in list(newest.items())[:count]:
            reasons.setdefault(backup_set.id, reason.format(label))
    return reasons


def _decision(
    backup_set: BackupSet, reasons: KeepReasons, oldest_kept: int, restore: int | None, *, is_retried: bool
) -> Decision:
    if backup_set.state == SetState.RUNNING:
        return Decision(backup_set, True, "still being made")
    if backup_set.pinned_reason:
        return Decision(backup_set, True, f"protected ({backup_set.pinned_reason})")
    if backup_set.id in reasons:
        return Decision(backup_set, True, *reasons[backup_set.id])
    if restore:
        return Decision(backup_set, True, f"restore {restore} uses it")
    if is_retried:
        return Decision(backup_set, True, "being completed by a retry")
    if backup_set.selection and backup_set.id > oldest_kept:
        return Decision(backup_set, True, "part of the tenant, newer than the oldest whole set that stays")
    return Decision(backup_set, False, "no rule keeps it")


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _week(at: datetime) -> str:
    return f"{at:%G-W%V}"


def _month(at: datetime) -> str:
    return f"{at:%Y-%m}"


def preview(tenant: Tenant, rules: RetentionRules) -> RetentionPreview:
    """Return what these rules would do, and write nothing."""
    decisions = decide_for(tenant, rules)
    going = [decision.backup_set for decision in decisions if not decision.keep]
    snapshots = unneeded_snapshots(tenant, decisions, rules) if going else []
    contents = _contents_freed_by(snapshots)
    return RetentionPreview(decisions, FreedCounts(len(going), len(snapshots), len(contents), sum(contents.values())))


def sets_of_tenant(tenant: Tenant) -> list[BackupSet]:
    return list(
        BackupSet.select(BackupSet, Manifest)
        .join(Manifest, pw.JOIN.LEFT_OUTER)
        .where(BackupSet.tenant == tenant)
        .order_by(BackupSet.id.desc())
    )


def restores_by_set(tenant: Tenant) -> dict[int, int]:
    """Return set id -> the restore that uses it, also where the restore is another tenant's."""
    restore_ids: dict[int, int] = {}
    for field, still in ((Restore.safety_set, pw.SQL("1 = 1")), (Restore.backup_set, IS_UNFINISHED)):
        of_sets = Restore.select(field, Restore.id).join(BackupSet, on=field)
        restore_ids |= dict(of_sets.where((BackupSet.tenant == tenant) & still).order_by(Restore.id).tuples())
    return restore_ids


def is_set_used_by_restore(backup_set: Any) -> Condition:
    """Return the condition that a restore still needs the set: to write it, or as what was there before."""
    source = Restore.select(Restore.id).where((Restore.backup_set == backup_set) & IS_UNFINISHED)
    return pw.fn.EXISTS(source) | pw.fn.EXISTS(Restore.select(Restore.id).where(Restore.safety_set == backup_set))


def is_snapshot_used_by_restore(snapshot: Any) -> Condition:
    """Return the condition that a restore still needs the snapshot: to write it, or as what was there before."""
    source = RestoreItem.select(RestoreItem.id).join(Restore).where((RestoreItem.snapshot == snapshot) & IS_UNFINISHED)
    before = RestoreItem.select(RestoreItem.id).where(RestoreItem.safety_snapshot == snapshot)
    return pw.fn.EXISTS(source) | pw.fn.EXISTS(before)


def is_snapshot_in_active_run(tenant: Tenant) -> Condition:
    """Return the condition that a run under way has captured the snapshot, which no manifest lists yet.

    It begins with the runs under way: a snapshot that was confirmed each night has an item of each.
    """
    snapshot_ids = RunItem.select(RunItem.snapshot).join(Run).where((Run.tenant == tenant) & IS_ACTIVE)
    return Snapshot.id.in_(snapshot_ids.where(RunItem.snapshot.is_null(False)))


def unneeded_snapshots(tenant: Tenant, decisions: Sequence[Decision], rules: RetentionRules) -> list[int]:
    """Return the snapshots of the tenant that nothing keeps.

    No set that stays lists it, and no restore or active run uses it. It is not the newest of its policy, not approved,
    and no side of a change that stands. It is older than the oldest set that the rules keep for its policy type.
    """
    remaining = [decision.backup_set for decision in decisions if decision.keep]
    listed = {snapshot_id for backup_set in remaining for snapshot_id in manifests.snapshot_ids(backup_set.manifest)}
    oldest, oldest_of = _oldest_kept(decisions, rules)
    newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.tenant == tenant).group_by(Snapshot.policy)
    old = Snapshot.select(Snapshot.id, Snapshot.captured_at, Policy.policy_type).join(Policy)
    old = old.where((Snapshot.tenant == tenant) & Snapshot.id.not_in(newest))
    old = old.where(~is_snapshot_in_active_run(tenant) & ~is_snapshot_used_by_restore(Snapshot.id))
    old = old.where(~is_snapshot_kept(tenant))
    return [
        snapshot_id
        for snapshot_id, captured_at, policy_type in old.tuples()
        if snapshot_id not in listed and captured_at < oldest_of.get(policy_type, oldest)
    ]


def _oldest_kept(decisions: Sequence[Decision], rules: RetentionRules) -> tuple[datetime, dict[str, datetime]]:
    """Return when the oldest set that the rules keep was made: of all, and for each policy type.

    What was captured by hand since then stays with it. A set that stays for another reason, a pin of years ago say,
    holds up no more than its own snapshots. Where the rules keep nothing yet, nothing is older than that.
    """
    backup_sets = [decision.backup_set for decision in decisions]
    created_at = {backup_set.id: backup_set.created_at for backup_set in backup_sets}
    by_type = {
        key: [created_at[set_id] for set_id in reasons] for key, reasons in _reasons_by_type(backup_sets, rules).items()
    }
    oldest = min((at for times in by_type.values() for at in times), default=BEFORE_ALL)
    return oldest, {key: min(times) for key, times in by_type.items() if times and key != WHOLE_TENANT}


def _contents_freed_by(snapshot_ids: Sequence[int]) -> dict[int, int]:
    """Return content id -> size, for contents that no other snapshot refers to."""
    going = set(snapshot_ids)
    sizes_by_id: dict[int, int] = {}
    for ids in value_lists.batched(snapshot_ids):
        content_ids = Snapshot.select(Snapshot.content).where(Snapshot.id.in_(ids))
        read = Snapshot.select(Snapshot.content, Snapshot.id).where(Snapshot.content.in_(content_ids)).tuples()
        stays = {content for content, snapshot in read if snapshot not in going}
        sizes = Content.select(Content.id, Content.plain_bytes).where(
            Content.id.in_(content_ids) & ~restore_items.is_content_referenced(Content.id)
        )
        sizes_by_id |= {content: size for content, size in sizes.tuples() if content not in stays}
    return sizes_by_id


def set_rules(tenant: Tenant, rules: RetentionRules | None, actor: Actor) -> None:
    """Set the tenant's rules. None keeps everything. What waits for its deletion, and is kept now, does not go."""
    columns = asdict(rules) if rules else None
    with database.atomic():
        Tenant.update(retention=columns).where(Tenant.id == tenant.id).execute()
        _keep_again(tenant, rules)
        audit.record_of_tenant(Action.RETENTION_SET, actor, tenant, rules=columns)


def _keep_again(tenant: Tenant, rules: RetentionRules | None) -> None:
    """Take the day away from the waiting sets that these rules keep: pages would announce what does not happen."""
    waits = (BackupSet.tenant == tenant) & BackupSet.deletion_due_at.is_null(False)
    if rules is None:
        BackupSet.update(deletion_due_at=None).where(waits).execute()
    elif BackupSet.select().where(waits).exists():
        kept = [decision.backup_set.id for decision in decide_for(tenant, rules) if decision.keep]
        for ids in value_lists.batched(kept):
            BackupSet.update(deletion_due_at=None).where(waits & BackupSet.id.in_(list(ids))).execute()


def pin(backup_set: BackupSet, reason: str, user_id: int | None, actor: Actor) -> None:
    """Pin the set, so that it stays. Raises Invalid without a reason, or when the set has gone meanwhile."""
    reason = reason.replace("\x00", "").strip()[:500]
    if not reason:
        raise Invalid("Say why it must stay: the next person will want to know.")
    with database.atomic():
        _update_or_refuse(backup_set, pinned_reason=reason, pinned_by=user_id, deletion_due_at=None)
        audit.record(Action.SET_PINNED, actor, f"{backup_set}", tenant=backup_set.tenant, reason=reason)


def unpin(backup_set: BackupSet, actor: Actor) -> None:
    """Take the pin off the set. Raises Invalid when the set has gone meanwhile."""
    with database.atomic():
        _update_or_refuse(backup_set, pinned_reason=None, pinned_by=None)
        audit.record(Action.SET_UNPINNED, actor, f"{backup_set}", tenant=backup_set.tenant)


def _update_or_refuse(backup_set: BackupSet, **values: Any) -> None:
    if BackupSet.update(values).where(BackupSet.id == backup_set.id).execute() != 1:
        raise Invalid(f"{backup_set} is gone: it was let go of just now, as the rules of its tenant say.")
