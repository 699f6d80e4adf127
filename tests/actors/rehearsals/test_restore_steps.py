"""A restore of a rehearsal, step by step: one message starts what comes next, and each failure ends the step."""

import pytest

from actors.plans import drafts
from actors.rehearsals import restore_steps
from actors.rehearsals.awaited_runs import OtherRunAwaited, StepFailed
from db.audit.audit import SYSTEM
from db.models import Restore, Run
from db.restores import restores
from db.runs import completion, runs
from db.states import RestoreState, RunKind
from tests.support.claimed_runs import claimed
from tests.support.documents import captured_policies
from tests.support.restore_steps import as_previewed, options

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_each_message_starts_what_comes_next(app, cast):
    [snapshot] = captured_policies(cast.contoso, {"name": "Wi-Fi", "settings": []})
    draft = drafts.from_snapshot(snapshot, cast.fabrikam, options(), SYSTEM)
    for _ in range(2):  # the second finds the first's
        with pytest.raises(OtherRunAwaited):
            restore_steps.previewed(draft, SYSTEM, "a plan")
    [preview] = Run.select().where(Run.kind == RunKind.PREVIEW)
    completion.fail(claimed(runs.StartedRun(preview, is_new=True)), "forbidden", "It may not be read.")
    with pytest.raises(StepFailed, match="It may not be read"):
        restore_steps.previewed(draft, SYSTEM, "a plan")
    planned = as_previewed(draft)
    other = runs.start(tenant=cast.fabrikam, kind=RunKind.RESTORE, dedupe_key=f"restore.live:{cast.fabrikam.id}",
                       items=[], actor=SYSTEM, restore_id=999)  # fmt: skip
    with pytest.raises(OtherRunAwaited, match=f"run {other.run.id}: another restore writes"):
        restore_steps.written(planned, SYSTEM, "why", "a sample")
    completion.finish(claimed(other))
    Restore.update(asks_four_eyes=True).where(Restore.id == planned.id).execute()
    with pytest.raises(StepFailed, match="four eyes"):
        restore_steps.written(Restore.get_by_id(planned.id), SYSTEM, "why", "a sample")
    restores.cancel(planned, SYSTEM)
    with pytest.raises(StepFailed, match="cancelled restore"):
        restore_steps.previewed(planned, SYSTEM, "a plan")
    assert Restore.get_by_id(planned.id).state == RestoreState.CANCELLED
