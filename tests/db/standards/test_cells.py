"""Cells of adoptions: when they are due, what is kept of them over a new look, and how they are counted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.clock import utcnow
from db.models import Change, StandardAdoption, StandardCell
from db.standards import cells
from db.standards.cells import CellFinding
from db.states import CellState, KeepChoice
from tests.support.standard_rows import catalog_body, follow, guid, has, new_standard

pytestmark = pytest.mark.usefixtures("lock_order")
LONG_AGO = utcnow() - timedelta(days=3)
LATER = utcnow() + timedelta(hours=3)


def found(key, state=CellState.ALIGNED, **facts):
    return CellFinding(key, "configurationPolicies", f"Item {key}", state, **facts)


def due_ids():
    return {adoption.id for adoption in cells.due()}


def test_cells_are_due_after_a_run_that_read_the_tenant_and_are_handed_over_once(cast):
    standard, other = new_standard(), new_standard("Other")
    ours = follow(standard, cast.contoso, due_since=LATER)
    theirs = follow(standard, cast.fabrikam, due_since=LATER)
    unlike = follow(other, cast.fabrikam, due_since=None)
    assert due_ids() == set()
    has(ours, "a", guid(1), catalog_body("Disk"))  # a capture, to its end
    assert due_ids() == {ours.id}
    [adoption] = cells.due()
    again = cells.due()[0]
    assert (cells.hand_over(adoption), cells.hand_over(again), due_ids()) == (True, False, set())
    cells.mark_due(standard_id=standard.id)
    assert due_ids() == {ours.id, theirs.id}
    cells.mark_due(cast.fabrikam.id, other.id)
    assert due_ids() == {ours.id, theirs.id, unlike.id}
    assert len(cells.due([ours.id])) == 2
    with pytest.raises(ValueError, match="name a tenant"):
        cells.mark_due()


def test_a_new_look_keeps_what_people_said_and_what_made_it_due_meanwhile(cast):
    adoption = follow(new_standard(), cast.contoso, due_since=LONG_AGO)
    policy, snapshot = has(adoption, "a", guid(1), catalog_body("Disk"))
    places = [{"path": "body/description", "label": "Description", "how": "changed"}]
    facts = {"policy_id": policy.id, "snapshot_id": snapshot.id, "difference_count": 1, "places": places}
    first = [
        found("a", CellState.DIFFERS, **facts),
        found("b", CellState.MISSING),
        found("c", aligned_mark="m", basis="x"),
    ]
    seen = StandardAdoption.get_by_id(adoption.id).due_since
    cells.save(adoption, first, seen)
    row = StandardAdoption.get_by_id(adoption.id)
    assert row.counts == {"differs": 1, "missing": 1, "aligned": 1}
    assert row.due_since > utcnow()
    before = cells.of_adoption(adoption)
    StandardCell.update(since_at=LONG_AGO, keep=KeepChoice.PUT_BACK).where(StandardCell.item_key == "a").execute()
    cells.mark_due(cast.contoso.id)
    now_due = StandardAdoption.get_by_id(adoption.id).due_since
    cells.save(adoption, [replace(first[0], state=CellState.ALIGNED, places=()), first[2]], seen)
    after = cells.of_adoption(adoption)
    assert after.keys() == {"a", "c"}
    assert before["c"].id == after["c"].id
    assert (after["a"].keep, after["a"].state, after["a"].places) == (KeepChoice.PUT_BACK, CellState.ALIGNED, None)
    assert after["a"].since_at > LONG_AGO
    row = StandardAdoption.get_by_id(adoption.id)
    assert (row.counts, row.due_since) == ({"aligned": 2}, now_due), "what was seen since may not be in it"
    assert not Change.select().where(Change.id == after["a"].change_id).exists()
