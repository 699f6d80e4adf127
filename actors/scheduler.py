"""`tenantkeep scheduler`: the guarantee that a recorded run ends.

Every few seconds, one leader among any number of schedulers sends again what was never sent, what is due after a wait
and what was lost with Redis, and takes back runs whose worker died. All of it is safe to do twice.
"""

import logging
import signal
import time
from threading import Event
from types import FrameType

import peewee as pw
import redis

import config
from actors import logs, pruning, scheduling, startup
from actors.broker import dedupe
from actors.every import broker
from actors.middleware import PROCESS
from actors.starting import send
from db import audit_rounds, installation, overdue, parts, removal, restores, run_ends
from db.database import database
from db.models import Run

logger = logging.getLogger(__name__)

TICK_SECONDS = 2
LEASE_SECONDS = 10
REMOVING_SECONDS = 0.5


def tick() -> None:
    """One sweep, when this process is the leader."""
    with database.connection_context():
        installation.beat(PROCESS, "scheduler")
        if installation.take_lease("scheduler", PROCESS, LEASE_SECONDS):
            sweep()


def sweep() -> None:
    for run in overdue.take_back_abandoned():
        logger.warning("took back a run whose worker died", extra={"run_id": run.id})
        send(run)
    for run in overdue.cancelled_and_unheld():
        run_ends.end_if_cancelled(run)
    scheduling.start_due()
    restores.expire_old(config.settings().plan_hours)
    pruning.prune_daily()
    _remove_tenants()
    for fault in audit_rounds.go_on():
        logger.error("the audit log does not hold: %s", fault.sentence, extra={"event": fault.event_id})
    for run in overdue.without_parts():
        parts.close(run.id)
    try:
        dedupe.release_ended()
    except redis.RedisError:
        return  # Redis is away: the next tick tries again
    for run in [*overdue.unsent(), *overdue.due(), *_lost()]:
        send(run)


def _remove_tenants() -> None:
    """Of those whose removal was begun the next rows, for a moment: other tenants' runs wait for this sweep."""
    until = time.monotonic() + REMOVING_SECONDS
    for tenant in removal.begun():
        while time.monotonic() < until and removal.go_on(tenant):
            pass


def _lost() -> list[Run]:
    """Sent long ago, and Redis lost the message: its lock is gone too, or every queue is empty. A long queue only means
    patience, for a time; a message that comes twice finds nothing to do.
    """
    candidates = overdue.lost()
    if not candidates or not any(broker.do_qsize(queue) for queue in broker.get_declared_queues()):
        return candidates
    return [run for run in candidates if overdue.is_out_of_patience(run) or not dedupe.is_locked(run.dedupe_key)]


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
        except (pw.OperationalError, pw.InterfaceError, redis.RedisError):
            logger.warning("sweep failed; the next one tries again", exc_info=True, extra=logs.REPEATED)
    with database.connection_context():
        installation.release_lease("scheduler", PROCESS)
