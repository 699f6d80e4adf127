"""`retention.prune`: once a day, in a run of its own, a tenant lets go of what neither rules nor settings keep.

The daily run is quiet: it rings no bell, and one that found nothing leaves no trace. One that let something go stays in
the lists as every run, with what went; one that failed is told to the tenant's subscribers.
"""

import logging
import time
import uuid

import dramatiq

import config
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import BULK
from actors.queue.run_actor import Completion, run_claimed
from db.assignments import look_ups
from db.audit import audit
from db.audit.audit import Actor
from db.audit.own_actors import DAILY
from db.backups import deletions
from db.database import database
from db.documents import documents
from db.housekeeping import daily_prune, deletion_notices, leaps, old_rows
from db.housekeeping.daily_prune import STEPS, Ages
from db.imports import policy_imports
from db.installation import installation
from db.models import RunItem, Tenant
from db.notices import deliveries, occurrences
from db.readiness import reports
from db.runs import claims, completion, notifications, run_items, runs, uploads
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.sql import value_lists
from db.states import ItemState, Outcome, RunKind
from db.tenants import credentials, shared_apps

logger = logging.getLogger(__name__)

# With a sweep every two seconds, the runs of ten thousand due tenants are spread over some hours.
RUNS_PER_SWEEP = 2
# The other steps of the sweep wait meanwhile.
DELETING_SECONDS = 0.3
HOUR_SECONDS = 3600


def start(tenant: Tenant, actor: Actor) -> EnqueuedRun:
    """Start a run by hand. Raises SwitchedOff."""
    return enqueue_new(_create_run(tenant, actor))


def _create_run(tenant: Tenant, actor: Actor, *, is_quiet: bool = False) -> runs.StartedRun:
    return runs.start(
        tenant=tenant,
        kind=RunKind.PRUNE,
        dedupe_key=f"{RunKind.PRUNE}:{tenant.id}",
        items=[NewRunItem(step.key, step.title) for step in STEPS.values()],
        actor=actor,
        is_quiet=is_quiet,
    )


def start_due_runs() -> None:
    """Start the runs of the tenants that are due, a few with every sweep, and delete old rows. Takes a moment only."""
    if not leaps.may_go_by_age():
        return
    for tenant in daily_prune.due_tenants(RUNS_PER_SWEEP):
        try:
            _start_daily_run(tenant)
        except Exception:
            logger.exception("pruning could not be begun", extra={"tenant": tenant.name})
            daily_prune.postpone(tenant)
    _delete_old_rows()


def _start_daily_run(tenant: Tenant) -> None:
    with database.atomic():
        daily_prune.mark_begun(tenant)
        started = _create_run(tenant, DAILY, is_quiet=True)
    enqueue_new(started)


def _delete_old_rows() -> None:
    """Delete old rows for a moment. The next sweep goes on with the rest; after the last, none looks for an hour."""
    holder = uuid.uuid4().hex
    if not installation.take_lease("old rows", holder, HOUR_SECONDS):
        return
    credentials.forget_old()
    shared_apps.forget_old()
    uploads.delete_abandoned()
    settings, until = config.settings(), time.monotonic() + DELETING_SECONDS
    while documents.delete_old(settings.document_days) == documents.DOCUMENTS_AT_ONCE:
        pass
    while _delete_batch(settings.run_item_days, settings.notification_days):
        if time.monotonic() > until:
            installation.release_lease("old rows", holder)
            return


def _delete_batch(item_days: int, notification_days: int) -> bool:
    """Delete some old rows. Return whether there may be more."""
    counts = [
        old_rows.delete_old_items(item_days),
        old_rows.delete_old_stints(item_days),
        old_rows.delete_old_notifications(notification_days),
        deliveries.delete_old(old_rows.ROWS_AT_ONCE),
        occurrences.delete_old(old_rows.ROWS_AT_ONCE),
        old_rows.delete_old_api_starts(),
        old_rows.delete_old_api_tokens(),
        look_ups.delete_old(),
        policy_imports.delete_old(old_rows.ROWS_AT_ONCE),
        reports.delete_old(),
    ]
    return max(counts) == old_rows.ROWS_AT_ONCE


# After everything else that a worker has fetched: nobody waits for it.
@dramatiq.actor(actor_name=RunKind.PRUNE, queue_name=BULK, priority=10)
def prune(run_id: int) -> None:
    run_claimed(run_id, RunKind.PRUNE, _prune, Completion(finish=_finish))


def _prune(claim: Claim) -> None:
    # Asked again: the run may have waited for hours, or a person have started it.
    if not leaps.may_go_by_age():
        _let_nothing_go(claim)
        return
    settings = config.settings()
    _announce_deletions(claim, settings.deletion_days)
    ages = Ages(settings.run_days, settings.restore_days, settings.directory_name_days, settings.deletion_days)
    for item in run_items.unsettled_items(claim.run):
        if not _free_rows(claim, item, ages):
            return


def _let_nothing_go(claim: Claim) -> None:
    for item in run_items.unsettled_items(claim.run):
        run_items.finish_item(claim, item, ItemState.DONE, Outcome.UNCHANGED, message=leaps.WAITS)


def _announce_deletions(claim: Claim, days: int) -> None:
    """Note which sets will go. Whoever manages the tenant is told, unless it is what goes on an ordinary day.

    Both or neither: what is noted is new no longer, and a worker that died in between would have nobody told.
    """
    run, tenant = claim.run, Tenant.get_by_id(claim.run.tenant_id)
    is_by_hand = run.requested_by_id is not None or run.origin != DAILY.origin
    with database.atomic():
        new = deletions.mark(tenant, days)
        if days and new.set_ids and (new.is_unusual or is_by_hand):
            for user in deletion_notices.managers(tenant):
                notifications.notify_user(run, user)
            deletion_notices.announce_sets(tenant, new, run, audit.requester(run.requested_by, run.origin))


def _free_rows(claim: Claim, item: RunItem, ages: Ages) -> bool:
    """Free what one step finds, and finish its item. Return False when somebody asked to stop."""
    # The tenant as it is now: its rules may have changed since the step before.
    step, tenant = STEPS[item.policy_type], Tenant.get_by_id(claim.run.tenant_id)
    for ids in value_lists.batched(step.find(tenant, ages), step.rows_at_once):
        if claims.is_cancel_requested(claim):
            return False
        daily_prune.delete_rows(claim, item, tenant, ages, ids)
    count = RunItem.get_by_id(item.id).freed
    outcome, message = (Outcome.FREED, f"{count} went.") if count else (Outcome.UNCHANGED, "Nothing had to go.")
    run_items.finish_item(claim, item, ItemState.DONE, outcome, message=message)
    return True


def _finish(claim: Claim) -> None:
    if _is_worth_keeping(claim):
        completion.finish(claim)
    else:
        completion.leave_no_trace(claim)


def _is_worth_keeping(claim: Claim) -> bool:
    is_daily = claim.run.requested_by_id is None and claim.run.origin == DAILY.origin
    # Somebody who asked for a run meanwhile was given the number of this one.
    is_told = notifications.has_recipients(claim.run)
    return not is_daily or is_told or claims.is_cancel_requested(claim) or daily_prune.count_freed(claim.run) > 0
