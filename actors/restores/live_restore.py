"""`restore.live`: carries out exactly the plan that a preview made.

The items are written wave by wave, up to twenty side by side. What is there of a policy is captured before it is
written (actors/restores/safety_backup.py).
Any message may be the last: the next one looks at what is there, and goes on.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import dramatiq

import config
from actors.changes import assessment
from actors.plans import plan_items, restore_results
from actors.plans.plan_items import DAMAGED
from actors.plans.preview import new_run_item
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import Completion, GivenUp, Wait, run_claimed
from actors.restores.live_batch import LiveBatch
from actors.restores.live_contents import LiveContents
from actors.restores.outcomes import AwaitingApproval, OutcomeRecorder
from actors.restores.safety_backup import SafetyBackup
from actors.tenants import graph_clients
from db.audit.audit import Actor
from db.database import database, transaction
from db.errors import Invalid
from db.models import Restore, RestoreItem, Run, RunItem
from db.recovery import write_log
from db.restores import approvals, restore_items, restores, retries
from db.runs import claims, completion, run_items, runs
from db.runs.claims import Claim
from db.states import WRITTEN_OUTCOMES, AppAccess, ItemState, Outcome, RunKind
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
        return _existing_run(restore, active, actor)
    started = _create_live_run(restore, actor, reason, plan)
    return enqueue_new(started) if started.is_new else _existing_run(restore, started.run, actor)


@transaction
def _create_live_run(restore: Restore, actor: Actor, reason: str, plan: str | None) -> runs.StartedRun:
    restores.lock_restore(restore)
    started = _create_run(restore, actor, restore_items.items(restore))
    if started.is_new:
        approvals.begin_live(restore, started.run, actor, reason, config.settings().plan_hours, plan)
    return started


def retry_failed(run: Run, actor: Actor) -> EnqueuedRun:
    """A run of what that one could not do, with a fresh look at each. Raises Invalid (db/restores/retries.py)."""
    restore = Restore.get_by_id(run.restore_id)
    active = runs.find_active(_key(restore))
    if active:
        return _existing_run(restore, active, actor)
    return enqueue_new(_create_retry_run(restore, run, actor))


@transaction
def _create_retry_run(restore: Restore, run: Run, actor: Actor) -> runs.StartedRun:
    restores.lock_restore(restore)
    again = retries.begin(restore, run, actor, config.settings().plan_hours)
    started = _create_run(restore, actor, again, retry_of=run)
    if not started.is_new:
        raise Invalid(f"Run {started.run.id} is under way in {restore.tenant.name}. Try again when it has ended.")
    return started


def _key(restore: Restore) -> str:
    return f"{RunKind.RESTORE}:{restore.tenant_id}"


def _create_run(
    restore: Restore, actor: Actor, items: Sequence[RestoreItem], retry_of: Run | None = None
) -> runs.StartedRun:
    return runs.start(
        tenant=restore.tenant,
        kind=RunKind.RESTORE,
        dedupe_key=_key(restore),
        items=[new_run_item(item) for item in items],
        actor=actor,
        retry_of=retry_of,
        restore_id=restore.id,
    )


def _existing_run(restore: Restore, active: Run, actor: Actor) -> EnqueuedRun:
    if active.restore_id != restore.id:
        raise Invalid(
            f"Restore {active.restore_id} is under way in {restore.tenant.name} (run {active.id}). "
            "One live restore per tenant at a time: start this one when that one has ended."
        )
    runs.add_follower(active, actor)
    return EnqueuedRun(active, is_new=False, is_sent=True)


@dramatiq.actor(actor_name=RunKind.RESTORE, queue_name=INTERACTIVE)
def restore_live(run_id: int) -> None:
    run_claimed(run_id, RunKind.RESTORE, _restore, COMPLETION)


def _finish(claim: Claim) -> None:
    completion.finish(claim, restore_results.find_lack(Restore.get_by_id(claim.run.restore_id)))
    assessment.enqueue(claim.run.tenant)


COMPLETION = Completion(finish=_finish)


def _restore(claim: Claim) -> None:
    restore = Restore.get_by_id(claim.run.restore_id)
    _require_plan_unchanged(restore)
    graph = graph_clients.signed_in_client(restore.tenant, AppAccess.WRITE)
    items, rows = restore_items.items(restore), _rows(claim)
    _finish_unwritten(claim, items, rows)
    _write(claim, restore, items, rows, SafetyBackup(claim, restore, graph, items, rows))


def _require_plan_unchanged(restore: Restore) -> None:
    """Check the plan before the first write, and with each later message. Raises GivenUp: nothing more is written."""
    refusal = approvals.live_refusal(restore)
    if refusal:
        raise GivenUp("plan_changed", f"{refusal} Nothing more was written by this run.")


def _rows(claim: Claim) -> dict[int, RunItem]:
    return {row.restore_item_id: row for row in run_items.unsettled_items(claim.run)}


_RIVALS = "Another policy of this restore would be written to the same policy of the tenant. Preview it again."


def _finish_unwritten(claim: Claim, items: Sequence[RestoreItem], rows: dict[int, RunItem]) -> None:
    """Finish the items that match, exist or are blocked as the preview said. They leave `rows`.

    Two items never write one policy, whatever the plan says: both are blocked.
    """
    with database.atomic():
        for item in write_log.items_with_shared_target(items):
            if item.id in rows:
                restore_items.record_outcome(item, Outcome.BLOCKED)
                run_items.finish_item(
                    claim, rows.pop(item.id), ItemState.SKIPPED, Outcome.BLOCKED, reason="ambiguous", message=_RIVALS
                )
        for item in items:
            if item.id in rows and item.outcome is None and item.action not in WRITTEN_OUTCOMES:
                is_done = item.action == Outcome.MATCHES
                state, outcome = ItemState.DONE if is_done else ItemState.SKIPPED, Outcome(str(item.action))
                run_items.finish_item(
                    claim, rows.pop(item.id), state, outcome, reason=item.reason, message=item.message
                )


def _write(
    claim: Claim, restore: Restore, items: Sequence[RestoreItem], rows: dict[int, RunItem], safety: SafetyBackup
) -> None:
    """Write all items; those that did not answer before come last: they hold up no other."""
    untried = [item for item in items if item.id in rows and not rows[item.id].tries]
    retry_reasons = _execute(claim, restore, untried, rows, safety)
    if not retry_reasons and (left := _rows(claim)):
        retry_reasons = _execute(claim, restore, restore_items.items(restore), left, safety)
    if retry_reasons:
        raise _first_to_raise(retry_reasons)


def _execute(
    claim: Claim, restore: Restore, items: Sequence[RestoreItem], rows: Mapping[int, RunItem], safety: SafetyBackup
) -> list[Exception]:
    """Write wave by wave. Items that have to wait are left to the next message, and so are those that need them.

    Return why they wait.
    """
    retry_reasons: list[Exception] = []
    used_up: set[str] = set()
    contents = LiveContents(restore)
    open_items = _open_items(claim, restore, items, rows, contents, used_up)
    for batch, is_alone in _batches(open_items, contents):
        if claims.is_cancel_requested(claim):
            return []
        ready = safety.capture(batch, with_all=is_alone)
        waits = safety.take_retry_reasons()
        if ready:
            of_ready = {item.id: rows[item.id] for item in ready}
            waits += LiveBatch(claim, restore, of_ready, safety, contents).execute(ready)
        contents.forget(batch)
        retry_reasons += waits
        if any(isinstance(reason, Throttled) and reason.code == "budget" for reason in waits):
            used_up |= _services(batch)
    return retry_reasons


def _open_items(
    claim: Claim,
    restore: Restore,
    items: Sequence[RestoreItem],
    rows: Mapping[int, RunItem],
    contents: LiveContents,
    used_up: Collection[str],
) -> Iterator[RestoreItem]:
    """Yield the items of the rows whose contents open, each in its turn. What does not open ends its own item alone.

    `used_up`: services that would let nothing through now; it may grow meanwhile.
    """
    writes = write_log.writes_by_item(list(rows))
    for item in items:
        if item.id not in rows or POLICY_TYPES[item.policy_type].service in used_up:
            continue
        is_begun = write_log.may_have_been_applied(writes[item.id])
        why = contents.open(item, is_begun=is_begun)
        if not why:
            yield item
            continue
        recorder = OutcomeRecorder(claim, restore, rows, writes, contents)
        if is_begun:
            message = f"{why} Part of this policy may be written: look at it in the tenant."
            recorder.finish_item(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, DAMAGED, message)
        else:
            recorder.finish_item(item, ItemState.SKIPPED, Outcome.BLOCKED, DAMAGED, why)


def _services(items: Sequence[RestoreItem]) -> set[str]:
    return {POLICY_TYPES[item.policy_type].service for item in items}


def _batches(items: Iterable[RestoreItem], contents: LiveContents) -> Iterator[tuple[list[RestoreItem], bool]]:
    """Yield batches of up to twenty items that do not refer to each other, or of one that affects others, and which."""
    for (_wave, is_alone), group in groupby(items, key=lambda item: _wave_of(item, contents.body(item))):
        size, batch = 1 if is_alone else BATCH_SIZE, list[RestoreItem]()
        for item in group:
            if len(batch) == size or _needed_item_ids(item) & {item.id for item in batch}:
                yield batch, is_alone
                batch = []
            batch.append(item)
        yield batch, is_alone


def _needed_item_ids(item: RestoreItem) -> set[int]:
    return {resolution.item for resolution in plan_items.resolutions(item) if resolution.item}


def _wave_of(item: RestoreItem, body: dict[str, Any]) -> tuple[tuple[int, ...], bool]:
    """Return the item's wave, and whether it is written alone: removals are, and policies that share priorities."""
    wave = write_order(item.policy_type, body)[:2] if body else ()
    return wave, item.content_id is None or is_written_alone(item.policy_type, body)


def _first_to_raise(errors: Sequence[Exception]) -> Exception:
    """Return a failure first, for it counts as an attempt; then the shortest wait; last of all a wait for people."""
    failures = [error for error in errors if not isinstance(error, Wait | Throttled)]
    waits = sorted((wait for wait in errors if isinstance(wait, Wait | Throttled)), key=_urgency)
    return [*failures, *waits][0]


def _urgency(wait: Wait | Throttled) -> tuple[bool, float]:
    seconds = wait.seconds if isinstance(wait, Wait) else wait.retry_after or 0.0
    return isinstance(wait, AwaitingApproval), seconds
