"""The steps of a sweep that bring every run to its end, even if its worker died or its message was lost.

A run whose worker died is taken back. A run that was cancelled while no worker had it is ended, and so is a parent run
whose worker died after its last child ended. Locks of ended runs are released. Runs without a message get a new one.
"""

import logging

from actors.queue.broker import dedupe
from actors.queue.enqueue import enqueue
from actors.recovery import resend
from actors.recovery.steps import Step, once
from db.models import Run
from db.recovery import lost_runs
from db.runs import child_runs, completion
from db.states import Sweep

logger = logging.getLogger(__name__)


def _take_back(run: Run) -> None:
    logger.warning("taking back a run whose worker died", extra={"run_id": run.id})
    for next_run in lost_runs.take_back(run):
        enqueue(next_run)


def _finish_parent(run: Run) -> None:
    child_runs.finish_parent_if_done(run.id)


STEPS = (
    Step(Sweep.TAKE_BACK, lost_runs.presumed_lost, _take_back),
    Step(Sweep.CANCEL, lost_runs.cancelled_and_unclaimed, completion.finish_if_cancelled),
    Step(Sweep.CLOSE, lost_runs.parents_of_ended_children, _finish_parent),
    Step(Sweep.LOCKS, once(dedupe.release_ended)),
    Step(Sweep.SEND, resend.runs_without_message, enqueue),
)
