"""Rehearsals by schedule: the leading scheduler starts those whose time has come."""

from actors.backups import due_schedules
from actors.rehearsals import rehearse
from db.audit.own_actors import SCHEDULE
from db.clock import utcnow
from db.database import database
from db.models import Schedule
from db.runs.runs import StartedRun
from db.tenants import schedules


def start(schedule: Schedule) -> None:
    """Start what the schedule asks for, a rehearsal or a backup, unless another scheduler was quicker."""
    if schedule.is_rehearsal:
        due_schedules.start_by(schedule, _create_rehearsal)
    else:
        due_schedules.start(schedule)


def _create_rehearsal(schedule: Schedule) -> StartedRun | None:
    """Claim the schedule and create the run, or neither: a process that dies in between leaves the schedule due."""
    with database.atomic():
        if not schedules.claim_due(schedule, utcnow()):
            return None
        started = rehearse.create_run(schedule.tenant, SCHEDULE)
        schedules.record_run(schedule, started.run)
    return started
