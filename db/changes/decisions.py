"""Decisions about changes: each is settled against the approved state, accepted for a while, or open again.

    settled: recorded | ignored | open | accepted | approved | undone | put_back | replaced
    open <--accept, reopen--> accepted        open, accepted --approve, a later change--> approved, undone, replaced …

A policy has at most one change that stands, open or accepted. Every act locks its policies first, so that of two people
who decide at once one comes first, and the other is told so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.changes import approvals, approved_states
from db.changes.approved_states import STANDING, Approved, StateNow
from db.clock import utcnow
from db.database import Condition, lock_rows, transaction
from db.errors import Invalid
from db.models import Acceptance, Change, Policy, Tenant
from db.notices import occurrences
from db.sql import upserts
from db.sql.value_lists import batched, is_in
from db.states import ChangeKind, ChangeState, NoticeEvent

LONGEST_REASON = 500
DECIDED_MEANWHILE = "Nothing was done: somebody decided about it meanwhile, or the policy changed again. Look again."


# --- settling --------------------------------------------------------------------------------------------------------


@transaction
def settle(change: Change, *, equals_approved: bool, differs_only_ignored: bool) -> ChangeState:
    """Give an assessed change its state, save it, and close what stood of its policy. Return the state.

    One of which only a list tells, that it is there, decides nothing until its content is known: then it comes again.
    Call it in the transaction that saves the assessment, before anything else of it: it locks the policy.
    `equals_approved`: what it changed to says the same as `approved_states.approved_for(change)`.
    `differs_only_ignored`: it differs from that only in ignored fields; where nothing is approved, from what it was.
    """
    approved = approved_states.approved_for(change)
    lives = [change.policy_id, *([approved.policy_id] if approved and approved.policy_id else [])]
    lock_rows(Policy, Policy.id.in_(lives))
    if approved and approved.policy_id not in (None, change.policy_id):
        approved_states.move(approved, change.policy_id)
    of_policy = Change.policy.in_(lives) & (Change.id != change.id)
    stood = of_policy & (Change.id < change.id) & Change.state.in_(STANDING)
    has_stood = Change.select(Change.id).where(stood).exists()
    state = _state(change, approved, equals_approved, differs_only_ignored, has_stood=has_stood)
    columns: dict[str, Any] = {"state": state}
    if state == ChangeState.OPEN:
        columns = _accepted_or_open(change)
    if columns["state"] in STANDING and Change.select(Change.id).where(of_policy & (Change.id > change.id)).exists():
        columns = {"state": ChangeState.REPLACED}
    Change.update(columns).where(Change.id == change.id).execute()
    if columns["state"] not in (ChangeState.RECORDED, ChangeState.IGNORED):
        Change.update(state=CLOSED_BY.get(columns["state"], ChangeState.REPLACED)).where(stood).execute()
    change.__data__.update(columns)
    return ChangeState(columns["state"])


def standing_before(change: Change) -> Change | None:
    """Return the earlier change of the policy that stands still: there is at most one."""
    earlier = (Change.policy == change.policy_id) & (Change.id < change.id) & Change.state.in_(STANDING)
    row: Change | None = Change.select().where(earlier).order_by(Change.id.desc()).first()
    return row


# The state of a change -> of the one that stood before it. Any other has been replaced.
CLOSED_BY = {ChangeState.UNDONE: ChangeState.UNDONE, ChangeState.PUT_BACK: ChangeState.PUT_BACK}


def _state(
    change: Change, approved: Approved | None, equals: bool, only_ignored: bool, *, has_stood: bool
) -> ChangeState:
    if approved is None:
        return ChangeState.IGNORED if only_ignored else ChangeState.RECORDED
    is_removed = change.kind == ChangeKind.REMOVED
    if not is_removed and change.after_mark is None and not approved.is_absent:
        return ChangeState.RECORDED  # a list has shown it, and the capture that follows says what it is
    if is_removed or approved.is_absent:
        equals, only_ignored = is_removed and approved.is_absent, False
    equals = equals or (not approved.is_absent and change.after_mark == approved.mark)
    if not equals and not only_ignored:
        return ChangeState.OPEN
    if change.restore_id and (equals or has_stood):
        return ChangeState.PUT_BACK
    if has_stood:
        return ChangeState.UNDONE
    return ChangeState.APPROVED if equals else ChangeState.IGNORED


def _accepted_or_open(change: Change) -> dict[str, Any]:
    """Return the columns of a change that differs from what was approved: accepted, if this very state of it was."""
    holds = Acceptance.until.is_null() | (Acceptance.until > utcnow())
    is_it = (Acceptance.policy == change.policy_id) & (Acceptance.mark == _mark(change))
    accepted: Acceptance | None = Acceptance.get_or_none(is_it & holds)
    if accepted is None:
        return {"state": ChangeState.OPEN}
    return {
        "state": ChangeState.ACCEPTED,
        "reason": accepted.reason,
        "until": accepted.until,
        "decided_by": accepted.accepted_by_id,
        "decided_at": accepted.accepted_at,
    }


def _mark(change: Change) -> str:
    return change.after_mark or ""


# --- accepting and opening again -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decided:
    """The result of an act: how many changes it decided, and how many somebody else had decided meanwhile."""

    count: int
    left: int = 0


@transaction
def accept(changes: Sequence[Change], actor: Actor, reason: str, until: datetime | None = None) -> Decided:
    """Accept that these policies differ from what was approved as they do now. Until then; None: for good.

    One that is accepted already gets the new reason and time. Raises Invalid without a reason, for a time that is over,
    and when none of them is to be decided any longer.
    """
    reason = reason.replace("\x00", "").strip()[:LONGEST_REASON]
    if not reason:
        raise Invalid("Say why it may be so: the next person will want to know.")
    if until is not None and until <= utcnow():
        raise Invalid("Choose a time that is still to come.")
    still = _required(_lock_and_read(changes, STANDING))
    row = {"reason": reason, "until": until, "accepted_by": actor.user_id, "accepted_at": utcnow()}
    upserts.insert_or_update(
        Acceptance,
        (Acceptance.policy, Acceptance.mark),
        [{**row, "policy": change.policy_id, "mark": _mark(change)} for change in still],
        (Acceptance.reason, Acceptance.until, Acceptance.accepted_by, Acceptance.accepted_at),
    )
    columns = {"state": ChangeState.ACCEPTED, "reason": reason, "until": until, **_decided(actor)}
    _update(still, columns, Change.state.in_(STANDING))
    _audit(Action.CHANGES_ACCEPTED, actor, still, reason=reason, until=until and f"{until:%Y-%m-%dT%H:%M:%S}Z")
    return Decided(len(still), len(changes) - len(still))


@transaction
def reopen(changes: Sequence[Change], actor: Actor) -> Decided:
    """Open accepted changes again. Raises Invalid when none of them is accepted any longer."""
    still = _required(_lock_and_read(changes, (ChangeState.ACCEPTED,)))
    _forget_acceptances(still)
    _update(still, {"state": ChangeState.OPEN, "until": None, **_decided(actor)}, Change.state == ChangeState.ACCEPTED)
    _audit(Action.CHANGES_REOPENED, actor, still, why="by hand")
    return Decided(len(still), len(changes) - len(still))


def overdue(limit: int) -> list[Change]:
    """Return accepted changes whose time is over, the longest first."""
    return list(Change.select().where(_is_overdue()).order_by(Change.until, Change.id).limit(limit))


def _is_overdue() -> Condition:
    # As a literal, for the index.
    return pw.SQL("state = 'accepted'") & Change.until.is_null(False) & (Change.until <= utcnow())


@transaction
def reopen_overdue(change: Change) -> bool:
    """Open an accepted change again whose time is over: it is told anew. Return False if somebody decided meanwhile."""
    lock_rows(Policy, Policy.id == change.policy_id)
    is_it = (Change.id == change.id) & _is_overdue()
    if not Change.select(Change.id).where(is_it).exists():
        return False
    _forget_acceptances([change])
    Change.update(state=ChangeState.OPEN).where(is_it).execute()
    key = f"change:{change.id}:open again:{change.until:%Y-%m-%dT%H:%M:%S}"
    occurrences.begin(NoticeEvent.CHANGE, key, change.tenant_id, severity=change.severity, change_id=change.id)
    _audit(Action.CHANGES_REOPENED, SYSTEM, [change], why="its time is over")
    return True


def _lock_and_read(changes: Sequence[Change], states: Sequence[ChangeState]) -> list[Change]:
    """Lock the policies, and return those of the changes that are in one of the states still, oldest first."""
    lock_rows(Policy, is_in(Policy.id, sorted({change.policy_id for change in changes})))
    ids = [change.id for change in changes]
    still = [
        row for some in batched(ids) for row in Change.select().where(Change.id.in_(some) & Change.state.in_(states))
    ]
    return sorted(still, key=lambda change: change.id)


def _required(still: list[Change]) -> list[Change]:
    if not still:
        raise Invalid(DECIDED_MEANWHILE)
    return still


def _forget_acceptances(changes: Sequence[Change]) -> None:
    for some in batched(changes):
        of_policies = Acceptance.select(Acceptance.id, Acceptance.policy, Acceptance.mark).where(
            Acceptance.policy.in_([change.policy_id for change in some])
        )
        ended = {(change.policy_id, _mark(change)) for change in some}
        ids = [row[0] for row in of_policies.tuples() if (row[1], row[2]) in ended]
        Acceptance.delete().where(Acceptance.id.in_(ids)).execute()


def _update(changes: Sequence[Change], columns: dict[str, Any], still: Condition) -> None:
    for some in batched([change.id for change in changes]):
        Change.update(columns).where(Change.id.in_(some) & still).execute()


def _decided(actor: Actor) -> dict[str, Any]:
    return {"decided_by": actor.user_id, "decided_at": utcnow()}


def _audit(action: Action, actor: Actor, changes: Sequence[Change], **details: Any) -> None:
    """Record one event for each tenant."""
    by_tenant: dict[int, int] = {}
    for change in changes:
        by_tenant[change.tenant_id] = by_tenant.get(change.tenant_id, 0) + 1
    for tenant in Tenant.select().where(is_in(Tenant.id, sorted(by_tenant))):
        subject = f"{changes[0]}" if len(changes) == 1 else f"tenant {tenant.name}"
        audit.record(action, actor, subject, tenant=tenant, changes=by_tenant[tenant.id], **details)


# --- approving -------------------------------------------------------------------------------------------------------


def approve(changes: Sequence[Change], actor: Actor, reason: str = "") -> Decided:
    """Make what these policies changed to the approved state, tenant by tenant.

    Raises Invalid when none of them is to be decided any longer, and as it says now.
    """
    by_tenant: dict[int, list[Change]] = {}
    for change in changes:
        by_tenant.setdefault(change.tenant_id, []).append(change)
    count = sum(_approve_of_tenant(tenant_id, some, actor, reason) for tenant_id, some in sorted(by_tenant.items()))
    if not count:
        raise Invalid(DECIDED_MEANWHILE)
    return Decided(count, len(changes) - count)


@transaction
def _approve_of_tenant(tenant_id: int, changes: Sequence[Change], actor: Actor, reason: str) -> int:
    undecided = (*STANDING, ChangeState.RECORDED)
    still = _lock_and_read(changes, undecided)
    now = approved_states.states_now([change.policy_id for change in still])
    ready = [change for change in still if _is_as_now(change, now[change.policy_id])]
    if ready:
        of_tenant = sorted({change.policy_id for change in ready})
        approvals.approve_policies(Tenant.get_by_id(tenant_id), of_tenant, actor, reason)
        _update(
            ready,
            {"state": ChangeState.APPROVED, **_decided(actor)},
            Change.state.in_((*undecided, ChangeState.APPROVED)),
        )
    return len(ready)


def _is_as_now(change: Change, now: StateNow) -> bool:
    return bool(now.mark == change.after_mark and (now.mark or not now.is_there))
