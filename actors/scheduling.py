"""Starts the backups whose time has come; called by the scheduler that leads."""

import logging

from actors import back_up
from db import schedules
from db.audit import Actor
from db.clock import utcnow
from db.errors import SwitchedOff
from db.models import Schedule

logger = logging.getLogger(__name__)

SCHEDULE = Actor("schedule", origin="schedule")


def start_due() -> None:
    now = utcnow()
    for schedule in schedules.due(now):
        if schedules.take(schedule, now):
            _start(schedule)


def _start(schedule: Schedule) -> None:
    try:
        start = back_up.start(schedule.tenant, SCHEDULE, is_full=schedule.is_full)
    except SwitchedOff as e:  # since it was found to be due
        logger.info("%s", e, extra={"schedule": schedule.id})
        return
    schedules.record_run(schedule, start.run)
    logger.info("started by schedule", extra={"run_id": start.run.id, "schedule": schedule.id})
