"""Waiting for other runs: seldom, the older they are, and never for one that is gone."""

from datetime import timedelta

import pytest

from actors.rehearsals.awaited_runs import LONGEST_PAUSE, OtherRunAwaited, StepFailed, ended_run
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Run
from db.runs import completion, runs
from db.states import RunKind
from tests.support.claimed_runs import claimed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_run_is_waited_for_ever_more_seldom_until_it_ends(cast):
    started = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="x", items=[], actor=SYSTEM)
    pauses = []
    for age in (timedelta(0), timedelta(minutes=1), timedelta(hours=1)):
        Run.update(created_at=utcnow() - age).where(Run.id == started.run.id).execute()
        with pytest.raises(OtherRunAwaited, match=f"run {started.run.id}: the sync") as refused:
            ended_run(started.run.id, "the sync")
        pauses.append(refused.value.seconds)
    assert pauses == [1.0, 5.0, LONGEST_PAUSE]
    completion.finish(claimed(started))
    assert ended_run(started.run.id, "the sync") == started.run
    with pytest.raises(StepFailed, match="no longer here"):
        ended_run(999, "the sync")
