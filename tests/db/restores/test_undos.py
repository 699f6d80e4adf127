"""Whether a restore was undone: by which undos, in whole or in part."""

import pytest

from db.models import Restore, RestoreItem, Run, Write
from db.restores import restore_drafts, restore_items, undos
from db.states import Outcome, RestoreState, RunKind, RunState, WriteState
from tests.support.restore_steps import options, person

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def restored(cast, captured):
    """A restore of two policies of Contoso: one was overwritten, the other one made again."""
    snapshots = [snapshot for policy, _, snapshot in captured if policy.tenant == cast.contoso]
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "two snapshots")
    items = restore_drafts.new_items_from_snapshots(snapshots)
    made = restore_drafts.create(cast.contoso, source, items, options(), person(cast.max.id))
    overwritten, made_again = restore_items.items(made)
    for item, columns in (
        (overwritten, {"target_id": overwritten.graph_id, "live_content": overwritten.content_id}),
        (made_again, {"created_id": "new-id"}),
    ):
        RestoreItem.update(outcome=Outcome.UPDATED, **columns).where(RestoreItem.id == item.id).execute()
        _write(item)
    return ended(made)


def _write(item):
    run = Run.create(
        kind=RunKind.RESTORE, tenant=item.restore.tenant, state=RunState.SUCCEEDED, dedupe_key=f"x:{item.id}"
    )
    Write.create(run=run, item=item, method="PATCH", path="/x", request_mark="", state=WriteState.ANSWERED)


def ended(restore):
    Restore.update(state=RestoreState.FINISHED).where(Restore.id == restore.id).execute()
    return Restore.get_by_id(restore.id)


def undo(restore, cast, *outcomes):
    """An undo of it that ended so; without outcomes one that was only drafted."""
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "undo")
    items = restore_drafts.undo_items(restore)
    made = restore_drafts.create(
        cast.contoso, source, items[: len(outcomes) or None], options(), person(cast.max.id), undo_of=restore
    )
    for item, outcome in zip(restore_items.items(made), outcomes, strict=False):
        RestoreItem.update(outcome=outcome).where(RestoreItem.id == item.id).execute()
        if outcome == Outcome.UPDATED:
            columns = {"target_id": item.graph_id, "live_content": item.content_id}
            RestoreItem.update(**columns).where(RestoreItem.id == item.id).execute()
            _write(item)
    return ended(made) if outcomes else made


@pytest.mark.parametrize(
    "outcomes", [(), (Outcome.UPDATED,), (Outcome.UPDATED, Outcome.BLOCKED), (Outcome.CONFLICT, Outcome.REMOVED)]
)
def test_what_was_undone_in_part_or_not_yet_is_not_undone(cast, restored, outcomes):
    made = undo(restored, cast, *outcomes)
    assert undos.of_restore(restored) == [made]
    assert undos.that_undid(restored) == []


def test_what_was_undone_is_until_that_is_undone_itself(cast, restored):
    made = undo(restored, cast, Outcome.UPDATED, Outcome.REMOVED)
    assert undos.that_undid(restored) == [made]
    again = undo(made, cast, Outcome.UPDATED)
    assert (undos.that_undid(made), undos.that_undid(restored)) == ([again], [])


def test_two_undos_do_it_between_them(cast, restored):
    first = undo(restored, cast, Outcome.UPDATED, Outcome.BLOCKED)
    second = undo(restored, cast, Outcome.CONFLICT, Outcome.REMOVED)
    assert undos.that_undid(restored) == [first, second]
