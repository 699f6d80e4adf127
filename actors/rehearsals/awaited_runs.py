"""Waiting for other runs: a rehearsal begins them, and looks again. It holds no thread meanwhile."""

from datetime import timedelta

from actors.queue.run_actor import Wait
from db.clock import utcnow
from db.models import Run
from db.runs import runs
from db.states import ACTIVE

# A young run is looked after more often: (its age, seconds until the next look).
_PAUSES = ((timedelta(seconds=20), 1.0), (timedelta(minutes=2), 5.0))
LONGEST_PAUSE = 15.0


class StepFailed(Exception):
    """A step of the rehearsal cannot be done: it ends with this sentence, and the rehearsal goes on."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


class OtherRunAwaited(Wait):
    """Another run has to end first. It may take hours and wait for people: that is no defect of the rehearsal."""

    is_for_people = True


def ended_run(run_id: int, title: str) -> Run:
    """Return the run once it has ended. Raises OtherRunAwaited before that, and StepFailed when it is gone."""
    run = runs.find_run(run_id)
    if run is None:
        raise StepFailed("run_gone", f"Run {run_id} ({title}) is no longer here.")
    if run.state in ACTIVE:
        raise awaited(run, title)
    return run


def awaited(run: Run, title: str) -> OtherRunAwaited:
    age = utcnow() - run.created_at
    pause = next((seconds for limit, seconds in _PAUSES if age < limit), LONGEST_PAUSE)
    return OtherRunAwaited(f"Waiting for run {run.id}: {title}.", pause)
