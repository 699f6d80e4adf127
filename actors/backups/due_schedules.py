"""Backups by schedule: the leading scheduler starts those whose time has come."""

import logging
from collections.abc import Callable

from actors.backups import back_up
from actors.queue.enqueue import enqueue_new
from db.audit.own_actors import SCHEDULE
from db.clock import utcnow
from db.database import database
from db.errors import Invalid, SwitchedOff
from db.models import Schedule
from db.runs.runs import StartedRun
from db.tenants import schedules

logger = logging.getLogger(__name__)


def start(schedule: Schedule) -> None:
    """Start the schedule's backup, unless another scheduler was quicker. Pauses a schedule that has no next time."""
    start_by(schedule, _create_backup)


def start_by(schedule: Schedule, create: Callable[[Schedule], StartedRun | None]) -> None:
    """Start what `create` makes of the schedule: it claims it and creates the run, or returns None."""
    try:
        started = create(schedule)
    except SwitchedOff as e:  # since it was found to be due
        logger.info("%s", e, extra={"schedule": schedule.id})
        return
    except Invalid as e:
        logger.error("paused a schedule: %s", e, extra={"schedule": schedule.id})
        schedules.pause(schedule, str(e), SCHEDULE)
        return
    if started:
        enqueue_new(started)
        logger.info("started by schedule", extra={"run_id": started.run.id, "schedule": schedule.id})


def _create_backup(schedule: Schedule) -> StartedRun | None:
    """Claim the schedule and create the run, or neither: a process that dies in between leaves the schedule due."""
    with database.atomic():
        if not schedules.claim_due(schedule, utcnow()):
            return None
        started = back_up.create_run(schedule.tenant, SCHEDULE, is_full=schedule.is_full)
        if back_up.does_less(started, is_full=schedule.is_full):
            schedules.give_back(schedule, started.run)
        else:
            schedules.record_run(schedule, started.run)
    return started
