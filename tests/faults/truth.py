"""The truths that must hold whatever went wrong, once all is idle. Each yields a sentence for each violation."""

from datetime import timedelta

import peewee as pw

from db.audit import chain
from db.clock import utcnow
from db.database import database
from db.encryption import SealError
from db.housekeeping import daily_prune
from db.models import (
    AuditEvent,
    BackupSet,
    Content,
    Lease,
    Membership,
    Notification,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Schedule,
    Snapshot,
)
from db.policies.snapshots import read_content
from db.recovery import setbacks
from db.states import ACTIVE, UNSETTLED, Outcome, RestoreState, RunKind, RunState
from tests.faults import launch
from tests.faults.stage import READY_SECONDS

# What failed is tried again after 2, 4, 8 … seconds.
HEALED_SECONDS = 120
# A schedule whose time came longer ago has been missed.
PUNCTUAL_SECONDS = 10


def violations(stage, work):
    """Yield the violations of one round: of the work itself, of its tenant, and of the installation."""
    found = [stage.read(lambda held=held: list(held(work.tenant))) for held in OF_TENANT]
    found += [stage.read(lambda held=held: list(held())) for held in OF_INSTALLATION]
    found.append(stage.read(lambda: list(work.check())))
    found.append([f"the lock {one} is left" for one in stage.locks()])
    found.append(stage.fallen)
    stage.fallen = []
    found.append(list(_lease_is_led(stage)))
    found.append(list(_every_step_goes_well(stage)))
    found.append(list(_no_schedule_is_behind(stage)))
    return [sentence for sentences in found for sentence in sentences]


def every_run_ended_once(tenant):
    for run in Run.select().where(Run.tenant == tenant):
        if run.parent_id is not None:
            yield f"part {run.part} of run {run.parent_id} is left over"
            continue
        if run.state in ACTIVE or run.claimed_by or run.ended_at is None:
            yield f"run {run.id} is {run.state}, held by {run.claimed_by}"
        told = (AuditEvent.action == "run:ended") & (AuditEvent.subject == f"run {run.id}")
        count = AuditEvent.select().where(told).count()
        if count != 1:
            yield f"run {run.id} ended {count} times by the audit log"


def no_item_is_unsettled(tenant):
    for item in RunItem.select().join(Run).where((Run.tenant == tenant) & RunItem.state.in_(UNSETTLED)):
        yield f"item {item.id} of run {item.run_id} is {item.state}"


def no_restore_is_stuck(tenant):
    for restore in Restore.select().where((Restore.tenant == tenant) & (Restore.state == RestoreState.RUNNING)):
        yield f"restore {restore.id} is running still"


def every_recipient_is_told_once(tenant):
    subscribed = (Membership.tenant == tenant) & Membership.is_subscribed
    members = {one.user_id for one in Membership.select().where(subscribed)}
    for run in Run.select().where((Run.tenant == tenant) & Run.parent.is_null()):
        is_told = not _is_quiet(run)
        expected = sorted(members | ({run.requested_by_id} - {None})) if is_told else []
        told = sorted(one.user_id for one in Notification.select().where(Notification.run == run))
        if told != expected:
            yield f"run {run.id} ({run.kind}) was told to users {told}, not {expected}"


def no_restore_lost_what_it_needs(tenant):
    """Its set and the capture before it, for as long as it goes on and may be undone."""
    for restore in Restore.select().where((Restore.tenant == tenant) & Restore.started_at.is_null(False)):
        written = (RestoreItem.restore == restore) & (RestoreItem.outcome == Outcome.UPDATED)
        rows = list(RestoreItem.select().where(written))
        bare = [one.name for one in rows if one.safety_snapshot_id is None]
        if bare or (rows and restore.safety_set_id is None):
            yield f"restore {restore.id} has safety set {restore.safety_set_id}, and no capture of {bare}"


def no_pinned_set_is_gone(tenant):
    """Check every pin that was answered with yes, unless it was taken off."""
    held = {}
    acts = ("backup-set:pinned", "backup-set:unpinned")
    for event in AuditEvent.select().where((AuditEvent.tenant_id == tenant.id) & AuditEvent.action.in_(acts)):
        held[int(event.subject.split()[-1])] = event.action == acts[0]
    there = {row[0] for row in BackupSet.select(BackupSet.id).where(BackupSet.tenant == tenant).tuples()}
    for set_id in sorted(one for one, is_pinned in held.items() if is_pinned and one not in there):
        yield f"set {set_id} is pinned, and gone"


