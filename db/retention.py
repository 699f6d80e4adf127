"""Which backup sets stay, and letting go of what no set needs any longer.

Rules count whole-tenant sets: the last N, and the newest of each of the last N days, weeks and months that have one.
They are asked once for each policy type, of the sets that hold all of it, so that a policy type that cannot be read
neither keeps all others for ever nor loses its last good copy. Whatever the rules say, these stay: sets that are still
being made, pinned ones, the last complete one, and the newest snapshot of every policy.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db import audit, manifests, restores
from db.audit import Action, Actor
from db.backup_sets import is_usable, is_whole
from db.clock import utcnow
from db.database import database
from db.errors import Invalid
from db.models import BackupSet, Content, Manifest, Policy, Run, RunItem, Snapshot, Tenant
from db.states import ACTIVE, SetState

GOOD = (SetState.COMPLETE, SetState.WARNINGS)
MOST = 1000
# A capture under way may be about to refer to a content that nobody else refers to.
YOUNG = timedelta(days=1)
TOGETHER = 500


@dataclass(frozen=True)
class Rules:
    last: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> "Rules":
        """Raises Invalid for anything but numbers that keep something."""
        texts = {name: str(given.get(name) or 0).strip() for name in ("last", "daily", "weekly", "monthly")}
        # isdigit alone takes “²” too, and int no more than some thousand digits.
        if not all(text.isdecimal() and len(text) < 10 and int(text) <= MOST for text in texts.values()):
            raise Invalid(f"Give whole numbers from 0 to {MOST}.")
        rules = cls(**{name: int(text) for name, text in texts.items()})
        if rules == cls():
            raise Invalid("Keep at least one set: give a number above 0.")
        return rules


@dataclass(frozen=True)
class Decision:
    """`policy_type`: the one for whose sake it stays, where it is not for all of them."""

    backup_set: BackupSet
    keep: bool
    why: str
    policy_type: str = ""


@dataclass(frozen=True)
class Freed:
    """What goes with the sets that go."""

    sets: int
    snapshots: int
    contents: int
    bytes: int


@dataclass(frozen=True)
class Preview:
    decisions: list[Decision]
    freed: Freed


# Set id -> (the first rule that keeps it, the policy type that it is for).
Kept = dict[int, tuple[str, str]]
# Stands for the tenant as a whole.
EVERYTHING = ""


def decide(sets: Sequence[BackupSet], rules: Rules) -> list[Decision]:
    """`sets` newest first. Restores, once there are any, keep the sets they refer to here."""
    kept: Kept = {}
    for of_type in _kept_by_type(sets, rules).values():
        for set_id, why in of_type.items():
            kept.setdefault(set_id, why)
    oldest = min(kept, default=0)
    return [_decision(one, kept, oldest) for one in sets]


def _kept_by_type(sets: Sequence[BackupSet], rules: Rules) -> dict[str, Kept]:
    """The tenant as a whole first, then each policy type by itself."""
    ended = [one for one in sets if one.state != SetState.RUNNING and not one.selection]
    types = sorted({key for one in ended for key in one.types})
    return {key: _kept_by_rules(ended, rules, key) for key in (EVERYTHING, *types)}


def _kept_by_rules(ended: Sequence[BackupSet], rules: Rules, policy_type: str) -> Kept:
    """The rules count sets that hold all of the policy type; and those with some of it, so that newer ones stay too."""
    kept: Kept = {}
    for holds in (_holds_all, _holds_some):
        for set_id, why in _by_rules([one for one in ended if holds(one, policy_type)], rules).items():
            kept.setdefault(set_id, (why, policy_type))
    return kept


def _holds_all(one: BackupSet, policy_type: str) -> bool:
    row = one.types.get(policy_type)
    # Sets of earlier versions do not name what the tenant had nothing of.
    return is_whole(row) if row else one.state in GOOD


def _holds_some(one: BackupSet, policy_type: str) -> bool:
    row = one.types.get(policy_type)
    return is_usable(row) if row else one.state in GOOD


def _by_rules(good: Sequence[BackupSet], rules: Rules) -> dict[int, str]:
    """Set id -> the first rule that keeps it."""
    why: dict[int, str] = {}
    for one in good[:1]:
        why[one.id] = "the last complete set"
    for one in good[: rules.last]:
        why.setdefault(one.id, f"one of the last {rules.last}")
    for count, name, period in (
        (rules.daily, "day", _day),
        (rules.weekly, "week", _week),
        (rules.monthly, "month", _month),
    ):
        newest: dict[str, BackupSet] = {}
        for one in good:
            newest.setdefault(period(one.created_at), one)
        for label, one in list(newest.items())[:count]:
            why.setdefault(one.id, f"the newest of {name} {label}")
    return why


def _decision(one: BackupSet, kept: Kept, oldest_kept: int) -> Decision:
    if one.state == SetState.RUNNING:
        return Decision(one, True, "still being made")
    if one.pinned_reason:
        return Decision(one, True, f"pinned: {one.pinned_reason}")
    if one.id in kept:
        return Decision(one, True, *kept[one.id])
    if one.selection and one.id > oldest_kept:
        return Decision(one, True, "a selection, newer than the oldest whole set that stays")
    return Decision(one, False, "no rule keeps it")


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def _week(at: datetime) -> str:
    return f"{at:%G-W%V}"


def _month(at: datetime) -> str:
    return f"{at:%Y-%m}"


def preview(tenant: Tenant, rules: Rules) -> Preview:
    """Writes nothing."""
    decisions = decide(_sets(tenant), rules)
    going = [one.backup_set for one in decisions if not one.keep]
    snapshots = _unneeded_snapshots(tenant, decisions, rules) if going else []
    contents = _contents_of(snapshots)
    return Preview(decisions, Freed(len(going), len(snapshots), len(contents), sum(contents.values())))


def prune(tenant: Tenant, actor: Actor) -> Freed:
    """Apply the tenant's rules. May be stopped at any moment and started again."""
    if not tenant.retention:
        return Freed(0, 0, 0, 0)
    rules = Rules.parse(tenant.retention)
    found = preview(tenant, rules)
    going = [one.backup_set.id for one in found.decisions if not one.keep]
    if not going:
        return found.freed
    snapshots = _unneeded_snapshots(tenant, found.decisions, rules)
    with database.atomic():
        _delete(BackupSet, going)
        used = BackupSet.select(BackupSet.manifest).where(BackupSet.manifest.is_null(False))
        Manifest.delete().where((Manifest.tenant == tenant) & Manifest.id.not_in(used)).execute()
        _forget_snapshots(snapshots)
        audit.record(
            Action.SETS_PRUNED,
            actor,
            f"tenant {tenant.name}",
            tenant=tenant,
            sets=len(going),
            snapshots=len(snapshots),
            contents=found.freed.contents,
        )
    forget_unread_contents(tenant)
    return found.freed


