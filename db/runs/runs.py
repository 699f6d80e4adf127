"""The run's state machine; its end is in db/runs/completion.py. Each change is one UPDATE that names the state it
expects.

Every write of a claimed run and of its items names the claim's token, and raises ClaimLost where it matches no row:
docs/decisions/0005-claims.md.

    queued --claim--> running --finish--> succeeded | partial | failed | cancelled
              ^          |
              |          +--wait--> running, unclaimed, resume_at set
              +-- the scheduler sends again whatever is queued, due or abandoned (db/recovery/lost_runs.py)
"""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database, lock_rows
from db.models import IS_ACTIVE, Policy, Run, RunItem, Tenant, User
from db.runs import notifications
from db.sql import value_lists
from db.sql.value_lists import is_in
from db.states import UNSETTLED, ItemState, Outcome, RunKind, RunState
from db.tenants import tenants

# A worker beats every BEAT_SECONDS; one that missed STALE_SECONDS of beats has lost its claim.
BEAT_SECONDS = 4
STALE_SECONDS = 15
# Crashes and unexpected errors a run may go through before it is given up: a poison policy must not loop for ever.
MAX_ATTEMPTS = 5
# May start in a tenant that is switched off: it has to be mended before it is switched on.
KINDS_ALLOWED_WHEN_OFF = (RunKind.CREDENTIAL,)


class ClaimLost(Exception):
    """Another message has this run now, or it has ended. Stop; whatever you did is not recorded."""


class AlreadySettled(Exception):
    """The claim holds, and yet an item was settled before: a defect of ours. The run is tried again without it."""


@dataclass(frozen=True)
class StartedRun:
    run: Run
    is_new: bool


@dataclass(frozen=True)
class NewRunItem:
    policy_type: str
    name: str
    policy_id: int | None = None
    graph_id: str | None = None
    # Settled before it began: its list shows that this snapshot still holds.
    unchanged_id: int | None = None
    restore_item_id: int | None = None


@dataclass
class Claim:
    run: Run
    token: str
    # Something was read, settled or written under it: a run that waits again and again without is stuck.
    has_got_on: bool = False


def start(
    *,
    tenant: Tenant,
    kind: RunKind,
    dedupe_key: str,
    items: Sequence[NewRunItem],
    actor: Actor,
    policy: Policy | None = None,
    retry_of: Run | None = None,
    restore_id: int | None = None,
    is_quiet: bool = False,
) -> StartedRun:
    """Make a run with its items, notifications and audit event, or find the active one of the same key.

    `is_quiet`: it is housekeeping, of which nobody is told, and no event says that it was asked for.
    Raises SwitchedOff when nothing may start in the tenant.
    """
    # The winner may end between our INSERT and our SELECT: then the key is free again and we try once more.
    for _ in range(20):
        with database.atomic():
            tenants.lock_switched_on(tenant, even_off=kind in KINDS_ALLOWED_WHEN_OFF)
            run = _insert(tenant, kind, dedupe_key, len(items), actor, policy, retry_of, restore_id)
            if run:
                add_items(run, items)
                if not is_quiet:
                    _announce(run, actor)
                return StartedRun(run, is_new=True)
        active = find_active(dedupe_key)
        if active:
            add_follower(active, actor)
            return StartedRun(active, is_new=False)
    raise RuntimeError(f"{dedupe_key} neither starts nor runs")


def _announce(run: Run, actor: Actor) -> None:
    notifications.notify_recipients(run)
    audit.record(Action.RUN_REQUESTED, actor, f"run {run.id}", tenant=run.tenant, kind=run.kind, origin=actor.origin)


def _insert(
    tenant: Tenant,
    kind: RunKind,
    dedupe_key: str,
    total: int,
    actor: Actor,
    policy: Policy | None,
    retry_of: Run | None,
    restore_id: int | None,
) -> Run | None:
    # RETURNING tells an ignored insert from a real one; without it SQLite answers the previous row's id.
    rows = (
        Run.insert(
            tenant=tenant,
            kind=kind,
            dedupe_key=dedupe_key,
            policy=policy,
            requested_by=actor.user_id,
            origin=actor.origin,
            total=total,
            retry_of=retry_of,
            restore_id=restore_id,
        )
        .on_conflict_ignore()
        .returning(Run.id)
        .tuples()
        .execute()
    )
    found = [row[0] for row in rows]
    return Run.get_by_id(found[0]) if found else None


