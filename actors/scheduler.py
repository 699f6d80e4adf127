"""`tenantkeep scheduler`: every few seconds a sweep, by one leader among any number of schedulers.

A sweep takes the steps below. First come those that recover runs (actors/recovery/dead_workers.py): they guarantee
that a recorded run ends (docs/decisions/0026-own-scheduler.md). Every step is safe to take twice, and fails by itself
(actors/recovery/steps.py).
"""

import logging
import signal
import time
from collections.abc import Callable, Sequence
from threading import Event
from types import FrameType
from typing import Any

import redis

import config
from actors.backups import watch
from actors.changes import assessment
from actors.copies import push, tending
from actors.definitions import fill
from actors.housekeeping import audit_head, daily_prune, standing_counts
from actors.keeping import by_itself
from actors.notices import deliver, telling
from actors.people import entra_recheck
from actors.process import counters, logs, startup
from actors.queue.broker import locks
from actors.queue.middleware import PROCESS_NAME
from actors.readiness import assess
from actors.reading import policy_index
from actors.recovery import dead_workers
from actors.recovery.steps import Step, once, run_step, without
from actors.rehearsals import due_rehearsals, rehearse
from actors.rollouts import rolling_out
from actors.standards import comparing
from db.accounts import entra_grants
from db.audit import daily_check
from db.audit.audit_rows import ChainPoint
from db.changes import assessed, decisions
from db.clock import utcnow
from db.copies import looks, stores
from db.database import database
from db.encryption import SealError
from db.events import watches
from db.housekeeping import leaps, tenant_removal
from db.installation import installation
from db.models import Change, Tenant
from db.notices import deliveries
from db.recovery import setbacks
from db.rehearsals import rehearsals
from db.restores import approvals
from db.standards import cells, exception_notices, exceptions, following_tags
from db.standards import keeping as put_backs
from db.states import Sweep
from db.tenants import schedules

logger = logging.getLogger(__name__)

TICK_SECONDS = 2
LEASE_SECONDS = 10
# Steps that are not urgent give way to the next sweep, which begins by recovering runs.
SLICE_SECONDS = 1.0
REMOVAL_SECONDS = 0.5
REOPENED_AT_ONCE = 100


def tick() -> None:
    """Sweep, if this process is the leader."""
    with database.connection_context():
        installation.record_heartbeat(PROCESS_NAME, "scheduler")
        if installation.take_lease("scheduler", PROCESS_NAME, LEASE_SECONDS):
            if leaps.note_time():
                logger.warning("nothing goes by its age for a day: nobody was there for days, or a clock is ahead")
            sweep()
    try:
        counters.flush(locks)
    except redis.RedisError as e:
        logger.warning("what was counted is handed over later: %s", logs.first_line(e), extra=logs.REPEATED)


def sweep() -> None:
    known = setbacks.all_setbacks()
    for step in STEPS:
        run_step(step, [setback for setback in known if setback.step == step.name])


def _unless_leapt(find: Callable[[], Sequence[Any]]) -> Callable[[], Sequence[Any]]:
    """Make a query of what ends with its time find nothing while a clock may be ahead: it would stay ended."""
    return lambda: find() if leaps.may_go_by_age() else ()


def _accepted_too_long() -> Sequence[Change]:
    return decisions.overdue(REOPENED_AT_ONCE)


def _remove_tenant(tenant: Tenant) -> None:
    """Delete the tenant's next rows, for a moment only: other tenants' runs wait for this sweep."""
    until = time.monotonic() + REMOVAL_SECONDS
    while time.monotonic() < until and tenant_removal.remove_next_rows(tenant):
        pass


def _recall_audit_head() -> list[ChainPoint]:
    """Return the remembered end of the audit log; none without Redis or the key. The log is checked all the same."""
    try:
        return audit_head.recall_and_advance()
    except (redis.RedisError, SealError):
        logger.warning("where the audit log ended is not remembered just now", exc_info=True, extra=logs.REPEATED)
        return []


