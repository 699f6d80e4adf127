"""Roll-outs: asked for, planned, confirmed, carried out, ended. Every change of state is one UPDATE that names what it
expects.

    previewing -> previewed --confirm--> running <-> paused
                      |                     |          |
                  cancelled         finished | stopped  -> rolling back -> rolled back

One that has no plan of any tenant waits for nobody: it stops, or is finished where each has all that it brings.
A roll-out that stopped may be planned once more for the tenants that are left (taking_up.py).
What becomes of each tenant is in db/rollouts/rollout_tenants.py.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import Condition, lock_rows, transaction
from db.errors import Invalid
from db.models import RollOut, RollOutTenant, Standard, StandardVersion
from db.restores import approvals
from db.rollouts import rollout_tenants
from db.states import Ring, RollOutKind, RollOutState, RollOutTenantState

S, T = RollOutState, RollOutTenantState
# Not ended: no other of the same standard and ring begins meanwhile.
OPEN = (S.PREVIEWING, S.PREVIEWED, S.RUNNING, S.PAUSED, S.ROLLING_BACK)
# A worker has something to do for these.
AT_WORK = (S.PREVIEWING, S.RUNNING, S.ROLLING_BACK)
# What was begun in a tenant goes on to its end in these, too.
AT_REST = (S.PAUSED, S.STOPPED)
MAY_ROLL_BACK = (S.PAUSED, S.STOPPED, S.FINISHED)
# Longer than any pause between two steps: one that nobody goes on with is found by then.
LEFT_AFTER = timedelta(seconds=60)
# Longer than what a step does for one tenant: until then no other worker takes a step of the same roll-out.
HELD = timedelta(seconds=30)
ROLLED_BACK = "Rolled back: {sentence}"
OTHER_COUNT = "To confirm, say how many tenants have a plan: {count}. Look at the plans before."
ARCHIVED = "This standard is archived: nothing of it is rolled out any more."
NO_REASON = "Say why: a ticket or a sentence. Everybody reads it who sees this roll-out."


def subject(rollout: RollOut) -> str:
    """Return what the audit log calls it."""
    return f"roll-out {rollout.id}"


@transaction
def create(
    standard: Standard,
    version: StandardVersion,
    ring: Ring,
    kind: RollOutKind,
    tenant_ids: Sequence[int],
    actor: Actor,
    *,
    early: str = "",
) -> RollOut:
    """Create a roll-out to these tenants, to be planned. Raises Invalid.

    `early`: why the time of looking at the ring before need not pass.
    """
    lock_rows(Standard, Standard.id == standard.id)
    now = Standard.get_by_id(standard.id)
    if now.archived_at is not None:
        raise Invalid(ARCHIVED)
    if version.standard_id != standard.id:
        raise Invalid("That version is another standard's.")
    if not tenant_ids:
        raise Invalid(f"No tenant follows this standard in the ring “{ring}”.")
    is_open = (RollOut.standard == standard) & (RollOut.ring == ring) & RollOut.state.in_(OPEN)
    other = RollOut.select(RollOut.id).where(is_open).first()
    if other:
        raise Invalid(f"Roll-out {other.id} to this ring is not ended: carry it out, or stop it, before the next one.")
    rollout: RollOut = RollOut.create(
        standard=standard,
        version=version,
        ring=ring,
        kind=kind,
        stop_percent=now.stop_percent,
        at_once=now.at_once,
        asked_by=actor.user_id,
    )
    rollout_tenants.add(rollout, tenant_ids)
    audit.record(
        Action.ROLLOUT_ASKED,
        actor,
        subject(rollout),
        standard=now.name,
        version=version.number,
        ring=str(ring),
        kind=str(kind),
        tenants=len(tenant_ids),
        early=early or None,
    )
    return rollout


def move(rollout: RollOut, expected: Sequence[RollOutState], state: RollOutState, **columns: Any) -> bool:
    """Change the state, and other columns with it, if it is still one of these. Return whether it was."""
    is_still = (RollOut.id == rollout.id) & RollOut.state.in_(list(expected))
    changes = {"state": state, "acted_at": utcnow(), **columns}
    if RollOut.update(**changes).where(is_still).execute() != 1:
        return False
    for name, value in changes.items():
        setattr(rollout, name, value)
    return True


def move_or_refuse(rollout: RollOut, expected: Sequence[RollOutState], state: RollOutState, **columns: Any) -> None:
    """Change the state as `move` does. Raises Invalid where it is another one by now."""
    if not move(rollout, expected, state, **columns):
        now = RollOut.get_by_id(rollout.id).state
        raise Invalid(f"This roll-out is {str(now).replace('_', ' ')} by now. Look at it again.")


@transaction
def confirm(
    rollout: RollOut,
    actor: Actor,
    reason: str,
    *,
    tenants: str | int,
    plan: str | None,
    four_eyes: bool,
    hours: int,
) -> None:
    """Let the plans of the ring be carried out, just as they are. Raises Invalid.

    `tenants`: how many it writes to, as the person said it. `plan`: the fingerprint of all plans that they have seen;
    None: nobody looked at a page. `four_eyes`: somebody other than who asked has to confirm. `hours`: so old may a
    plan be.
    """
    lock_rows(RollOut, RollOut.id == rollout.id)
    now = RollOut.get_by_id(rollout.id)
    sentence = approvals.clean_reason(reason)
    if not sentence:
        raise Invalid(NO_REASON)
    if four_eyes:
        _require_another_person(now, actor)
    planned = rollout_tenants.planned(now)
    to_write = [part for part in planned if part.state == T.PREVIEWED]
    if not to_write:
        raise Invalid("No tenant of this ring has a plan that could be carried out.")
    if str(tenants).strip() != str(len(to_write)):
        raise Invalid(OTHER_COUNT.format(count=len(to_write)))
    if plan is not None and plan != rollout_tenants.plans_fingerprint(planned):
        raise Invalid("The plans are others since you looked at them. Look at them as they are now.")
    rollout_tenants.require_fresh(to_write, timedelta(hours=hours))
    move_or_refuse(
        rollout,
        [S.PREVIEWED],
        S.RUNNING,
        reason=sentence,
        confirmed_by=actor.user_id,
        confirmed_at=utcnow(),
        started_at=now.started_at or utcnow(),
        message="",
    )
    rollout_tenants.mark_confirmed(planned)
    counts = rollout_tenants.total_counts(to_write)
    audit.record(
        Action.ROLLOUT_CONFIRMED, actor, subject(rollout), reason=sentence, tenants=len(to_write), counts=counts
    )


def _require_another_person(rollout: RollOut, actor: Actor) -> None:
    if actor.user_id is None:
        raise Invalid(
            "A roll-out is confirmed by a second person, in the browser or with a token of theirs "
            "(TENANTKEEP_ROLLOUT_FOUR_EYES)."
        )
    if actor.user_id == rollout.asked_by_id:
        raise Invalid("You asked for this roll-out: somebody else has to confirm it (TENANTKEEP_ROLLOUT_FOUR_EYES).")


@transaction
def preview_again(rollout: RollOut, actor: Actor) -> None:
    """Have all plans made anew, before they are confirmed. Raises Invalid."""
    move_or_refuse(rollout, [S.PREVIEWED], S.PREVIEWING, message="")
    rollout_tenants.plan_all_again(rollout)
    audit.record(Action.ROLLOUT_PLANNED_AGAIN, actor, subject(rollout))


@transaction
def pause(rollout: RollOut, actor: Actor) -> None:
    """Begin in no further tenant until somebody lets it go on. What was begun goes on to its end. Raises Invalid."""
    move_or_refuse(rollout, [S.RUNNING], S.PAUSED, message="Paused.")
    audit.record(Action.ROLLOUT_PAUSED, actor, subject(rollout))


@transaction
def go_on(rollout: RollOut, actor: Actor) -> None:
    """Let it go on after a pause. Raises Invalid."""
    move_or_refuse(rollout, [S.PAUSED], S.RUNNING, message="")
    audit.record(Action.ROLLOUT_WENT_ON, actor, subject(rollout))


@transaction
def stop(rollout: RollOut, actor: Actor, reason: str) -> None:
    """End it: nothing further begins. What was written stays; what was begun goes on to its end. Raises Invalid."""
    sentence = approvals.clean_reason(reason)
    if not sentence:
        raise Invalid(NO_REASON)
    now = RollOut.get_by_id(rollout.id)
    is_planned = now.state in (S.PREVIEWING, S.PREVIEWED)
    # One that was taken up again may have written before: it stays to be rolled back.
    state = S.CANCELLED if is_planned and now.started_at is None else S.STOPPED
    expected = [S.PREVIEWING, S.PREVIEWED] if is_planned else [S.RUNNING, S.PAUSED]
    move_or_refuse(rollout, expected, state, ended_at=utcnow(), message=f"Stopped by {actor.name}: {sentence}"[:1000])
    rollout_tenants.leave_rest_out(rollout, "The roll-out was stopped before its turn.")
    audit.record(Action.ROLLOUT_STOPPED, actor, subject(rollout), reason=sentence, by_itself=False)


@transaction
def stop_by_itself(rollout: RollOut, expected: RollOutState, why: str) -> bool:
    """Stop what fails too often, or has no plan. Return whether it was still as expected."""
    if not move(rollout, [expected], S.STOPPED, ended_at=utcnow(), message=why[:1000]):
        return False
    rollout_tenants.leave_rest_out(rollout, "The roll-out stopped by itself before its turn.")
    audit.record(Action.ROLLOUT_STOPPED, SYSTEM, subject(rollout), reason=why, by_itself=True)
    return True


@transaction
def begin_roll_back(rollout: RollOut, actor: Actor, reason: str) -> None:
    """Have every restore of it undone, the newest first. Raises Invalid."""
    sentence = approvals.clean_reason(reason)
    if not sentence:
        raise Invalid(NO_REASON)
    lock_rows(RollOut, RollOut.id == rollout.id)
    if rollout_tenants.of_states(rollout, [T.WRITING]):
        raise Invalid("It is still being written in a tenant: roll back when that has ended.")
    if not rollout_tenants.of_states(rollout, rollout_tenants.WRITTEN):
        raise Invalid("Nothing was written by it: there is nothing to roll back.")
    message = ROLLED_BACK.format(sentence=sentence)
    move_or_refuse(rollout, MAY_ROLL_BACK, S.ROLLING_BACK, ended_at=None, message=message)
    rollout_tenants.leave_rest_out(rollout, "The roll-out was rolled back before its turn.")
    audit.record(Action.ROLLOUT_ROLLED_BACK, actor, subject(rollout), reason=sentence)


def why_rolled_back(rollout: RollOut) -> str:
    """Return why it is rolled back, as the person typed it."""
    return str(rollout.message).removeprefix(ROLLED_BACK.format(sentence=""))


@transaction
def end(rollout: RollOut, expected: RollOutState, state: RollOutState) -> bool:
    """End it. Return whether it was still as expected."""
    if not move(rollout, [expected], state, ended_at=utcnow()):
        return False
    counts = rollout_tenants.count_by_state(rollout)
    audit.record(Action.ROLLOUT_ENDED, SYSTEM, subject(rollout), state=str(state), tenants=counts)
    return True


# --- going on --------------------------------------------------------------------------------------------------------


def take_step(rollout_id: int, pause: timedelta) -> RollOut | None:
    """Return the roll-out if there is something to do for it, and nobody did so just now.

    It is held for one step of the caller's, who calls `hold` after each tenant and `release` at the end. A worker that
    died holds it for no longer than HELD.
    """
    now = utcnow()
    is_free = (RollOut.acted_at <= now - pause) | _is_held_too_long(now)
    is_mine = (RollOut.id == rollout_id) & is_free & _has_work()
    if RollOut.update(acted_at=now + HELD).where(is_mine).execute() != 1:
        return None
    rollout: RollOut = RollOut.get_by_id(rollout_id)
    return rollout


def hold(rollout: RollOut) -> None:
    """Hold it on, in the middle of a long step. One that somebody else acted on meanwhile is left as it is."""
    _act_at(rollout, utcnow() + HELD)


def release(rollout: RollOut) -> None:
    """Let the next step be taken."""
    _act_at(rollout, utcnow())


def _act_at(rollout: RollOut, at: datetime) -> None:
    is_held = (RollOut.id == rollout.id) & (RollOut.acted_at > utcnow())
    RollOut.update(acted_at=at).where(is_held).execute()


def _has_work() -> Condition:
    begun = (RollOutTenant.rollout == RollOut.id) & (RollOutTenant.state == T.WRITING)
    is_begun = pw.fn.EXISTS(RollOutTenant.select(RollOutTenant.id).where(begun))
    return RollOut.state.in_(list(AT_WORK)) | (RollOut.state.in_(list(AT_REST)) & is_begun)


def _is_held_too_long(now: datetime) -> Condition:
    """Return the condition that it is held for longer than any, by a clock that was set back since."""
    return RollOut.acted_at > now + 2 * HELD


def left_alone(now: datetime, limit: int = 50) -> list[RollOut]:
    """Return those that have something to do, and that nobody went on with for a while."""
    is_left = (RollOut.acted_at < now - LEFT_AFTER) | _is_held_too_long(now)
    is_left &= RollOut.state.in_([*AT_WORK, *AT_REST]) & _has_work()
    return list(RollOut.select().where(is_left).order_by(RollOut.acted_at).limit(limit))


# --- lists -----------------------------------------------------------------------------------------------------------


def find(number: int) -> RollOut | None:
    """Return a roll-out with its standard and version."""
    query = RollOut.select(RollOut, Standard, StandardVersion).join(Standard).switch(RollOut).join(StandardVersion)
    found: RollOut | None = query.where(RollOut.id == number).first()
    return found


def listed(
    tenant_ids: Sequence[int] | None, limit: int, standard: Standard | None = None, offset: int = 0
) -> list[RollOut]:
    """Return roll-outs that reach one of these tenants, the newest first; None: all."""
    query = RollOut.select(RollOut, Standard, StandardVersion).join(Standard).switch(RollOut).join(StandardVersion)
    if tenant_ids is not None:
        query = query.where(RollOut.id.in_(rollout_tenants.ids_that_reach(tenant_ids)))
    if standard is not None:
        query = query.where(RollOut.standard == standard)
    return list(query.order_by(RollOut.id.desc()).limit(limit).offset(offset))


def newest_of_ring(version: StandardVersion, ring: Ring, kind: RollOutKind) -> RollOut | None:
    """Return the newest roll-out of this version to this ring that was not cancelled."""
    is_it = (RollOut.version == version) & (RollOut.ring == ring) & (RollOut.kind == kind)
    found: RollOut | None = (
        RollOut.select().where(is_it & (RollOut.state != S.CANCELLED)).order_by(RollOut.id.desc()).first()
    )
    return found