def _sets(tenant: Tenant) -> list[BackupSet]:
    return list(
        BackupSet.select(BackupSet, Manifest)
        .join(Manifest, pw.JOIN.LEFT_OUTER)
        .where(BackupSet.tenant == tenant)
        .order_by(BackupSet.id.desc())
    )


def _unneeded_snapshots(tenant: Tenant, decisions: Sequence[Decision], rules: Rules) -> list[int]:
    """Listed by no set that stays, not the newest of their policy, and older than the oldest that their type keeps."""
    kept = [one.backup_set for one in decisions if one.keep]
    listed = {one for backup_set in kept for one in manifests.snapshot_ids(backup_set.manifest)}
    oldest, oldest_of = _oldest_kept(decisions, rules)
    newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.tenant == tenant).group_by(Snapshot.policy)
    old = Snapshot.select(Snapshot.id, Snapshot.captured_at, Policy.policy_type).join(Policy)
    old = old.where((Snapshot.tenant == tenant) & Snapshot.id.not_in(newest))
    # A run under way has its snapshots in no manifest yet.
    in_work = RunItem.select(RunItem.snapshot).join(Run).where((Run.tenant == tenant) & Run.state.in_(ACTIVE))
    listed |= {row[0] for row in in_work.tuples()}
    return [
        snapshot_id
        for snapshot_id, captured_at, policy_type in old.tuples()
        if snapshot_id not in listed and captured_at < oldest_of.get(policy_type, oldest)
    ]


