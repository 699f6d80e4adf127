"""What may be put back by itself: only what went well by hand before, so often a day, and never against four eyes."""

import pytest

from db.audit.audit import SYSTEM, Actor
from db.errors import Invalid
from db.models import (
    AuditEvent,
    Change,
    Policy,
    Restore,
    RestoreItem,
    Standard,
    StandardAdoption,
    StandardCell,
    StandardVersion,
    Tenant,
)
from db.standards import keeping
from db.states import KeepChoice, RestoreState
from tests.support.changes import record_change

PUT_BACK, TELL = KeepChoice.PUT_BACK, KeepChoice.TELL


@pytest.fixture
def adoption(cast):
    standard = Standard.create(name="Baseline", uid="5" * 8)
    version = StandardVersion.create(standard=standard, number=1, source="tenant", parameters=[])
    return StandardAdoption.create(
        standard=standard, tenant=cast.contoso, ring="pilot", values={}, counts={}, version=version, put_backs_a_day=2
    )


@pytest.fixture
def cell(adoption, cast):
    """A policy that was as wanted, and somebody changed it."""
    policy = Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))
    record_change(policy)
    return StandardCell.create(
        adoption=adoption,
        item_key="item 1",
        policy_type=policy.policy_type,
        name=policy.name,
        state="differs",
        policy=policy,
        aligned_mark="a" * 64,
    )


def restored(cell, **columns):
    """A restore of the cell's policy by a person, that ended well."""
    of_item = {name: columns.pop(name) for name in ("outcome", "verified", "action") if name in columns}
    usual = {"source_directory_id": "x", "source_name": "x", "state": RestoreState.FINISHED, "options": {}}
    restore = Restore.create(tenant=cell.adoption.tenant, **{**usual, **columns})
    item = {"outcome": "updated", "verified": True, "action": "update", **of_item}
    RestoreItem.create(
        restore=restore, policy_type=cell.policy_type, graph_id=cell.item_key, name="x", references={},
        target_id=cell.policy.graph_id, **item,
    )  # fmt: skip
    return restore


def test_a_person_chooses_it_only_for_what_went_well_by_hand(cell, cast):
    max_ = Actor.person(cast.max, None)
    for make, why in (
        (lambda: None, keeping.NEVER_PUT_BACK),
        (lambda: restored(cell, rollout_id=7), keeping.NEVER_PUT_BACK),
        (lambda: restored(cell, verified=False), keeping.WENT_WRONG),
        (lambda: restored(cell, outcome="error", verified=None), keeping.WENT_WRONG),
        (lambda: restored(cell, undo_of=restored(cell)), keeping.WENT_WRONG),
    ):
        make()
        with pytest.raises(Invalid) as e:
            keeping.choose(cell, PUT_BACK, max_)
        assert str(e.value) == why
    restored(cell)
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    assert keeping.why_not(StandardCell.get_by_id(cell.id)) == keeping.FOUR_EYES
    Tenant.update(four_eyes=False).where(Tenant.id == cast.contoso.id).execute()
    keeping.choose(cell, PUT_BACK, max_)
    keeping.choose(cell, PUT_BACK, max_)
    assert StandardCell.get_by_id(cell.id).keep == PUT_BACK
    events = AuditEvent.select().where(AuditEvent.action == "keeping:chosen")
    assert [(event.actor, event.tenant_id, event.details["choice"]) for event in events] == [
        ("max@example.com", cast.contoso.id, "put_back")
    ]


def test_due_is_what_was_as_wanted_and_is_open_while_nothing_is_on_its_way(cell, adoption):
    restored(cell)
    keeping.choose(cell, PUT_BACK, SYSTEM)
    assert [row.id for row in keeping.due()] == [adoption.id]
    assert keeping.due([adoption.id]) == []
    assert [row.id for row in keeping.due_cells(keeping.due()[0])] == [cell.id]
    of_cell = ({"aligned_mark": None}, {"state": "excepted"}, {"keep": TELL})
    undue = [(StandardCell, columns) for columns in of_cell]
    undue += [(Change, {"state": "accepted"}), (StandardAdoption, {"put_backs_a_day": 0})]
    for model, columns in undue:
        before = {name: getattr(model.get(), name) for name in columns}
        model.update(columns).execute()
        assert keeping.due() == [], columns
        model.update(before).execute()
    draft = keeping.mark(restored(cell, state=RestoreState.DRAFT, standard_id=adoption.standard_id))
    assert (keeping.due(), keeping.lock(adoption)) == ([], False)
    assert [row.id for row in keeping.on_their_way()] == [draft.id]
    assert [row.id for row in keeping.cells_of(draft)] == [cell.id]


def test_so_many_a_day_and_what_is_changed_again_and_again_is_told(cell, adoption):
    restored(cell)
    keeping.choose(cell, PUT_BACK, SYSTEM)
    keeping.mark(restored(cell, standard_id=adoption.standard_id))
    assert keeping.due_cells(adoption), "one of two"
    other = RestoreItem.update(graph_id="another item").where(RestoreItem.graph_id == "item 1").execute()
    assert other == 2
    keeping.mark(restored(cell, standard_id=adoption.standard_id))
    assert keeping.due_cells(adoption) == [], "two of two"
    assert StandardCell.get_by_id(cell.id).keep == PUT_BACK, "tomorrow is another day"
    keeping.limit_to(adoption, 9, SYSTEM)
    keeping.mark(restored(cell, standard_id=adoption.standard_id))
    assert keeping.due_cells(StandardAdoption.get_by_id(adoption.id)) == []
    assert StandardCell.get_by_id(cell.id).keep == TELL
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (event.action, "2 times within a day" in event.details["why"]) == ("keeping:chosen", True)
    with pytest.raises(Invalid, match="0 to 50"):
        keeping.limit_to(adoption, 51, SYSTEM)
