"""Open changes against a standard, of which nobody saw the policy change.

Where a policy was as its standard wants it and is changed then, that is a change like any other, for the standard's
content is its approved state. What differs from the beginning, since a new version came, or since an exception is over,
was never seen to change. Such a policy gets a change of its own here: from what is wanted to what is there.

A policy has at most one change that stands, whoever made it: an ordinary one stands for these, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.changes.approved_states import STANDING, StateNow, states_now
from db.clock import utcnow
from db.database import Condition, lock_rows, transaction
from db.models import Acceptance, Change, Policy, Restore, RestoreItem, StandardAdoption, StandardException
from db.notices import occurrences
from db.sql.value_lists import batched, is_in
from db.states import WRITTEN_OUTCOMES, ChangeKind, ChangeState, NoticeEvent, RestoreState, Severity


@dataclass(frozen=True)
class Deviation:
    """A difference between a policy and what a standard wants of it. `snapshot_id` None: the policy is gone.

    `wanted_mark`: the fingerprint of what is wanted. `differences`: [{"path", "label", "how"}], as many as a page
    shows; `count`: of all.
    """

    policy_id: int
    snapshot_id: int | None
    wanted_mark: str
    severity: Severity
    rules: Sequence[str]
    differences: Sequence[Mapping[str, str]]
    count: int


@transaction
def keep_open(adoption: StandardAdoption, deviations: Iterable[Deviation]) -> dict[int, int]:
    """Make sure that each deviating policy has a change that stands or was decided. Return policy id -> its change.

    Two kinds of policies are left out. One was read again meanwhile: its cell is due again. The other was seen being
    changed just now: that change is assessed first. Safe to do twice.
    """
    by_policy = {deviation.policy_id: deviation for deviation in deviations}
    lock_rows(Policy, is_in(Policy.id, sorted(by_policy)))
    for policy_id in _unassessed(by_policy):
        del by_policy[policy_id]
    now, standing = states_now(by_policy), _standing(by_policy)
    changes: dict[int, int] = {}
    for policy_id, deviation in sorted(by_policy.items()):
        state = now.get(policy_id)
        if state is not None and state.snapshot_id == deviation.snapshot_id:
            changes[policy_id] = _one_open(adoption, deviation, state, standing.get(policy_id))
    return changes


def _unassessed(policy_ids: Iterable[int]) -> set[int]:
    return {
        row[0]
        for some in batched(policy_ids)
        for row in Change.select(Change.policy).where(Change.policy.in_(some) & Change.assessed_at.is_null()).tuples()
    }


def _standing(policy_ids: Iterable[int]) -> dict[int, Change]:
    return {
        change.policy_id: change
        for some in batched(policy_ids)
        for change in Change.select().where(Change.policy.in_(some) & Change.state.in_(STANDING)).order_by(Change.id)
    }


def _one_open(adoption: StandardAdoption, deviation: Deviation, now: StateNow, stands: Change | None) -> int:
    """Return the id of the change that stands, or of the newest one if somebody decided about this very difference."""
    is_same = (Change.policy == deviation.policy_id) & (Change.standard_id == adoption.standard_id)
    is_same &= (Change.before_mark == deviation.wanted_mark) & _is_mark(now.mark)
    if stands is not None and (
        stands.standard_id is None or (stands.before_mark, stands.after_mark) == _marks(deviation, now)
    ):
        _open_if_excepted(stands)
        return int(stands.id)
    if stands is not None:
        _close([stands.id], ChangeState.REPLACED)
    decided = Change.select(Change.id).where(is_same & (Change.state == ChangeState.APPROVED))
    known = decided.order_by(Change.id.desc()).tuples().first()
    return int(known[0]) if known else _insert(adoption, deviation, now)


def _is_mark(mark: str | None) -> Condition:
    return Change.after_mark.is_null() if mark is None else Change.after_mark == mark


def _marks(deviation: Deviation, now: StateNow) -> tuple[str, str | None]:
    return deviation.wanted_mark, now.mark


def _insert(adoption: StandardAdoption, deviation: Deviation, now: StateNow) -> int:
    """Open a change, assessed as it is. It is told once something of the standard was brought to the tenant."""
    at = now.at or utcnow()
    change = Change.create(
        tenant=adoption.tenant_id,
        policy=deviation.policy_id,
        kind=ChangeKind.CHANGED if now.is_there else ChangeKind.REMOVED,
        state=ChangeState.OPEN,
        severity=deviation.severity,
        rules=list(deviation.rules),
        since_at=at,
        seen_at=at,
        before_mark=deviation.wanted_mark,
        after=now.snapshot_id,
        after_mark=now.mark,
        differences=[dict(difference) for difference in deviation.differences],
        difference_count=deviation.count,
        standard_id=adoption.standard_id,
        assessed_at=utcnow(),
    )
    if adoption.version_id is not None:
        key = f"change:{change.id}"
        occurrences.begin(NoticeEvent.CHANGE, key, adoption.tenant_id, severity=deviation.severity, change_id=change.id)
    return int(change.id)


def _open_if_excepted(change: Change) -> None:
    """Open a change that an exception had accepted, which holds no longer. What a person accepted stays."""
    if change.state != ChangeState.ACCEPTED:
        return
    by_person = (Acceptance.policy == change.policy_id) & (Acceptance.mark == (change.after_mark or ""))
    if Acceptance.select().where(by_person).exists():
        return
    is_still = (Change.id == change.id) & (Change.state == ChangeState.ACCEPTED)
    Change.update(state=ChangeState.OPEN, until=None, reason=None).where(is_still).execute()
    occurrences.begin(
        NoticeEvent.CHANGE,
        f"change:{change.id}:exception over:{utcnow():%Y-%m-%dT%H:%M:%S}",
        change.tenant_id,
        severity=Severity(change.severity) if change.severity else None,
        change_id=change.id,
    )


@transaction
def accept_excepted(adoption: StandardAdoption, excepted: Mapping[int, StandardException]) -> None:
    """Accept what stands of these policies (policy id -> the exception that allows it), until the exception is over."""
    lock_rows(Policy, is_in(Policy.id, sorted(excepted)))
    for policy_id, change in _standing(excepted).items():
        exception = excepted[policy_id]
        if change.state != ChangeState.OPEN:
            continue
        columns: dict[str, Any] = {
            "state": ChangeState.ACCEPTED,
            "reason": f"Exception: {exception.reason}"[:500],
            "until": exception.until,
            "decided_by": exception.approved_by_id,
            "decided_at": utcnow(),
        }
        Change.update(columns).where((Change.id == change.id) & (Change.state == ChangeState.OPEN)).execute()


@transaction
def close_aligned(policy_ids: Iterable[int]) -> None:
    """Close what stands against a standard of policies that are as it wants them: put back by us, or in the tenant."""
    ids = list(policy_ids)
    lock_rows(Policy, is_in(Policy.id, sorted(ids)))
    for change in _standing(ids).values():
        if change.standard_id is not None:
            _close([change.id], ChangeState.PUT_BACK if _was_written_since(change) else ChangeState.UNDONE)


def _was_written_since(change: Change) -> bool:
    policy: Policy = Policy.get_by_id(change.policy_id)
    of_tenant = (Restore.tenant == change.tenant_id) & (Restore.created_at >= change.seen_at)
    is_it = (RestoreItem.policy_type == policy.policy_type) & (
        (RestoreItem.target_id == policy.graph_id) | (RestoreItem.created_id == policy.graph_id)
    )
    written = RestoreItem.outcome.in_(list(WRITTEN_OUTCOMES.values()))
    query = RestoreItem.select(RestoreItem.id).join(Restore)
    return bool(query.where(of_tenant & is_it & written & (Restore.state == RestoreState.FINISHED)).exists())


@transaction
def forget(tenant_id: int, standard_id: int) -> None:
    """Let nothing be open any longer against a standard that the tenant does not follow any more."""
    its = (Change.standard_id == standard_id) & (Change.tenant == tenant_id) & Change.state.in_(STANDING)
    ids = [(row.id, row.policy_id) for row in Change.select(Change.id, Change.policy).where(its)]
    lock_rows(Policy, is_in(Policy.id, sorted({policy_id for _, policy_id in ids})))
    _close([change_id for change_id, _ in ids], ChangeState.RECORDED)


def _close(change_ids: Sequence[int], state: ChangeState) -> None:
    for some in batched(change_ids):
        is_still = Change.id.in_(some) & Change.state.in_(STANDING)
        Change.update(state=state, until=None).where(is_still).execute()