def _oldest_kept(decisions: Sequence[Decision], rules: Rules) -> tuple[datetime, dict[str, datetime]]:
    """When the oldest set that stays was made: of all, and of those that the rules keep for a policy type.

    What was captured by hand since then stays with it.
    """
    sets = [one.backup_set for one in decisions]
    made = {one.id: one.created_at for one in sets}
    by_type = {key: [made[one] for one in kept] for key, kept in _kept_by_type(sets, rules).items()}
    oldest = min((one.backup_set.created_at for one in decisions if one.keep), default=utcnow())
    return oldest, {key: min(times) for key, times in by_type.items() if times and key != EVERYTHING}


def _contents_of(snapshot_ids: Sequence[int]) -> dict[int, int]:
    """Content id -> size, of those that no other snapshot refers to."""
    found: dict[int, int] = {}
    gone = set(snapshot_ids)
    for ids in _by(snapshot_ids):
        theirs = Snapshot.select(Snapshot.content).where(Snapshot.id.in_(ids))
        for content in Content.select(Content.id, Content.plain_bytes).where(Content.id.in_(theirs)):
            readers = {row[0] for row in Snapshot.select(Snapshot.id).where(Snapshot.content == content).tuples()}
            if readers <= gone and not restores.is_read(content):
                found[content.id] = content.plain_bytes
    return found


def _forget_snapshots(snapshot_ids: Sequence[int]) -> None:
    for ids in _by(snapshot_ids):
        counted = Snapshot.select(Snapshot.policy, pw.fn.COUNT(Snapshot.id)).where(Snapshot.id.in_(ids))
        for policy_id, count in counted.group_by(Snapshot.policy).tuples():
            Policy.update(snapshot_count=Policy.snapshot_count - count).where(Policy.id == policy_id).execute()
        Snapshot.delete().where(Snapshot.id.in_(ids)).execute()


def forget_unread_contents(tenant: Tenant) -> None:
    """Of snapshots that went, and of looks that a restore or a preview took and that later ones replaced."""
    read = Snapshot.select(Snapshot.content).where(Snapshot.tenant == tenant)
    unread = Content.select(Content.id).where(
        (Content.tenant == tenant)
        & (Content.created_at < utcnow() - YOUNG)
        & Content.id.not_in(read)
        & ~restores.reads(Content.id)
    )
    _delete(Content, [row[0] for row in unread.tuples()])


def _delete(model: Any, ids: Sequence[int]) -> None:
    for some in _by(ids):
        model.delete().where(model.id.in_(some)).execute()


def _by(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[begin : begin + TOGETHER] for begin in range(0, len(ids), TOGETHER))


def set_rules(tenant: Tenant, rules: Rules | None, actor: Actor) -> None:
    """None keeps everything."""
    given = asdict(rules) if rules else None
    with database.atomic():
        Tenant.update(retention=given).where(Tenant.id == tenant.id).execute()
        audit.record(Action.RETENTION_SET, actor, f"tenant {tenant.name}", tenant=tenant, rules=given)


def pin(backup_set: BackupSet, reason: str, user_id: int | None, actor: Actor) -> None:
    reason = reason.replace("\x00", "").strip()[:500]
    if not reason:
        raise Invalid("Say why it must stay: the next person will want to know.")
    with database.atomic():
        BackupSet.update(pinned_reason=reason, pinned_by=user_id).where(BackupSet.id == backup_set.id).execute()
        audit.record(Action.SET_PINNED, actor, f"{backup_set}", tenant=backup_set.tenant, reason=reason)


def unpin(backup_set: BackupSet, actor: Actor) -> None:
    with database.atomic():
        BackupSet.update(pinned_reason=None, pinned_by=None).where(BackupSet.id == backup_set.id).execute()
        audit.record(Action.SET_UNPINNED, actor, f"{backup_set}", tenant=backup_set.tenant)


def prune_run_items(days: int, most: int = TOGETHER) -> int:
    """Forget the items of runs that ended longer ago; their totals stay. Returns of how many runs."""
    has_items = pw.fn.EXISTS(RunItem.select(RunItem.id).where(RunItem.run == Run.id))
    old = Run.select(Run.id).where((Run.ended_at < utcnow() - timedelta(days=days)) & has_items)
    ids = [row[0] for row in old.order_by(Run.id).limit(most).tuples()]
    for some in _by(ids):
        RunItem.delete().where(RunItem.run.in_(some)).execute()
    return len(ids)
