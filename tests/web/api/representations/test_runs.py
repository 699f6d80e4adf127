"""What a list says of runs, in a few statements for all, is what each page says of its own."""

import pytest

from db.audit.audit import SYSTEM
from db.models import Run
from db.runs import run_progress, runs
from db.runs.run_items import NewRunItem
from db.states import RunKind
from web.api.representations import runs as representation

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_counts_and_waits_of_many_runs_are_those_of_each(app, cast, captured):
    items = [NewRunItem("configurationPolicies", str(number)) for number in range(3)]
    active, whole = (
        runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key=key, items=items, actor=SYSTEM).run
        for key in ("one", "other")
    )
    Run.update(state="running", waiting="Graph asks us to wait").where(Run.id == active.id).execute()
    Run.update(state="running", parts=1).where(Run.id == whole.id).execute()
    Run.create(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="part", parent=whole, part=0, state="running",
               waiting="A part waits")  # fmt: skip
    listed = list(Run.select().where(Run.parent.is_null()).order_by(Run.id))
    with app.test_request_context():
        rows = representation.runs(listed)
    for run, row in zip(listed, rows, strict=True):
        assert row["counts"] == run_progress.count_by_state(run)
        assert row["waiting"] == run_progress.waiting_reason(run)
    assert [row["waiting"] for row in rows[-2:]] == ["Graph asks us to wait", "A part waits"]
    assert [row["counts"]["total"] for row in rows] == [1, 1, 1, 1, 3, 3]
