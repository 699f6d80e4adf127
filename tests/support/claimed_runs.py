"""Claims, finished items and older times for tests of runs."""

from datetime import timedelta

from db.clock import utcnow
from db.models import Run
from db.recovery import lost_runs
from db.runs import claims, run_items
from db.states import ItemState, Outcome


def claimed(started):
    return claims.take_claim(started.run.id, started.run.kind)


def taken_back():
    """Take lost runs back, as the scheduler's sweep does. Return the ids of the runs to be sent again."""
    return [run.id for abandoned in lost_runs.presumed_lost() for run in lost_runs.take_back(abandoned)]


def settle_all(claim, state=ItemState.DONE, outcome=Outcome.CAPTURED, **more):
    for item in run_items.unsettled_items(claim.run):
        run_items.finish_item(claim, item, state, outcome, **more)


def age(run_id, seconds, **columns):
    """Make a run's times older, as if the test had waited."""
    past = utcnow() - timedelta(seconds=seconds)
    Run.update({getattr(Run, name): past for name in columns.get("names", [])}).where(Run.id == run_id).execute()
