"""`tenantkeep scheduler`: the guarantee that a recorded run ends (docs/decisions/0026-own-scheduler.md).

Every few seconds, one leader among any number of schedulers sends again what was never sent, what is due after a wait
and what was lost with Redis, and takes back runs whose worker died. All of it is safe to do twice. Every step fails by
itself, and so does every row in it; only a database that is away ends the whole sweep, until the next.
"""

import logging
import math
import signal
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from types import FrameType
from typing import Any

import redis

import config
from actors.backups import due_schedules
from actors.housekeeping import audit_head, daily_prune
from actors.people import entra_recheck
from actors.process import logs, startup
from actors.queue.broker import dedupe
from actors.queue.enqueue import send
from actors.queue.middleware import PROCESS
from actors.recovery import resend
from db.accounts import entra_grants
from db.audit import daily_check
from db.audit.audit_rows import ChainPoint
from db.clock import utcnow
from db.database import database, is_unreachable
from db.encryption import SealError
from db.housekeeping import tenant_removal
from db.installation import installation
from db.models import Run, Setback, Tenant
from db.recovery import lost_runs, setbacks
from db.recovery.setbacks import WHOLE_STEP
from db.restores import approvals
from db.runs import child_runs, completion
from db.states import Sweep
from db.tenants import schedules
from graph.errors import redact

logger = logging.getLogger(__name__)

TICK_SECONDS = 2
LEASE_SECONDS = 10
# What need not be done at once gives way to the next sweep, which begins with what recovers runs.
SLICE_SECONDS = 1.0
REMOVING_SECONDS = 0.5


def nothing_more(_row: Any) -> None:
    pass


@dataclass(frozen=True)
class Step:
    name: Sweep
    # The rows to handle, without those whose ids are given; a step without rows does its work here.
    find: Callable[[Collection[int]], Sequence[Any]]
    handle: Callable[[Any], object] = nothing_more
    seconds: float = math.inf


def tick() -> None:
    """One sweep, when this process is the leader."""
    with database.connection_context():
        installation.record_heartbeat(PROCESS, "scheduler")
        if installation.take_lease("scheduler", PROCESS, LEASE_SECONDS):
            sweep()


def sweep() -> None:
    known = setbacks.all_setbacks()
    for step in STEPS:
        _take(step, [one for one in known if one.step == step.name])


def _take(step: Step, known: Sequence[Setback]) -> None:
    apart = {one.subject for one in known if setbacks.is_postponed(one)}
    if WHOLE_STEP in apart:
        return
    well: set[int] = set()
    with _by_itself(step, WHOLE_STEP):
        rows = step.find(apart)
        well.add(WHOLE_STEP)
        well |= {one.subject for one in known} - apart - {row.id for row in rows}  # done by somebody else, or gone
        until = time.monotonic() + step.seconds
        for row in rows:
            with _by_itself(step, row.id):
                step.handle(row)
                well.add(row.id)
            if time.monotonic() > until:
                break
    setbacks.delete(step.name, well & {one.subject for one in known})


@contextmanager
def _by_itself(step: Step, subject: int) -> Iterator[None]:
    """What goes wrong in here is set aside. Raises what says that the database is away: nothing else goes well then."""
    try:
        yield
    except redis.RedisError:
        # It is away, and /readyz and doctor say so. What needs it is due again at the next tick.
        logger.warning("Redis does not answer", exc_info=True, extra=logs.REPEATED)
    except Exception as e:
        if is_unreachable(e):
            raise
        one = setbacks.record(step.name, subject, redact(f"{type(e).__name__}: {logs.first_line(e)}"))
        logger.exception("a step of the sweep failed", extra={"step": step.name, "row": subject, "times": one.times})


def _take_back(run: Run) -> None:
    logger.warning("taking back a run whose worker died", extra={"run_id": run.id})
    for one in lost_runs.take_back(run):
        send(one)


def _close(run: Run) -> None:
    child_runs.finish_parent_if_done(run.id)


def _remove(tenant: Tenant) -> None:
    """Its next rows, for a moment: other tenants' runs wait for this sweep."""
    until = time.monotonic() + REMOVING_SECONDS
    while time.monotonic() < until and tenant_removal.remove_next_rows(tenant):
        pass


def _remembered() -> list[ChainPoint]:
    """Without Redis, or a key that opens, nobody remembers: the rest is looked at all the same."""
    try:
        return audit_head.follow()
    except (redis.RedisError, SealError):
        logger.warning("where the audit log ended is not remembered just now", exc_info=True, extra=logs.REPEATED)
        return []


def _check_audit_log() -> None:
    for fault in daily_check.check_next_events(_remembered()):
        logger.error("the audit log does not hold: %s", fault.sentence, extra={"event": fault.event_id})


def _once(act: Callable[[], object]) -> Callable[[Collection[int]], Sequence[Any]]:
    def find(_apart: Collection[int]) -> Sequence[Any]:
        act()
        return ()

    return find


def _without(find: Callable[[], Sequence[Any]]) -> Callable[[Collection[int]], Sequence[Any]]:
    """For those who find few."""
    return lambda apart: [row for row in find() if row.id not in apart]


# What recovers runs comes first, and whole.
STEPS = (
    Step(Sweep.TAKE_BACK, lost_runs.presumed_lost, _take_back),
    Step(Sweep.CANCEL, lost_runs.cancelled_and_unclaimed, completion.finish_if_cancelled),
    Step(Sweep.CLOSE, lost_runs.parents_without_children, _close),
    Step(Sweep.LOCKS, _once(dedupe.release_ended)),
    Step(Sweep.SEND, resend.missing, send),
    Step(Sweep.SCHEDULES, lambda apart: schedules.due_schedules(utcnow(), apart), due_schedules.start, SLICE_SECONDS),
    Step(Sweep.EXPIRE, _once(lambda: approvals.expire_old_plans(config.settings().plan_hours))),
    Step(Sweep.PRUNE, _once(daily_prune.prune_daily)),
    Step(Sweep.REMOVE, _without(tenant_removal.tenants_being_removed), _remove, SLICE_SECONDS),
    Step(Sweep.PEOPLE, entra_grants.due_checks, entra_recheck.send, SLICE_SECONDS),
    Step(Sweep.AUDIT, _once(_check_audit_log)),
)


def run() -> None:
    """Tick until told to stop. Raises SettingsError or StartupError."""
    logs.configure(config.settings().log_format)
    startup.prepare_to_stay(config.settings())
    stop = Event()

    def asked_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked_to_stop)
    signal.signal(signal.SIGINT, asked_to_stop)
    logger.info("the scheduler is up")
    while not stop.wait(TICK_SECONDS):
        try:
            tick()
        except Exception:
            logger.exception("sweep failed; the next one tries again", extra=logs.REPEATED)
    with database.connection_context():
        installation.release_lease("scheduler", PROCESS)
