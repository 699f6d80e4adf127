"""A tenant's part in a roll-out: the same plan has the same mark, and what is open in a ring is counted."""

import pytest

from db.audit.audit import SYSTEM
from db.models import Restore, StandardAdoption, StandardCell
from db.rollouts import rollout_tenants, rollouts
from db.standards import adoptions
from db.states import CellState, Ring, RollOutKind
from tests.support.restore_steps import as_previewed
from tests.support.rolled_out import make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_plan_that_is_made_again_and_is_the_same_has_the_same_mark(cast):
    restore = Restore.create(tenant=cast.contoso, source_directory_id="s", source_name="s", options={})
    first = as_previewed(restore)
    again = as_previewed(restore)
    assert first.planned_mark != again.planned_mark, "what a page shows is salted anew"
    assert rollout_tenants.plan_mark(first) == rollout_tenants.plan_mark(again)
    Restore.update(options={"existing": "skip"}).execute()
    assert rollout_tenants.plan_mark(as_previewed(restore)) != rollout_tenants.plan_mark(first)
    assert rollout_tenants.plan_mark(None) is None


def test_what_is_not_as_wanted_in_a_ring_is_counted_but_for_what_a_second_step_brings(cast):
    standard = make_standard()
    make_version(standard)
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    for number, state in enumerate(CellState):
        StandardCell.create(adoption=adoption, item_key=str(number), policy_type="t", name="n", state=state, why="")
    ids = [cast.contoso.id]
    assert rollout_tenants.not_as_wanted(standard.id, ids, but_for="later") == len(CellState) - 2
    StandardCell.update(why="later").where(StandardCell.state == CellState.DIFFERS).execute()
    assert rollout_tenants.not_as_wanted(standard.id, ids, but_for="later") == len(CellState) - 3
    assert rollout_tenants.not_as_wanted(standard.id, [cast.fabrikam.id], but_for="later") == 0


def test_a_tenant_is_held_to_a_version_from_now_on(cast):
    standard = make_standard()
    version = make_version(standard)
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    rollout = rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, [cast.contoso.id], SYSTEM)
    [part] = rollout_tenants.all_of(rollout)
    assert rollout_tenants.adoption_of(part).id == adoption.id
    rollout_tenants.hold_to(adoption, version.id)
    now = StandardAdoption.get_by_id(adoption.id)
    assert (now.version_id, now.due_since is not None) == (version.id, True)
