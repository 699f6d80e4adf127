"""Backup sets that will go: what the rules let go waits for some days, is told, and can be taken back until then.

So nobody, whatever they may do here, makes backups vanish unseen at once: not by other rules, not by ending a
protection, not by many new sets that push the good ones out.
"""

import statistics
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import fn

from db.audit import audit
from db.audit.audit import Action, Actor
from db.backups import retention
from db.backups.retention import RetentionRules
from db.clock import utcnow
from db.database import database
from db.errors import Invalid
from db.models import BackupSet, Snapshot, Tenant
from db.sql.value_lists import batched, is_in

# The step of the daily run that deletes sets, as the audit log names it.
STEP = "backup sets"
DAY = timedelta(days=1)
# So many days, before the last, tell how many sets come on an ordinary one: as many go, and nobody is told.
ORDINARY_DAYS = 14


@dataclass(frozen=True)
class WaitingDeletions:
    """The number of a tenant's sets that wait for their deletion, and the time at which the first of them goes."""

    count: int
    first_at: datetime | None


@dataclass(frozen=True)
class NewDeletions:
    """Sets that a look has found to be kept by nothing any longer. `is_unusual`: more than come on an ordinary day."""

    set_ids: Sequence[int]
    due_at: datetime
    is_unusual: bool


def find_superfluous(tenant: Tenant) -> list[int]:
    """Return the ids of the sets that no rule and nothing else keeps now."""
    if not tenant.retention:
        return []
    decisions = retention.decide_for(tenant, RetentionRules.parse(tenant.retention))
    return [decision.backup_set.id for decision in decisions if not decision.keep]


def mark(tenant: Tenant, days: int, superfluous: Sequence[int] | None = None) -> NewDeletions:
    """Note of the sets that nothing keeps when they go, and of those that something keeps again that they do not.

    `superfluous`: `find_superfluous` of a moment ago.
    """
    going = set(find_superfluous(tenant) if superfluous is None else superfluous)
    now = utcnow()
    due_at = now + timedelta(days=days)
    waiting = set(_ids(_waiting(tenant)))
    new = sorted(going - waiting)
    with database.atomic():
        _set_due(waiting - going, None)
        _set_due(new, due_at)
    return NewDeletions(new, due_at, len(new) > max(1, _came_on_an_ordinary_day(tenant, now)))


def _came_on_an_ordinary_day(tenant: Tenant, now: datetime) -> int:
    """Return the median of the last days but today: who floods the tenant with sets makes no day ordinary."""
    young = (BackupSet.tenant == tenant) & (BackupSet.created_at > now - (ORDINARY_DAYS + 1) * DAY)
    made = BackupSet.select(BackupSet.created_at).where(young & (BackupSet.created_at <= now - DAY)).tuples()
    by_day = Counter((now - created_at) // DAY for (created_at,) in made)
    return int(statistics.median(by_day[day] for day in range(1, ORDINARY_DAYS + 1)))


def _set_due(set_ids: Collection[int], due_at: datetime | None) -> None:
    for ids in batched(sorted(set_ids)):
        BackupSet.update(deletion_due_at=due_at).where(BackupSet.id.in_(list(ids))).execute()


def due(tenant: Tenant, superfluous: Sequence[int] | None = None) -> list[int]:
    """Return the ids of sets whose time has come, of those that nothing keeps now. `superfluous` as for `mark`."""
    is_due = _waiting(tenant) & (BackupSet.deletion_due_at <= utcnow())
    return sorted(set(_ids(is_due)) & set(find_superfluous(tenant) if superfluous is None else superfluous))


def older_than_waiting(tenant: Tenant, snapshot_ids: Sequence[int]) -> list[int]:
    """Return those of the snapshots that are older than every set that waits: others go with it, not before it."""
    oldest = BackupSet.select(fn.MIN(BackupSet.created_at)).where(_waiting(tenant)).scalar()
    if oldest is None:
        return list(snapshot_ids)
    old: list[int] = []
    for ids in batched(snapshot_ids):
        is_older = Snapshot.id.in_(list(ids)) & (Snapshot.captured_at < oldest)
        old += [row[0] for row in Snapshot.select(Snapshot.id).where(is_older).tuples()]
    return old


def waiting(tenant: Tenant) -> WaitingDeletions:
    rows = BackupSet.select(BackupSet.deletion_due_at).where(_waiting(tenant)).tuples()
    times = [row[0] for row in rows]
    return WaitingDeletions(len(times), min(times, default=None))


def take_back(tenant: Tenant, reason: str, actor: Actor) -> int:
    """Protect every set of the tenant that waits for its deletion. Return how many. Raises Invalid."""
    reason = reason.replace("\x00", "").strip()[:500]
    if not reason:
        raise Invalid("Say why they must stay: the next person will want to know.")
    with database.atomic():
        ids = _ids(_waiting(tenant))
        if not ids:
            raise Invalid(f"No backup of {tenant.name} waits for its deletion.")
        kept = {"pinned_reason": reason, "pinned_by": actor.user_id, "deletion_due_at": None}
        BackupSet.update(kept).where(is_in(BackupSet.id, ids) & _waiting(tenant)).execute()
        audit.record_of_tenant(Action.DELETION_TAKEN_BACK, actor, tenant, count=len(ids), reason=reason)
    return len(ids)


def _waiting(tenant: Tenant) -> Any:
    return (BackupSet.tenant == tenant) & BackupSet.deletion_due_at.is_null(False)


def _ids(condition: Any) -> list[int]:
    return [row[0] for row in BackupSet.select(BackupSet.id).where(condition).tuples()]