def _is_quiet(run):
    """Housekeeping that came to its end; copies, and judgements that nobody asked for."""
    if run.kind in (RunKind.PUSH, RunKind.READINESS):
        return run.requested_by_id is None
    return run.kind == RunKind.PRUNE and run.requested_by_id is None and run.state != RunState.FAILED


def every_content_opens(tenant):
    for content in Content.select(Content.id).where((Content.tenant == tenant) & _is_read()):
        try:
            read_content(content.id)
        except SealError as e:
            yield f"content {content.id} does not open: {e}"
    held = Content.select(Content.id)
    for snapshot in Snapshot.select().where((Snapshot.tenant == tenant) & Snapshot.content.not_in(held)):
        yield f"snapshot {snapshot.id} has no content"


def retention_collects_every_unread_content(tenant):
    """Once it is a day old, as retention asks."""
    unread = (Content.tenant == tenant) & ~_is_read()
    Content.update(created_at=utcnow() - timedelta(days=2)).where(unread).execute()
    step, never = daily_prune.STEPS["contents"], daily_prune.Ages(3650, 3650, 3650)
    with database.atomic():
        step.delete(tenant, never, step.find(tenant, never))
    left = Content.select().where(unread).count()
    if left:
        yield f"{left} contents that nobody reads stay for ever"


def _is_read():
    snapshots = Snapshot.select(Snapshot.id).where(Snapshot.content == Content.id)
    items = RestoreItem.select(RestoreItem.id).where(
        (RestoreItem.content == Content.id) | (RestoreItem.live_content == Content.id)
    )
    return pw.fn.EXISTS(snapshots) | pw.fn.EXISTS(items)


def the_audit_chain_holds():
    for fault in chain.verify():
        yield fault.sentence


def no_lease_outlives_its_time():
    longest = timedelta(seconds=launch.LEASE_SECONDS + 1)
    for lease in Lease.select().where((Lease.name == "scheduler") & (Lease.expires_at > utcnow() + longest)):
        yield f"{lease.holder} has the lease until {lease.expires_at}, it is {utcnow()}"


def _lease_is_led(stage):
    """Within a lease's time a scheduler that is up leads; one that was started again may still be on its way."""

    def leads():
        alive = Lease.expires_at > utcnow()
        return stage.read(lambda: Lease.select().where((Lease.name == "scheduler") & alive).exists())

    try:
        stage.wait_for(leads, "a scheduler that leads", READY_SECONDS + 3 * launch.LEASE_SECONDS)
    except TimeoutError:
        yield "no scheduler leads"


def _every_step_goes_well(stage):
    """Check that what the scheduler could not do while the fault lasted is on record, and is done by itself."""
    try:
        stage.wait_for(lambda: not stage.read(setbacks.all_setbacks), "every step of the sweep", HEALED_SECONDS)
    except TimeoutError:
        yield from stage.read(lambda: [setbacks.describe(one) for one in setbacks.all_setbacks()])


def _no_schedule_is_behind(stage):
    """Check that a schedule whose time came is taken, or moves on: also by a scheduler that has only now come up."""
    try:
        stage.wait_for(lambda: not stage.read(_missed), "every schedule's run", HEALED_SECONDS)
    except TimeoutError:
        yield from stage.read(
            lambda: [f"schedule {one.id} ({one}) was due at {one.next_at}, and nobody took it" for one in _missed()]
        )


def _missed():
    behind = (Schedule.next_at < utcnow() - timedelta(seconds=PUNCTUAL_SECONDS)) & (Schedule.is_paused == False)  # noqa: E712
    return list(Schedule.select().where(behind))


OF_TENANT = (
    every_run_ended_once,
    no_item_is_unsettled,
    no_restore_is_stuck,
    no_restore_lost_what_it_needs,
    no_pinned_set_is_gone,
    every_recipient_is_told_once,
    every_content_opens,
    retention_collects_every_unread_content,
)
OF_INSTALLATION = (the_audit_chain_holds, no_lease_outlives_its_time)
