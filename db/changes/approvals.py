"""Approved states: what somebody declared to be right, of a policy, a policy type, a tenant or a backup set.

A policy without a row in a type or tenant that was approved whole is rightly not there. Each act is one audit event and
a few statements, however many policies it is about; what differs from it is an open change at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.changes.approved_states import STANDING, WHOLE_TENANT, Approved, StateNow, states_now
from db.clock import utcnow
from db.database import lock_rows, transaction
from db.errors import Invalid
from db.models import Acceptance, ApprovedPolicy, ApprovedScope, Change, Content, Policy, Snapshot, Tenant
from db.sql import upserts
from db.sql.value_lists import batched, is_in
from db.states import ChangeKind, ChangeState


@dataclass(frozen=True)
class ApprovalCounts:
    """The findings of an approval: policies approved as they are or were, and those that differ from it now.

    `unread`: those in the tenant that nobody has read yet, so that nobody can approve them.
    """

    approved: int
    differing: int
    unread: int


# --- approving -------------------------------------------------------------------------------------------------------


@transaction
def approve_policies(tenant: Tenant, policy_ids: Collection[int], actor: Actor, reason: str = "") -> ApprovalCounts:
    """Approve these policies of the tenant as they are now. Raises Invalid where none of them has been read."""
    now = _lock_and_see(policy_ids)
    rights = {policy_id: state.snapshot_id for policy_id, state in now.items() if state.mark or not state.is_there}
    if not rights:
        raise Invalid("Nobody has read this policy yet: capture a snapshot first.")
    one = Policy.get_by_id(next(iter(rights))) if len(rights) == 1 else None
    return _approve(tenant, rights, (), now, actor, reason, f"“{one.name}”" if one else "chosen policies")


@transaction
def approve_scope(tenant: Tenant, policy_type: str, actor: Actor, reason: str = "") -> ApprovalCounts:
    """Approve a policy type of the tenant whole, as it is now; or all of the tenant (WHOLE_TENANT)."""
    _save_scopes(tenant, [policy_type], actor)
    now = _lock_and_see(_ids_in_scope(tenant, [policy_type]))
    rights = {policy_id: state.snapshot_id for policy_id, state in now.items() if state.mark}
    absent = [policy_id for policy_id, state in now.items() if not state.is_there]
    return _approve(tenant, rights, absent, now, actor, reason, policy_type or "the whole tenant")


@transaction
def approve_snapshots(
    tenant: Tenant, snapshot_ids: Collection[int], scopes: Collection[str], actor: Actor, what: str, reason: str = ""
) -> ApprovalCounts:
    """Approve the policies as a backup set holds them.

    `scopes`: the policy types that it holds whole, or WHOLE_TENANT: what it has not of these is rightly not there.
    """
    if scopes:
        _save_scopes(tenant, scopes, actor)
    held = _policies_of(tenant, snapshot_ids)
    now = _lock_and_see({*held, *_ids_in_scope(tenant, scopes)})
    absent = [policy_id for policy_id in now if policy_id not in held]
    return _approve(tenant, held, absent, now, actor, reason, what)


def _ids_in_scope(tenant: Tenant, policy_types: Collection[str]) -> list[int]:
    of_tenant = Policy.tenant == tenant
    in_scope = of_tenant if WHOLE_TENANT in policy_types else of_tenant & is_in(Policy.policy_type, policy_types)
    return [row[0] for row in Policy.select(Policy.id).where(in_scope).order_by(Policy.id).tuples()]


def _policies_of(tenant: Tenant, snapshot_ids: Collection[int]) -> dict[int, int | None]:
    rows = Snapshot.select(Snapshot.policy, Snapshot.id).where(Snapshot.tenant == tenant)
    return {
        policy_id: snapshot_id
        for some in batched(sorted(snapshot_ids))
        for policy_id, snapshot_id in rows.where(Snapshot.id.in_(some)).tuples()
    }


def _save_scopes(tenant: Tenant, policy_types: Collection[str], actor: Actor) -> None:
    facts = {"tenant": tenant.id, "approved_by": actor.user_id, "approved_at": utcnow()}
    upserts.insert_or_update(
        ApprovedScope,
        (ApprovedScope.tenant, ApprovedScope.policy_type),
        [{**facts, "policy_type": policy_type} for policy_type in policy_types],
        (ApprovedScope.approved_by, ApprovedScope.approved_at),
    )


def _lock_and_see(policy_ids: Collection[int]) -> dict[int, StateNow]:
    """Lock the policies, so that nothing is recorded or pruned of them meanwhile, and return how they are now."""
    ids = sorted(policy_ids)
    lock_rows(Policy, is_in(Policy.id, ids))
    return states_now(ids)


def _approve(
    tenant: Tenant,
    rights: Mapping[int, int | None],
    absent: Collection[int],
    now: Mapping[int, StateNow],
    actor: Actor,
    reason: str,
    what: str,
) -> ApprovalCounts:
    """Save what is right: policy id -> snapshot, None: not there. `absent`: not there either, as their scope says."""
    marks = _marks([snapshot_id for snapshot_id in rights.values() if snapshot_id])
    approved = {
        policy_id: Approved(snapshot_id, marks[snapshot_id] if snapshot_id else None, policy_id)
        for policy_id, snapshot_id in rights.items()
        if snapshot_id is None or snapshot_id in marks
    }
    _save(tenant, approved, actor, reason)
    _delete_rows(absent)
    approved |= {policy_id: Approved() for policy_id in absent}
    known = {policy_id: state for policy_id, state in now.items() if state.mark or not state.is_there}
    differing = {
        policy_id: right
        for policy_id, right in approved.items()
        if policy_id in known and known[policy_id].mark != right.mark
    }
    _close_standing(approved, differing, now, actor)
    _open_differing(tenant, differing, now)
    counts = ApprovalCounts(len(marks), len(differing), len(now) - len(known))
    audit.record_of_tenant(
        Action.STATE_APPROVED,
        actor,
        tenant,
        what=what,
        policies=counts.approved,
        differing=counts.differing,
        reason=reason,
    )
    return counts


def _marks(snapshot_ids: Sequence[int]) -> dict[int, str]:
    rows = Snapshot.select(Snapshot.id, Content.fingerprint).join(Content)
    return {
        snapshot_id: mark
        for some in batched(snapshot_ids)
        for snapshot_id, mark in rows.where(Snapshot.id.in_(some)).tuples()
    }


def _save(tenant: Tenant, approved: Mapping[int, Approved], actor: Actor, reason: str) -> None:
    facts = {"tenant": tenant.id, "approved_by": actor.user_id, "approved_at": utcnow(), "reason": reason or None}
    rows = [
        {**facts, "policy": policy_id, "snapshot": right.snapshot_id, "mark": right.mark}
        for policy_id, right in sorted(approved.items())
    ]
    renewed = (
        ApprovedPolicy.snapshot,
        ApprovedPolicy.mark,
        ApprovedPolicy.approved_by,
        ApprovedPolicy.approved_at,
        ApprovedPolicy.reason,
    )
    upserts.insert_or_update(ApprovedPolicy, (ApprovedPolicy.policy,), rows, renewed)


def _delete_rows(policy_ids: Collection[int]) -> int:
    rows = [ApprovedPolicy.delete().where(ApprovedPolicy.policy.in_(some)).execute() for some in batched(policy_ids)]
    return sum(rows)


def _close_standing(
    approved: Mapping[int, Approved], differing: Collection[int], now: Mapping[int, StateNow], actor: Actor
) -> None:
    """Close the changes that stood: approved is what each policy is now, or an earlier difference counts no longer.

    One of a policy that still differs stays, if it is of what the policy is now.
    """
    closing: dict[ChangeState, list[int]] = {ChangeState.APPROVED: [], ChangeState.REPLACED: []}
    for some in batched(approved):
        rows = Change.select(Change.id, Change.policy, Change.after_mark).where(
            Change.policy.in_(some) & Change.state.in_(STANDING)
        )
        for change_id, policy_id, after_mark in rows.tuples():
            if policy_id not in differing:
                closing[ChangeState.APPROVED].append(change_id)
            elif after_mark != now[policy_id].mark:
                closing[ChangeState.REPLACED].append(change_id)
    decided = {"decided_by": actor.user_id, "decided_at": utcnow()}
    for state, ids in closing.items():
        for some in batched(ids):
            is_still = Change.id.in_(some) & Change.state.in_(STANDING)
            Change.update(state=state, **decided).where(is_still).execute()


def _open_differing(tenant: Tenant, differing: Mapping[int, Approved], now: Mapping[int, StateNow]) -> None:
    """Let each policy that is otherwise than approved have an open change, from the approved state to what it is."""
    rows = []
    for some in batched(sorted(differing)):
        newest = _newest_changes(some)
        for policy_id in some:
            right, state = differing[policy_id], now[policy_id]
            last = newest.get(policy_id)
            if last and last.state in STANDING:
                continue
            if last and (last.before_mark, last.after_mark) == (right.mark, state.mark):
                _open_again(last)
                continue
            rows.append(_difference(tenant, policy_id, right, state))
    for batch in batched(rows):
        Change.insert_many(batch).execute()


def _newest_changes(policy_ids: Sequence[int]) -> dict[int, Change]:
    ids = Change.select(pw.fn.MAX(Change.id)).where(Change.policy.in_(policy_ids)).group_by(Change.policy)
    return {change.policy_id: change for change in Change.select().where(Change.id.in_(ids))}


def _open_again(change: Change) -> None:
    """Open a change that says what the difference is. One in which only ignored fields differ is none."""
    Change.update(state=ChangeState.OPEN).where(
        (Change.id == change.id) & (Change.state != ChangeState.IGNORED)
    ).execute()


def _difference(tenant: Tenant, policy_id: int, right: Approved, now: StateNow) -> dict[str, Any]:
    """Return the row of a change that nobody has assessed yet."""
    kind = ChangeKind.CHANGED if now.is_there else ChangeKind.REMOVED
    return {
        "tenant": tenant.id,
        "policy": policy_id,
        "kind": ChangeKind.ADDED if right.is_absent else kind,
        "state": ChangeState.OPEN,
        "seen_at": now.at or utcnow(),
        "before": right.snapshot_id,
        "before_mark": right.mark,
        "after": now.snapshot_id,
        "after_mark": now.mark,
    }


# --- taking back -----------------------------------------------------------------------------------------------------


@transaction
def take_back_policy(policy: Policy, actor: Actor) -> None:
    """Take back what was approved of a policy. Raises Invalid where it was approved with its type or tenant."""
    scope = _scope_of(policy.tenant, policy.policy_type)
    if scope is not None:
        raise Invalid(
            "All policies of this type were approved, so one that is not would count as added. "
            "Take back what was approved of the whole, or approve this policy as it is."
        )
    _take_back(policy.tenant, [policy.id], actor, f"“{policy.name}”")


@transaction
def take_back_scope(tenant: Tenant, policy_type: str, actor: Actor) -> int:
    """Take back what was approved of a policy type, or of all of the tenant. Return of how many policies.

    Raises Invalid for a type of a tenant that was approved whole.
    """
    scopes = ApprovedScope.tenant == tenant
    if policy_type != WHOLE_TENANT:
        if ApprovedScope.select().where(scopes & (ApprovedScope.policy_type == WHOLE_TENANT)).exists():
            raise Invalid("The whole tenant was approved. Take that back, then approve the types that are right.")
        scopes &= ApprovedScope.policy_type == policy_type
    ApprovedScope.delete().where(scopes).execute()
    return _take_back(tenant, _ids_in_scope(tenant, [policy_type]), actor, policy_type or "the whole tenant")


def _scope_of(tenant: Tenant | int, policy_type: str) -> ApprovedScope | None:
    is_one = ApprovedScope.policy_type.in_([WHOLE_TENANT, policy_type])
    scope: ApprovedScope | None = ApprovedScope.get_or_none((ApprovedScope.tenant == tenant) & is_one)
    return scope


def _take_back(tenant: Tenant, policy_ids: Sequence[int], actor: Actor, what: str) -> int:
    """Forget what was approved, and what was accepted beside it: nothing of these policies is to be decided."""
    lock_rows(Policy, is_in(Policy.id, policy_ids))
    taken = _delete_rows(policy_ids)
    for some in batched(policy_ids):
        Acceptance.delete().where(Acceptance.policy.in_(some)).execute()
    for some in batched(policy_ids):
        standing = Change.policy.in_(some) & Change.state.in_(STANDING)
        Change.update(state=ChangeState.RECORDED, until=None).where(standing).execute()
    audit.record_of_tenant(Action.APPROVAL_TAKEN_BACK, actor, tenant, what=what, policies=taken)
    return taken
