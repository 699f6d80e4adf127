"""Starts the backups whose time has come; called by the scheduler that leads."""

import logging

from actors import back_up
from db import schedules
from db.audit import Actor
from db.clock import utcnow

logger = logging.getLogger(__name__)

SCHEDULE = Actor("schedule", origin="schedule")


def start_due() -> None:
    now = utcnow()
    for schedule in schedules.due(now):
        if schedules.take(schedule, now):
            start = back_up.start(schedule.tenant, SCHEDULE, is_full=schedule.is_full)
            schedules.record_run(schedule, start.run)
            logger.info("started by schedule", extra={"run_id": start.run.id, "schedule": schedule.id})
