"""Policies that became others, without Graph: a snapshot of a text, a change between two, settled as it is assessed."""

import hashlib

from db.changes import approved_states, decisions
from db.clock import utcnow
from db.models import Change, Content, Policy, Snapshot
from db.states import ChangeKind, PolicyState


def mark_of(text):
    return hashlib.sha256(text.encode()).hexdigest()


def seen(policy, text):
    """The policy was read, and says this now."""
    content, _ = Content.get_or_create(
        tenant=policy.tenant_id, fingerprint=mark_of(text), defaults={"sealed": b"x", "plain_bytes": 1}
    )
    Policy.update(state=PolicyState.PRESENT, gone_at=None, last_captured_at=utcnow()).where(
        Policy.id == policy.id
    ).execute()
    return Snapshot.create(
        tenant=policy.tenant_id, policy=policy, content=content, name=policy.name, proof={}, references={}
    )


def newest(policy):
    return Snapshot.select().where(Snapshot.policy == policy).order_by(Snapshot.id.desc()).first()


def record(policy, text, **columns):
    """A change of the policy to this text, or its removal (None), that nobody has assessed yet."""
    before = newest(policy)
    if text is None:
        Policy.update(state=PolicyState.GONE, gone_at=utcnow()).where(Policy.id == policy.id).execute()
    after = seen(policy, text) if text is not None else None
    kind = ChangeKind.REMOVED if text is None else ChangeKind.CHANGED if before else ChangeKind.ADDED
    return Change.create(
        **{
            "tenant": policy.tenant_id,
            "policy": policy,
            "kind": kind,
            "before": before,
            "before_mark": before and before.content.fingerprint,
            "after": after,
            "after_mark": after and mark_of(text),
            **columns,
        }
    )


def become(policy, text, *, only_ignored=False, **columns):
    """`record` it, and settle it as an assessment does. Texts that begin alike differ only in ignored fields."""
    change = record(policy, text, **columns)
    settle(change, only_ignored=only_ignored)
    return change


def settle(change, *, only_ignored=False):
    approved = approved_states.approved_for(change)
    equals = approved is not None and approved.mark == change.after_mark
    Change.update(assessed_at=utcnow(), severity="low").where(Change.id == change.id).execute()
    return decisions.settle(change, equals_approved=equals, differs_only_ignored=only_ignored)


def states(policy):
    """The states of the policy's changes, oldest first."""
    return [row[0] for row in Change.select(Change.state).where(Change.policy == policy).order_by(Change.id).tuples()]
