"""Findings of a backup: each policy of its set, against the backup of the tenant before it.

Worked out when looked at, from the manifests of both; nothing here is stored.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from db.backups import backup_sets, manifests
from db.models import BackupSet, Policy, Snapshot
from db.sql.value_lists import batched
from db.states import PolicyState, SetState


@dataclass(frozen=True)
class Findings:
    """The ids of snapshots by what they show: those changed with the one before, the deleted ones by that alone.

    `before`: the backup that was compared with; None for the first, and for a set that no backup made.
    """

    before: BackupSet | None
    changed: dict[int, int] = field(default_factory=dict)
    new: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _ListedSnapshot:
    snapshot_id: int
    policy_id: int
    content_id: int


def compare_with_last(backup_set: BackupSet) -> Findings:
    """Compare a set with the last backup of the whole tenant before it."""
    before = _last_before(backup_set)
    if before is None:
        return Findings(None)
    mine, theirs = set(backup_sets.snapshot_ids(backup_set)), set(manifests.snapshot_ids(before.manifest))
    came, went = _load(mine - theirs), _load(theirs - mine)
    both = [(listed, went[listed.policy_id]) for listed in came.values() if listed.policy_id in went]
    first_seen = [listed for listed in came.values() if listed.policy_id not in went]
    lost = [listed for listed in went.values() if listed.policy_id not in came]
    return Findings(
        before,
        changed={listed.snapshot_id: last.snapshot_id for listed, last in both if listed.content_id != last.content_id},
        new=_made_since(before, first_seen),
        deleted=_deleted_by(backup_set, lost),
    )


def _last_before(backup_set: BackupSet) -> BackupSet | None:
    if backup_set.name or backup_set.state == SetState.RUNNING:
        return None
    whole = (BackupSet.selection == {}) & BackupSet.name.is_null() & BackupSet.manifest.is_null(False)
    earlier = (BackupSet.tenant == backup_set.tenant_id) & (BackupSet.id < backup_set.id)
    return BackupSet.select().where(earlier & whole).order_by(BackupSet.id.desc()).first()


def _load(snapshot_ids: Iterable[int]) -> dict[int, _ListedSnapshot]:
    """Return policy id -> its snapshot among these."""
    found: dict[int, _ListedSnapshot] = {}
    for some in batched(sorted(snapshot_ids)):
        rows = Snapshot.select(Snapshot.id, Snapshot.policy, Snapshot.content).where(Snapshot.id.in_(some))
        found |= {row[1]: _ListedSnapshot(*row) for row in rows.tuples()}
    return found


def _made_since(before: BackupSet, those: Iterable[_ListedSnapshot]) -> list[int]:
    """Return those whose policies nobody had seen before: others were only not read the time before."""
    by_policy = {listed.policy_id: listed.snapshot_id for listed in those}
    made: list[int] = []
    for some in batched(sorted(by_policy)):
        rows = Policy.select(Policy.id).where(Policy.id.in_(some) & (Policy.first_seen_at > before.created_at))
        made += [by_policy[policy_id] for (policy_id,) in rows.tuples()]
    return made


def _deleted_by(backup_set: BackupSet, those: Iterable[_ListedSnapshot]) -> list[int]:
    """Return those whose policies were gone when the backup ended: others were not read, or not asked for."""
    by_policy = {listed.policy_id: listed.snapshot_id for listed in those}
    is_gone = (Policy.state == PolicyState.GONE) & (Policy.gone_at <= backup_set.completed_at)
    deleted: list[int] = []
    for some in batched(sorted(by_policy)):
        rows = Policy.select(Policy.id).where(Policy.id.in_(some) & is_gone)
        deleted += [by_policy[policy_id] for (policy_id,) in rows.tuples()]
    return deleted
