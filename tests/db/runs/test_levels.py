"""A run lacks something although nothing failed: which items make it so, in runs of which kind."""

import pytest

from db.models import Run
from db.runs import completion, levels, run_items
from db.states import ItemState, Level, Outcome, RunKind, RunState
from tests.support.claimed_runs import claimed


@pytest.mark.parametrize(
    ("kind", "state", "outcome", "reason", "level"),
    [
        (RunKind.CAPTURE_SNAPSHOT, ItemState.DONE, Outcome.GONE, None, Level.ATTENTION),
        (RunKind.SYNC, ItemState.SKIPPED, Outcome.FORBIDDEN, "forbidden", Level.ATTENTION),
        (RunKind.SYNC, ItemState.SKIPPED, Outcome.NOT_AVAILABLE, "not_offered", Level.GOOD),
        (RunKind.RESTORE, ItemState.SKIPPED, Outcome.BLOCKED, "guard", Level.ATTENTION),
        (RunKind.RESTORE, ItemState.SKIPPED, Outcome.EXISTS, None, Level.GOOD),
        (RunKind.RESTORE, ItemState.DONE, Outcome.UPDATED, "differs", Level.ATTENTION),
        (RunKind.UPLOAD, ItemState.SKIPPED, Outcome.LEFT_OUT, None, Level.ATTENTION),
    ],
)
def test_a_succeeded_run_is_good_only_where_no_item_fell_short(start, kind, state, outcome, reason, level):
    claim = claimed(start(items=2))
    Run.update(kind=kind).where(Run.id == claim.run.id).execute()
    claim.run.kind = kind
    short, whole = run_items.unsettled_items(claim.run)
    run_items.finish_item(claim, short, state, outcome, reason=reason, message="It fell short.")
    run_items.finish_item(claim, whole, ItemState.DONE, Outcome.CAPTURED)
    assert completion.finish(claim) == RunState.SUCCEEDED
    run = Run.get_by_id(claim.run.id)
    assert levels.level_of(run) == level
    assert run.error_message == ("It fell short." if level == Level.ATTENTION else None)
