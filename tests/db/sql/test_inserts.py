"""Rows that are written in one statement are as the model would write them."""

from db.models import Run, RunItem
from db.sql.inserts import insert_rows
from db.sql.value_lists import ROWS_PER_STATEMENT
from db.states import ItemState, RunKind


def test_many_rows_take_the_fields_that_they_name_and_their_defaults(cast):
    run = Run.create(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="x")
    names = [f"{number} “ä\u2028%s?" for number in range(ROWS_PER_STATEMENT + 1)]
    insert_rows(RunItem, ({"run": run.id, "policy_type": "p", "name": name, "state": ItemState.DONE} for name in names))
    rows = list(RunItem.select().where(RunItem.run == run).order_by(RunItem.id))
    assert [(row.name, row.state) for row in rows] == [(name, ItemState.DONE) for name in names]
    made = RunItem.create(run=run, policy_type="p", name="one", state=ItemState.DONE)
    apart = {"id", "name"}
    as_made = {name: value for name, value in RunItem.get_by_id(made.id).__data__.items() if name not in apart}
    assert {name: value for name, value in rows[0].__data__.items() if name not in apart} == as_made
    assert insert_rows(RunItem, []) == []
    more = [{"run": run.id, "policy_type": "p", "name": name} for name in ("a", "b")]
    ids = insert_rows(RunItem, more, returning=(RunItem.name, RunItem.id))
    assert {RunItem.get_by_id(row_id).name: name for name, row_id in ids} == {"a": "a", "b": "b"}