def add_items(run: Run, items: Sequence[NewRunItem]) -> None:
    """To a whole run, or to the part that it is."""
    now = utcnow()
    rows = [
        {
            "run": run.parent_id or run.id,
            "part": run.part,
            "policy_type": item.policy_type,
            "name": item.name,
            "policy": item.policy_id,
            "graph_id": item.graph_id,
            "state": ItemState.DONE if item.unchanged_id else ItemState.PENDING,
            "outcome": Outcome.UNCHANGED if item.unchanged_id else None,
            "snapshot": item.unchanged_id,
            "ended_at": now if item.unchanged_id else None,
            "restore_item_id": item.restore_item_id,
        }
        for item in items
    ]
    for some in value_lists.batched(rows):
        RunItem.insert_many(some).execute()


def add_item(run: Run, item: NewRunItem) -> RunItem:
    """As `add_items`, for one that is settled at once."""
    whole = run.parent_id or run.id
    return RunItem.create(run=whole, part=run.part, policy_type=item.policy_type, name=item.name[:1000])


def add_follower(run: Run, actor: Actor) -> None:
    """Who asked for it and found it under way follows it as well."""
    if actor.user_id is not None:
        notifications.notify_user(run, User.get_by_id(actor.user_id))


def find_active(dedupe_key: str) -> Run | None:
    return Run.get_or_none((Run.dedupe_key == dedupe_key) & IS_ACTIVE)


def mark_enqueued(run_ids: Collection[int]) -> None:
    """Their messages are in a queue now."""
    if run_ids:
        Run.update(enqueued_at=utcnow()).where(Run.id.in_(list(run_ids)) & IS_ACTIVE).execute()


def is_active(run_id: int) -> bool:
    return Run.select().where((Run.id == run_id) & IS_ACTIVE).exists()


def active_ids(run_ids: Iterable[int]) -> set[int]:
    active: Any = Run.select(Run.id).where(is_in(Run.id, run_ids) & IS_ACTIVE)
    return {row[0] for row in active.tuples()}


def find_run(run_id: int) -> Run | None:
    """The run of this number. None: there is none, for a part of one is none."""
    found: Run | None = Run.get_or_none((Run.id == run_id) & Run.parent.is_null())
    return found


def take_claim(run_id: int, kind: RunKind) -> Claim | None:
    """Take a run that is queued, or that is running and held by nobody. None: there is nothing to do here.

    `kind`: of what the message is about. A run of another kind is not meant, whatever its id.
    """
    now, token = utcnow(), secrets.token_hex(16)
    unheld = (Run.state == RunState.RUNNING) & Run.claimed_by.is_null()
    taken = (
        Run.update(
            state=RunState.RUNNING,
            claimed_by=token,
            heartbeat_at=now,
            waiting=None,
            resume_at=None,
            started_at=pw.fn.COALESCE(Run.started_at, now),
        )
        .where((Run.id == run_id) & (Run.kind == kind) & ((Run.state == RunState.QUEUED) | unheld))
        .execute()
    )
    return Claim(Run.get_by_id(run_id), token) if taken else None


def held_by(claim: Claim) -> Any:
    return (Run.id == claim.run.id) & (Run.state == RunState.RUNNING) & (Run.claimed_by == claim.token)


def record_heartbeat(tokens: Sequence[str]) -> None:
    """These claims' worker is alive."""
    if tokens:
        with database.atomic():
            lock_rows(Run, is_in(Run.claimed_by, tokens))
            Run.update(heartbeat_at=utcnow()).where(is_in(Run.claimed_by, tokens)).execute()


def assert_claim(claim: Claim) -> None:
    """In a transaction: nobody takes the claim before it ends. Raises ClaimLost when somebody has."""
    require_one_row(Run.update(heartbeat_at=utcnow()).where(held_by(claim)))


def wait(claim: Claim, reason: str, seconds: float) -> None:
    """Give the claim back until `seconds` from now; the reason is shown on the run's page."""
    require_one_row(
        Run.update(
            claimed_by=None,
            heartbeat_at=None,
            waiting=reason[:500],
            resume_at=utcnow() + timedelta(seconds=seconds),
            progressed_at=utcnow() if claim.has_got_on else Run.progressed_at,
        ).where(held_by(claim))
    )


def release(claim: Claim) -> None:
    """Give the claim back; there is nothing to wait for."""
    require_one_row(Run.update(claimed_by=None, heartbeat_at=None).where(held_by(claim)))


