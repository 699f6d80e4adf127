"""Rolling out a version of a standard to a ring: `rollouts.step` goes on with one roll-out, and sends itself again.

This is no run: what is read and written in a tenant are ordinary runs of an ordinary restore. All state is in the rows
of the roll-out and its tenants. Any step may be the last: the scheduler's sweep sends one for what nobody goes on with.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial

import dramatiq

import config
from actors.queue.broker import broker
from actors.queue.enqueue import send
from actors.queue.queue_names import PRIORITY, UNDER_WAY
from actors.rollouts import rollout_notices, tenant_plans, tenant_writes
from actors.rollouts.soaking import offer_of, require_offered
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database, is_unreachable
from db.models import RollOut, RollOutTenant, Standard, StandardVersion
from db.notices.conditions import APPROVAL_WAIT
from db.restores import approvals
from db.rollouts import rollout_tenants, rollouts, taking_up
from db.standards import adoptions
from db.states import Outcome, Ring, RollOutKind, RollOutState, RollOutTenantState

logger = logging.getLogger(__name__)

S, T = RollOutState, RollOutTenantState
PAUSE = timedelta(seconds=2)
# Of a large ring so many are planned at a time: others' previews wait in the same queue.
PREVIEWS_AT_ONCE = 10
NO_PLAN = "Stopped by itself: no tenant has a plan that could be carried out. Each says why."
BROKEN = "Something went wrong inside Tenantkeep. The worker's log has the details."


def ask(
    standard: Standard,
    version: StandardVersion,
    ring: Ring,
    actor: Actor,
    *,
    kind: RollOutKind = RollOutKind.ROLL_OUT,
    early: str = "",
) -> RollOut:
    """Ask for a roll-out to the tenants of a ring: it is planned, and then somebody confirms it. Raises Invalid.

    `early`: why it may come before the time of looking is over; "": it may not.
    """
    reason = approvals.clean_reason(early)
    if not reason:
        require_offered(offer_of(standard, version, ring, kind))
    tenant_ids = [adoption.tenant_id for adoption in adoptions.followers(standard, ring)]
    rollout = rollouts.create(standard, version, ring, kind, tenant_ids, actor, early=reason)
    enqueue(rollout)
    return rollout


def confirm(rollout: RollOut, actor: Actor, reason: str, *, tenants: str | int, plan: str | None = None) -> None:
    """Let a ring's plans be carried out. Raises Invalid.

    `tenants`: how many it writes to, as the person said it. `plan`: the plans' fingerprint as the person has seen them.
    """
    eyes, hours = config.settings().rollout_four_eyes, config.settings().plan_hours
    rollouts.confirm(rollout, actor, reason, tenants=tenants, plan=plan, four_eyes=eyes, hours=hours)
    enqueue(rollout)


def take_up(rollout: RollOut, actor: Actor) -> None:
    """Plan a roll-out that stopped anew, for the tenants that are left; then somebody confirms it. Raises Invalid."""
    taking_up.take_up(rollout, actor)
    enqueue(rollout)


def preview_again(rollout: RollOut, actor: Actor) -> None:
    rollouts.preview_again(rollout, actor)
    enqueue(rollout)


def pause(rollout: RollOut, actor: Actor) -> None:
    rollouts.pause(rollout, actor)
    enqueue(rollout)


def go_on(rollout: RollOut, actor: Actor) -> None:
    rollouts.go_on(rollout, actor)
    enqueue(rollout)


def stop(rollout: RollOut, actor: Actor, reason: str) -> None:
    rollouts.stop(rollout, actor, reason)
    enqueue(rollout)


def roll_back(rollout: RollOut, actor: Actor, reason: str) -> None:
    """Undo every restore of it, the newest first, in some tenants at a time. Raises Invalid."""
    rollouts.begin_roll_back(rollout, actor, reason)
    enqueue(rollout)


# --- steps -----------------------------------------------------------------------------------------------------------


def enqueue(rollout: RollOut) -> bool:
    """Have a worker go on with it. Call it after the commit of what there is to do."""
    return send(go_on_with, delay_ms=int(PAUSE.total_seconds() * 1000), rollout_id=rollout.id)


@dramatiq.actor(broker=broker, actor_name="rollouts.step", queue_name=UNDER_WAY, priority=PRIORITY[UNDER_WAY])
def go_on_with(*, rollout_id: int) -> None:
    """Take one step, and have the next one taken, unless there is nothing to do, or another has just done so."""
    rollout = rollouts.take_step(rollout_id, PAUSE / 2)
    if rollout is None:
        return
    try:
        step(rollout)
    finally:
        rollouts.release(rollout)
    enqueue(rollout)


def left_alone(_apart: Iterable[int]) -> list[RollOut]:
    """Return what the sweep sends again: a message was lost, or a worker died."""
    return rollouts.left_alone(utcnow())


def step(rollout: RollOut) -> None:
    """Go on with each of its tenants as far as is known what to do."""
    if rollout.state == S.PREVIEWING:
        _plan(rollout)
    elif rollout.state == S.RUNNING:
        _write(rollout)
    elif rollout.state == S.ROLLING_BACK:
        _undo(rollout)
    else:
        _follow_begun(rollout)


def _plan(rollout: RollOut) -> None:
    _for_each(rollout, _of(rollout, T.PREVIEWING), partial(tenant_plans.follow, rollout))
    free = PREVIEWS_AT_ONCE - len(_of(rollout, T.PREVIEWING))
    _for_each(rollout, _of(rollout, T.WAITING)[: max(free, 0)], partial(tenant_plans.draft, rollout))
    if _of(rollout, T.WAITING, T.PREVIEWING):
        return
    if _of(rollout, T.PREVIEWED, T.OBJECTED):
        with database.atomic():
            if rollouts.move(rollout, [S.PREVIEWING], S.PREVIEWED):
                rollout_notices.asked(rollout)
    else:
        _end_without_plans(rollout)


def _end_without_plans(rollout: RollOut) -> None:
    """End what has nothing that somebody could confirm. Where a tenant has not got it, it may be taken up again."""
    if all(map(_has_all_of_it, rollout_tenants.all_of(rollout))):
        _end(rollout, S.PREVIEWING, S.FINISHED)
    else:
        _stop_by_itself(rollout, S.PREVIEWING, NO_PLAN)


def _has_all_of_it(part: RollOutTenant) -> bool:
    return part.state == T.DONE or part.message == tenant_plans.ALL_AS_WANTED


def _write(rollout: RollOut) -> None:
    _follow_begun(rollout)
    if _stops(rollout):
        return
    _for_each(rollout, _of(rollout, T.PREVIEWING), partial(tenant_plans.follow, rollout))
    _for_each(rollout, _of(rollout, T.WAITING), partial(tenant_plans.draft, rollout))
    _begin_some(rollout)
    if not _of(rollout, T.WAITING, T.PREVIEWING, T.PREVIEWED, T.WRITING) and not _stops(rollout):
        _end(rollout, S.RUNNING, S.FINISHED)


def _follow_begun(rollout: RollOut) -> None:
    _for_each(rollout, _of(rollout, T.WRITING), partial(tenant_writes.follow, rollout))


def _begin_some(rollout: RollOut) -> None:
    """Begin in as many tenants as may be written at once. One that waits for people holds up no other."""
    writing = [part for part in _of(rollout, T.WRITING) if not part.message.startswith(APPROVAL_WAIT)]
    free = rollout.at_once - len(writing)
    for part in _of(rollout, T.PREVIEWED):
        if free <= 0 or not _is_still(rollout, S.RUNNING):
            return
        free -= sum(map(bool, _for_each(rollout, [part], partial(tenant_writes.begin, rollout))))


def _undo(rollout: RollOut) -> None:
    _for_each(rollout, _of(rollout, T.UNDOING), partial(tenant_writes.follow_undo, rollout))
    left = [part for part in _of(rollout, *rollout_tenants.WRITTEN) if part.undo_id is None]
    free = rollout.at_once - len(_of(rollout, T.UNDOING))
    newest_first = sorted(left, key=lambda part: part.restore_id or 0, reverse=True)
    _for_each(rollout, newest_first[: max(free, 0)], tenant_writes.begin_undo)
    still = [part for part in _of(rollout, *rollout_tenants.WRITTEN) if part.undo_id is None and part.message != BROKEN]
    if not still and not _of(rollout, T.UNDOING):
        _end(rollout, S.ROLLING_BACK, S.ROLLED_BACK)


def _of(rollout: RollOut, *states: RollOutTenantState) -> list[RollOutTenant]:
    return rollout_tenants.of_states(rollout, states)


def _is_still(rollout: RollOut, state: RollOutState) -> bool:
    return bool(RollOut.get_by_id(rollout.id).state == state)


def _for_each(rollout: RollOut, parts: Iterable[RollOutTenant], do: Callable[[RollOutTenant], object]) -> list[object]:
    """Do it for each tenant, and return what came of it. What goes wrong in one holds up no other."""
    results: list[object] = []
    for part in parts:
        part.rollout = rollout
        try:
            results.append(do(part))
        except Exception as e:
            if is_unreachable(e):
                raise
            logger.exception("a tenant of a roll-out failed", extra={"rollout": rollout.id, "tenant": part.tenant_id})
            rollout_tenants.move(part, list(T), T.FAILED, message=BROKEN)
        rollouts.hold(rollout)
    return results


# --- ending ----------------------------------------------------------------------------------------------------------


def _stops(rollout: RollOut) -> bool:
    """Stop where too large a share failed, or conflicts with what somebody did since. Return whether it has stopped.

    What was known when the ring was confirmed does not count: somebody has seen it.
    """
    why = share_that_failed(rollout)
    if why:
        _stop_by_itself(rollout, S.RUNNING, why)
    return bool(why)


def _stop_by_itself(rollout: RollOut, expected: RollOutState, why: str) -> None:
    if rollouts.stop_by_itself(rollout, expected, why):
        rollout_notices.stopped(rollout, why)


def share_that_failed(rollout: RollOut) -> str:
    """Return why the roll-out may not go on, or "" while it may."""
    confirmed = [part for part in rollout_tenants.all_of(rollout) if part.confirmed_mark is not None]
    failed = sum(part.state == T.FAILED for part in confirmed)
    if failed and failed * 100 > rollout.stop_percent * len(confirmed):
        return f"Stopped by itself: {failed} of {len(confirmed)} tenants failed, more than {rollout.stop_percent} %."
    counts = rollout_tenants.total_counts(confirmed)
    bad = sum(counts.get(str(name), 0) for name in (*tenant_writes.FAILURES, Outcome.CONFLICT))
    items = sum(count for name, count in counts.items() if name not in tenant_plans.NO_ITEMS)
    if bad and bad * 100 > rollout.stop_percent * items:
        return (
            f"Stopped by itself: {bad} of {items} policies failed or were changed meanwhile, more than "
            f"{rollout.stop_percent} %."
        )
    return ""


def _end(rollout: RollOut, expected: RollOutState, state: RollOutState) -> None:
    if rollouts.end(rollout, expected, state):
        rollout_notices.ended(rollout)
