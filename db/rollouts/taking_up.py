"""Taking up a roll-out that stopped: the tenants in which nothing was written are planned anew, and confirmed anew.

    stopped --take_up--> previewing -> previewed --confirm--> running

What was written before stays, and can be rolled back with the rest. What failed before does not stop it again.
"""

from collections.abc import Iterable
from typing import Any

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import lock_rows, transaction
from db.errors import Invalid
from db.models import RollOut, RollOutTenant, Run, Standard, StandardAdoption
from db.rollouts import rollout_tenants, rollouts
from db.sql.value_lists import is_in
from db.states import RollOutState, RollOutTenantState, RunKind

S, T = RollOutState, RollOutTenantState
STILL_WRITING = "It is still being written in a tenant: take it up when that has ended."
NOTHING_LEFT = "No tenant is left in which nothing was written: ask for another roll-out."
NEWER = "Roll-out {number} to this ring came after it: ask for another one."


@transaction
def take_up(rollout: RollOut, actor: Actor) -> int:
    """Have the tenants that are left planned anew. Return how many tenants are left. Raises Invalid.

    Whoever does it has asked for it from now on: with four eyes somebody else confirms it. A tenant that follows the
    standard in another ring by now is not among them, and one whose manager objects stays left alone.
    """
    lock_rows(Standard, Standard.id == rollout.standard_id)
    lock_rows(RollOut, RollOut.id == rollout.id)
    _require_may_begin(rollout)
    asked = {"asked_by": actor.user_id, "asked_at": utcnow(), "confirmed_by": None, "confirmed_at": None, "reason": ""}
    rollouts.move_or_refuse(rollout, [S.STOPPED], S.PREVIEWING, ended_at=None, message="", **asked)
    left = _left(rollout)
    if not left:
        raise Invalid(NOTHING_LEFT)
    # What became of the tenants before was seen by whoever took it up: it no longer counts (share_that_failed).
    RollOutTenant.update(confirmed_mark=None).where(RollOutTenant.rollout == rollout).execute()
    rollout_tenants.cancel_unused(part.restore_id for part in left if part.restore_id)
    for part in left:
        is_objected = part.objection and part.overridden_by_id is None
        news: dict[str, Any] = {"restore": None, "counts": {}, "conflicts": [], "message": ""}
        rollout_tenants.move(part, [part.state], T.OBJECTED if is_objected else T.WAITING, **news)
    audit.record(Action.ROLLOUT_TAKEN_UP, actor, rollouts.subject(rollout), tenants=len(left))
    return len(left)


def can_take_up(rollout: RollOut) -> bool:
    """Tell whether it stopped, and leaves tenants in which nothing was written."""
    return rollout.state == S.STOPPED and bool(_left(rollout)) and _newer(rollout) is None


def _require_may_begin(rollout: RollOut) -> None:
    if Standard.get_by_id(rollout.standard_id).archived_at is not None:
        raise Invalid(rollouts.ARCHIVED)
    if rollout_tenants.of_states(rollout, [T.WRITING]):
        raise Invalid(STILL_WRITING)
    newer = _newer(rollout)
    if newer is not None:
        raise Invalid(NEWER.format(number=newer.id))


def _newer(rollout: RollOut) -> RollOut | None:
    """Return a roll-out to the ring that was asked for later: an older one must not take back what it brought."""
    is_of_ring = (RollOut.standard == rollout.standard_id) & (RollOut.ring == rollout.ring)
    is_later = is_of_ring & (RollOut.id > rollout.id) & (RollOut.state != S.CANCELLED)
    newer: RollOut | None = RollOut.select(RollOut.id).where(is_later).order_by(RollOut.id.desc()).first()
    return newer


def _left(rollout: RollOut) -> list[RollOutTenant]:
    """Return the tenants that follow in this ring still, and in which nothing was written."""
    parts = rollout_tenants.of_states(rollout, [T.LEFT_OUT, T.FAILED])
    begun = _begun(part.restore_id for part in parts if part.restore_id)
    is_of_ring = (StandardAdoption.standard == rollout.standard_id) & (StandardAdoption.ring == rollout.ring)
    followers = StandardAdoption.select(StandardAdoption.tenant).where(is_of_ring).tuples()
    of_ring = {tenant_id for (tenant_id,) in followers}
    return [part for part in parts if part.restore_id not in begun and part.tenant_id in of_ring]


def _begun(restore_ids: Iterable[int]) -> set[int]:
    """Return the restores whose live run began: they may have written, so they are kept to be undone."""
    is_live = is_in(Run.restore_id, list(restore_ids)) & (Run.kind == RunKind.RESTORE)
    return {restore_id for (restore_id,) in Run.select(Run.restore_id).where(is_live).tuples()}