def schedule_retry(claim: Claim, reason: str, seconds: float) -> bool:
    """As wait, after an attempt that failed. False when the run has used up its attempts."""
    if claim.run.attempts + 1 >= MAX_ATTEMPTS:
        return False
    with database.atomic():
        require_one_row(Run.update(attempts=Run.attempts + 1).where(held_by(claim)))
        wait(claim, reason, seconds)
    return True


def require_one_row(update: Any) -> None:
    if update.execute() != 1:
        raise ClaimLost


def is_cancel_requested(claim: Claim) -> bool:
    """Asked at every item boundary; also where a lost claim shows."""
    row = Run.select(Run.cancel_requested_at).where(held_by(claim)).tuples().first()
    if row is None:
        raise ClaimLost
    return row[0] is not None


def unsettled_items(run: Run) -> list[RunItem]:
    """Of a whole run, or of the part that it is."""
    with_policies = RunItem.select(RunItem, Policy).join(Policy, pw.JOIN.LEFT_OUTER)
    return list(with_policies.where(is_item_of(run) & RunItem.state.in_(UNSETTLED)).order_by(RunItem.id))


def is_item_of(run: Run) -> Any:
    """As a condition: an item of this run, or of the part that it is."""
    if run.parent_id is None:
        return RunItem.run == run
    return (RunItem.run == run.parent_id) & (RunItem.part == run.part)


def reset_attempts(claim: Claim) -> None:
    """The run gets on: what went wrong before counts no more towards giving it up."""
    Run.update(attempts=0).where(held_by(claim) & (Run.attempts > 0)).execute()
    claim.run.attempts, claim.has_got_on = 0, True


def begin_items(claim: Claim, item_ids: Sequence[int]) -> None:
    """They are under way: an interrupted run has to know."""
    if not item_ids:
        return
    RunItem.update(state=ItemState.WORKING).where(
        is_in(RunItem.id, item_ids) & RunItem.state.in_(UNSETTLED) & _is_claimed(claim)
    ).execute()


def set_item_reason(claim: Claim, item: RunItem, reason: str) -> None:
    """Something that a later message of the run has to know of an item under way."""
    RunItem.update(reason=reason).where((RunItem.id == item.id) & _is_claimed(claim)).execute()
    item.reason = reason


def _is_claimed(claim: Claim) -> Any:
    return pw.fn.EXISTS(Run.select(Run.id).where(held_by(claim)))


def finish_item(
    claim: Claim,
    item: RunItem,
    state: ItemState,
    outcome: Outcome,
    *,
    reason: str | None = None,
    message: str | None = None,
    request_id: str | None = None,
    snapshot_id: int | None = None,
) -> None:
    """Record what became of an item, once."""
    settled = (
        RunItem.update(
            state=state,
            outcome=outcome,
            reason=reason,
            message=message and message[:1000],
            request_id=request_id,
            snapshot=snapshot_id,
            ended_at=utcnow(),
        )
        .where((RunItem.id == item.id) & RunItem.state.in_(UNSETTLED) & _is_claimed(claim))
        .execute()
    )
    _require_finished(claim, settled, 1)


def finish_captured_items(claim: Claim, outcome: Outcome, snapshots: Mapping[int, int]) -> None:
    """As `settle`, for many items that were read: item id -> snapshot id."""
    if not snapshots:
        return
    said = {item_id: f"Nothing changed since snapshot {one}." for item_id, one in snapshots.items()}
    settled = (
        RunItem.update(
            state=ItemState.DONE,
            outcome=outcome,
            message=pw.Case(RunItem.id, list(said.items()), None) if outcome == Outcome.UNCHANGED else None,
            snapshot=pw.Case(RunItem.id, list(snapshots.items()), None),
            ended_at=utcnow(),
        )
        .where(is_in(RunItem.id, snapshots) & RunItem.state.in_(UNSETTLED) & _is_claimed(claim))
        .execute()
    )
    _require_finished(claim, settled, len(snapshots))


def _require_finished(claim: Claim, settled: int, expected: int) -> None:
    """Raises ClaimLost or AlreadySettled."""
    if settled != expected:
        assert_claim(claim)
        raise AlreadySettled(f"run {claim.run.id}: {settled} of {expected} items were still to be settled")
    claim.has_got_on = True


def count_try(claim: Claim, item_ids: Sequence[int]) -> None:
    """Their answers were not to be had this time."""
    if item_ids:
        RunItem.update(tries=RunItem.tries + 1).where(is_in(RunItem.id, item_ids) & _is_claimed(claim)).execute()
