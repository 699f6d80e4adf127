"""`restore.live`: carry out exactly the plan that a preview made.

First what is there is captured (actors/restores/safety_backup.py), then the items are written, wave by wave, up to
twenty side by side.
Any message may be the last: the next one looks at what is there, and goes on.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import dramatiq

import config
from actors.plans import plan_items
from actors.plans.preview import new_run_item
from actors.queue.broker import INTERACTIVE
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.run_actor import GivenUp, Wait, run_claimed
from actors.restores import safety_backup
from actors.restores.live_batch import Together
from actors.restores.outcomes import WaitsForApproval
from actors.tenants import graph_clients
from db.audit.audit import Actor
from db.database import database, transaction
from db.errors import Invalid
from db.models import Restore, RestoreItem, Run, RunItem
from db.policies import snapshots
from db.recovery import write_log
from db.restores import approvals, restore_items, restores, retries
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.states import WRITTEN_OUTCOMES, ItemState, Outcome, RunKind
from graph.errors import Throttled
from graph.policy_types.table import POLICY_TYPES
from graph.transport.client import BATCH_SIZE
from graph.write.write_rules import is_written_alone, write_order


def start(restore: Restore, actor: Actor, *, reason: str = "", plan: str | None = None) -> EnqueuedRun:
    """Raises Invalid when the plan may not be executed, or when another restore is under way in the tenant.

    `plan`: the fingerprint of the plan that the person has seen.
    """
    active = runs.find_active(_key(restore))
    if active:
        return _found(restore, active, actor)
    made = _executed(restore, actor, reason, plan)
    return enqueue_new(made) if made.is_new else _found(restore, made.run, actor)


@transaction
def _executed(restore: Restore, actor: Actor, reason: str, plan: str | None) -> runs.StartedRun:
    restores.lock_restore(restore)
    made = _made(restore, actor, restore_items.items(restore))
    if made.is_new:
        approvals.begin_live(restore, made.run, actor, reason, config.settings().plan_hours, plan)
    return made


def retry_failed(run: Run, actor: Actor) -> EnqueuedRun:
    """A run of what that one could not do, with a fresh look at each. Raises Invalid (db/restores/retries.py)."""
    restore = Restore.get_by_id(run.restore_id)
    active = runs.find_active(_key(restore))
    if active:
        return _found(restore, active, actor)
    return enqueue_new(_retried(restore, run, actor))


@transaction
def _retried(restore: Restore, run: Run, actor: Actor) -> runs.StartedRun:
    restores.lock_restore(restore)
    again = retries.begin(restore, run, actor, config.settings().plan_hours)
    made = _made(restore, actor, again, retry_of=run)
    if not made.is_new:
        raise Invalid(f"Run {made.run.id} is under way in {restore.tenant.name}. Try again when it has ended.")
    return made


def _key(restore: Restore) -> str:
    return f"{RunKind.RESTORE}:{restore.tenant_id}"


def _made(restore: Restore, actor: Actor, items: Sequence[RestoreItem], retry_of: Run | None = None) -> runs.StartedRun:
    return runs.start(
        tenant=restore.tenant,
        kind=RunKind.RESTORE,
        dedupe_key=_key(restore),
        items=[new_run_item(one) for one in items],
        actor=actor,
        retry_of=retry_of,
        restore_id=restore.id,
    )


def _found(restore: Restore, active: Run, actor: Actor) -> EnqueuedRun:
    if active.restore_id != restore.id:
        raise Invalid(
            f"Restore {active.restore_id} is under way in {restore.tenant.name} (run {active.id}). "
            "One live restore per tenant at a time: start this one when that one has ended."
        )
    runs.add_follower(active, actor)
    return EnqueuedRun(active, is_new=False, is_sent=True)


@dramatiq.actor(actor_name=RunKind.RESTORE, queue_name=INTERACTIVE)
def restore_live(run_id: int) -> None:
    run_claimed(run_id, RunKind.RESTORE, _restore)


def _restore(claim: Claim) -> None:
    restore = Restore.get_by_id(claim.run.restore_id)
    _require_the_plan(restore)
    graph = graph_clients.signed_in(restore.tenant)
    _settle_what_is_not_written(claim, restore)
    rows = _rows(claim)
    if safety_backup.capture(claim, restore, graph, rows):
        _write(claim, restore)


def _require_the_plan(restore: Restore) -> None:
    """Before the first write, and with each message that goes on. Raises GivenUp: nothing more is written."""
    otherwise = approvals.live_refusal(restore)
    if otherwise:
        raise GivenUp("plan_changed", f"{otherwise} Nothing more was written by this run.")


def _rows(claim: Claim) -> dict[int, RunItem]:
    return {row.restore_item_id: row for row in run_items.unsettled_items(claim.run)}


_RIVALS = "Another policy of this restore would be written to the same policy of the tenant. Preview it again."


def _settle_what_is_not_written(claim: Claim, restore: Restore) -> None:
    """What matches, exists or is blocked ends as the preview said; two never write one policy, whatever a plan says."""
    rows = _rows(claim)
    with database.atomic():
        for item in write_log.items_with_shared_target(restore.id):
            if item.id in rows:
                row = rows.pop(item.id)
                RestoreItem.update(outcome=Outcome.BLOCKED).where(RestoreItem.id == item.id).execute()
                run_items.finish_item(
                    claim, row, ItemState.SKIPPED, Outcome.BLOCKED, reason="ambiguous", message=_RIVALS
                )
        for item in restore_items.items(restore):
            if item.id in rows and item.outcome is None and item.action not in WRITTEN_OUTCOMES:
                is_done = item.action == Outcome.MATCHES
                state, outcome = ItemState.DONE if is_done else ItemState.SKIPPED, Outcome(str(item.action))
                run_items.finish_item(claim, rows[item.id], state, outcome, reason=item.reason, message=item.message)


def _write(claim: Claim, restore: Restore) -> None:
    """What did not answer waits until all others are through, as actors.reading.graph_errors.next_to_read."""
    later = _carry_out(claim, restore, {key: row for key, row in _rows(claim).items() if not row.tries})
    later = later or _carry_out(claim, restore, _rows(claim))
    if later:
        raise _most_pressing(later)


def _carry_out(claim: Claim, restore: Restore, rows: Mapping[int, RunItem]) -> list[Exception]:
    """Wave by wave. What has to wait is left to the next message, and what depends on it with it; returns why."""
    later: list[Exception] = []
    used_up: set[str] = set()
    for together in _side_by_side([one for one in restore_items.items(restore) if one.id in rows]):
        if claims.is_cancel_requested(claim):
            return []
        if _services(together) <= used_up:
            continue  # none of them would be let through now
        waits = Together(claim, restore, {one.id: rows[one.id] for one in together}).carry_out(together)
        later += waits
        if any(isinstance(one, Throttled) and one.code == "budget" for one in waits):
            used_up |= _services(together)
    return later


def _services(items: Sequence[RestoreItem]) -> set[str]:
    return {POLICY_TYPES[item.policy_type].service for item in items}


def _side_by_side(items: Sequence[RestoreItem]) -> Iterator[list[RestoreItem]]:
    """Up to twenty that do not refer to each other; one by one where each moves the others."""
    for (_wave, is_single), group in groupby(items, key=_wave_of):
        size, together = 1 if is_single else BATCH_SIZE, list[RestoreItem]()
        for item in group:
            if len(together) == size or _made_first(item) & {one.id for one in together}:
                yield together
                together = []
            together.append(item)
        yield together


def _made_first(item: RestoreItem) -> set[int]:
    return {one.item for one in plan_items.resolutions(item) if one.item}


def _wave_of(item: RestoreItem) -> tuple[tuple[int, ...], bool]:
    """Items of one wave may go together; removals wait for each other, and so do those that share priorities."""
    content = item.content_id or item.live_content_id
    body = snapshots.read_content(content)["body"] if content else {}
    wave = write_order(item.policy_type, body)[:2] if content else ()
    return wave, item.content_id is None or is_written_alone(item.policy_type, body)


def _most_pressing(later: Sequence[Exception]) -> Exception:
    """Trouble first, for it is counted; then the shortest wait, and last of all people's."""
    troubles = [one for one in later if not isinstance(one, Wait | Throttled)]
    waits = sorted((one for one in later if isinstance(one, Wait | Throttled)), key=_seconds)
    return [*troubles, *waits][0]


def _seconds(wait: Wait | Throttled) -> tuple[bool, float]:
    seconds = wait.seconds if isinstance(wait, Wait) else wait.retry_after or 0.0
    return isinstance(wait, WaitsForApproval), seconds
