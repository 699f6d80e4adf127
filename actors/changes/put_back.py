"""Putting changes back: a restore of what was approved of the policies; where nothing was, of what they were before.

It is a restore like any other: previewed, looked at, carried out, and it can be undone. Graph is not asked here.
"""

from collections.abc import Sequence

from actors.plans import drafts
from db.audit.audit import Actor
from db.changes import approved_states
from db.errors import Invalid
from db.models import Change, Restore
from db.states import ChangeKind

WAS_ADDED = (
    "This policy was added, and a restore removes only what a restore made. Delete it in the tenant if it must go: "
    "the change closes by itself when it is gone. Or accept it, or approve it."
)
MADE_BY_US = "A restore made this policy. Undo that restore, and the policy goes."
NOT_KEPT = "What the policy was before is no longer kept, so it cannot be put back."


def right_snapshot(change: Change) -> int:
    """Return the snapshot that putting the change back would write. Raises Invalid, with what is possible instead."""
    approved = approved_states.approved_for(change)
    snapshot_id: int | None = approved.snapshot_id if approved else change.before_id
    if snapshot_id is not None:
        return snapshot_id
    was_absent = approved.is_absent if approved else change.kind == ChangeKind.ADDED
    if was_absent:
        raise Invalid(MADE_BY_US if change.restore_id else WAS_ADDED)
    raise Invalid(NOT_KEPT)


def why_not(change: Change) -> str:
    """Return why the change cannot be put back, and what is possible instead; "": it can."""
    try:
        right_snapshot(change)
    except Invalid as e:
        return str(e)
    return ""


def draft(changes: Sequence[Change], actor: Actor) -> Restore:
    """Draft a restore that puts changes of one tenant back. Raises Invalid if one cannot be."""
    tenant = changes[0].tenant
    if any(change.tenant_id != tenant.id for change in changes):
        raise Invalid("Choose changes of one tenant: a restore writes to one.")
    return drafts.put_back({right_snapshot(change) for change in changes}, tenant, actor)