def _check_audit_log() -> None:
    for fault in daily_check.check_next_events(_recall_audit_head()):
        logger.error("the audit log does not hold: %s", fault.sentence, extra={"event": fault.event_id})


# The steps that recover runs come first, and have no time limit.
STEPS = (
    *dead_workers.STEPS,
    Step(Sweep.SCHEDULES, lambda apart: schedules.due_schedules(utcnow(), apart), due_rehearsals.start, SLICE_SECONDS),
    Step(Sweep.EXPIRE, once(lambda: approvals.expire_old_plans(config.settings().plan_hours))),
    Step(Sweep.PRUNE, once(daily_prune.start_due_runs)),
    Step(Sweep.REMOVE, without(tenant_removal.tenants_being_removed), _remove_tenant, SLICE_SECONDS),
    Step(Sweep.PEOPLE, entra_grants.due_checks, entra_recheck.enqueue_recheck, SLICE_SECONDS),
    Step(Sweep.AUDIT, once(_check_audit_log)),
    Step(Sweep.WATCH, lambda apart: watches.due_watches(utcnow(), apart), watch.start_due, SLICE_SECONDS),
    Step(Sweep.ASSESS, assessed.tenants_with_left, assessment.assess_left, SLICE_SECONDS),
    Step(Sweep.INDEX, policy_index.find_missing, lambda policy: policy_index.index_later([policy]), SLICE_SECONDS),
    Step(
        Sweep.REOPEN,
        without(_unless_leapt(_accepted_too_long)),
        decisions.reopen_overdue,
        SLICE_SECONDS,
    ),
    Step(Sweep.FOLLOW, once(following_tags.follow_if_due)),
    Step(Sweep.END_EXCEPTIONS, without(_unless_leapt(exceptions.expired)), exceptions.expire, SLICE_SECONDS),
    Step(Sweep.TELL_EXCEPTIONS, without(exception_notices.about_to_end), exceptions.tell_of_end, SLICE_SECONDS),
    Step(Sweep.STANDARDS, cells.due, comparing.start_due, SLICE_SECONDS),
    Step(Sweep.OCCUR, once(telling.look_for_conditions)),
    Step(Sweep.TELL, without(telling.channels_to_tell), telling.tell, SLICE_SECONDS),
    Step(Sweep.DELIVER, deliveries.hand_over_due, deliver.enqueue, SLICE_SECONDS),
    Step(Sweep.DEFINE, fill.due_sources, fill.start_due, SLICE_SECONDS),
    Step(
        Sweep.CLEAR_LABS, lambda apart: rehearsals.removals_due(utcnow(), apart), rehearse.start_removal, SLICE_SECONDS
    ),
    Step(Sweep.READINESS, assess.due, assess.start_due, SLICE_SECONDS),
    Step(Sweep.COPY, without(stores.working), push.start_due, SLICE_SECONDS),
    Step(Sweep.TEND, without(lambda: looks.due(utcnow())), tending.start_due, SLICE_SECONDS),
    Step(Sweep.COUNT, once(standing_counts.count_if_due)),
    Step(Sweep.ROLL_OUT, rolling_out.left_alone, rolling_out.enqueue, SLICE_SECONDS),
    Step(Sweep.PUT_BACK, put_backs.due, by_itself.begin_due, SLICE_SECONDS),
    Step(Sweep.KEEP, put_backs.on_their_way, by_itself.go_on, SLICE_SECONDS),
)


def run() -> None:
    """Tick until told to stop. Raises SettingsError or StartupError."""
    logs.configure(config.settings().log_format)
    startup.prepare_waiting(config.settings())
    stop = Event()

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)
    logger.info("the scheduler is up")
    while not stop.wait(TICK_SECONDS):
        try:
            tick()
        except Exception:
            logger.exception("sweep failed; the next one tries again", extra=logs.REPEATED)
    with database.connection_context():
        installation.release_lease("scheduler", PROCESS_NAME)
