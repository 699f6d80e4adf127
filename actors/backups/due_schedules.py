"""Starts the backups whose time has come; called by the scheduler that leads."""

import logging

from actors.backups import back_up
from actors.queue.enqueue import enqueue_new
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database
from db.errors import Invalid, SwitchedOff
from db.models import Schedule
from db.runs.runs import StartedRun
from db.tenants import schedules

logger = logging.getLogger(__name__)

SCHEDULE = Actor("schedule", origin="schedule")


def start(schedule: Schedule) -> None:
    """Start its backup, unless another scheduler was quicker. One that cannot tell its next time is paused."""
    try:
        made = _made(schedule)
    except SwitchedOff as e:  # since it was found to be due
        logger.info("%s", e, extra={"schedule": schedule.id})
        return
    except Invalid as e:
        logger.error("paused a schedule: %s", e, extra={"schedule": schedule.id})
        schedules.pause(schedule, str(e), SCHEDULE)
        return
    if made:
        enqueue_new(made)
        logger.info("started by schedule", extra={"run_id": made.run.id, "schedule": schedule.id})


def _made(schedule: Schedule) -> StartedRun | None:
    """All of it or nothing: whoever dies in between leaves the schedule due."""
    with database.atomic():
        if not schedules.claim_due(schedule, utcnow()):
            return None
        made = back_up.make(schedule.tenant, SCHEDULE, is_full=schedule.is_full)
        if back_up.does_less(made, is_full=schedule.is_full):
            schedules.give_back(schedule, made.run)
        else:
            schedules.record_run(schedule, made.run)
    return made
