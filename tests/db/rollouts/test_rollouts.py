"""Roll-outs are begun one at a time for a ring, change state once, and are gone on with by one worker at a time."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent, Restore, RollOut, RollOutTenant, Standard
from db.rollouts import rollout_tenants, rollouts
from db.standards import standards
from db.states import Ring, RollOutKind, RollOutState, RollOutTenantState
from tests.support.restore_steps import as_previewed
from tests.support.rolled_out import make_standard, make_version

S, T = RollOutState, RollOutTenantState
# (state of the roll-out, of its tenants, whether a worker has something to do)
BEGUN = (
    (S.STOPPED, T.WRITING, True),
    (S.STOPPED, T.DONE, False),
    (S.PREVIEWED, T.PREVIEWED, False),
    (S.ROLLING_BACK, T.UNDOING, True),
    (S.FINISHED, T.DONE, False),
)
FAR = {"four_eyes": False, "hours": 24, "tenants": 2}


@pytest.fixture
def begun(cast):
    standard = make_standard()
    version = make_version(standard)

    def begin(*tenants, ring=Ring.PILOT):
        ids = [tenant.id for tenant in tenants or (cast.contoso, cast.fabrikam)]
        return rollouts.create(standard, version, ring, RollOutKind.ROLL_OUT, ids, SYSTEM)

    return begin


def with_plans(rollout):
    """As if each tenant had been planned."""
    for part in rollout_tenants.all_of(rollout):
        restore = Restore.create(tenant=part.tenant_id, source_directory_id="s", source_name="s", options={})
        rollout_tenants.move(part, [T.WAITING], T.PREVIEWED, restore=as_previewed(restore), counts={"create": 2})
    rollouts.move(rollout, [S.PREVIEWING], S.PREVIEWED)
    return rollout_tenants.planned(rollout)


def test_a_ring_has_one_roll_out_at_a_time_and_each_act_has_its_states(begun, cast):
    rollout = begun()
    with pytest.raises(Invalid, match=f"Roll-out {rollout.id} to this ring is not ended"):
        begun()
    assert begun(ring=Ring.EARLY).id != rollout.id
    with pytest.raises(Invalid, match="is previewing by now"):
        rollouts.pause(rollout, SYSTEM)
    with pytest.raises(Invalid, match="No tenant of this ring has a plan"):
        rollouts.confirm(rollout, SYSTEM, "CAB 1", plan=None, **FAR)
    planned = with_plans(rollout)
    with pytest.raises(Invalid, match="Say why"):
        rollouts.confirm(rollout, SYSTEM, " ", plan=None, **FAR)
    seen = rollout_tenants.plans_fingerprint(planned)
    Restore.update(previewed_at=utcnow() - timedelta(hours=30)).where(Restore.id == planned[0].restore_id).execute()
    with pytest.raises(Invalid, match="1 of 2 plans are too old"):
        rollouts.confirm(rollout, SYSTEM, "CAB 1", plan=seen, **FAR)
    rollouts.preview_again(rollout, SYSTEM)
    assert {part.state for part in rollout_tenants.all_of(rollout)} == {T.PREVIEWING}
    RollOutTenant.update(state=T.PREVIEWED).execute()
    Restore.update(previewed_at=utcnow()).execute()
    rollouts.move(rollout, [S.PREVIEWING], S.PREVIEWED)
    rollouts.confirm(rollout, SYSTEM, "CAB 1", plan=seen, **FAR)
    assert all(part.confirmed_mark for part in rollout_tenants.all_of(rollout))
    rollouts.pause(rollout, SYSTEM)
    rollouts.go_on(rollout, SYSTEM)
    with pytest.raises(Invalid, match="Nothing was written by it"):
        rollouts.begin_roll_back(rollout, SYSTEM, "INC-1")
    rollouts.stop(rollout, SYSTEM, "INC-1")
    assert {part.state for part in rollout_tenants.all_of(rollout)} == {T.LEFT_OUT}
    its = [part.restore_id for part in rollout_tenants.all_of(rollout)]
    assert {Restore.get_by_id(number).state for number in its} == {"cancelled"}, "none of them is written by hand later"
    assert not rollouts.stop_by_itself(rollout, S.RUNNING, "too many failed")
    acts = [row.action for row in AuditEvent.select().where(AuditEvent.subject == f"roll-out {rollout.id}")]
    assert acts == [f"rollout:{act}" for act in ("asked", "planned-again", "confirmed", "paused", "went-on", "stopped")]


def test_one_worker_at_a_time_goes_on_and_a_sweep_finds_what_nobody_goes_on_with(begun):
    rollout, pause = begun(), timedelta(seconds=1)
    assert rollouts.take_step(rollout.id, pause) is None, "it was asked for just now"
    assert rollouts.left_alone(utcnow()) == []
    RollOut.update(acted_at=utcnow() - timedelta(minutes=2)).execute()
    assert [row.id for row in rollouts.left_alone(utcnow())] == [rollout.id]
    assert rollouts.take_step(rollout.id, pause).id == rollout.id
    assert rollouts.take_step(rollout.id, pause) is None
    # One that stopped is gone on with for as long as something that was begun is under way.
    for state, part, has_work in BEGUN:
        RollOut.update(state=state, acted_at=utcnow() - timedelta(minutes=2)).execute()
        RollOutTenant.update(state=part).execute()
        assert bool(rollouts.left_alone(utcnow())) == has_work, (state, part)
        assert bool(rollouts.take_step(rollout.id, pause)) == has_work


def test_an_archived_standard_and_an_empty_ring_are_refused(begun, cast):
    with pytest.raises(Invalid, match="No tenant follows"):
        rollouts.create(*_of_first(begun(cast.contoso)), Ring.ALL, RollOutKind.ROLL_OUT, [], SYSTEM)
    standard = Standard.get()
    standards.archive(standard, SYSTEM)
    with pytest.raises(Invalid, match="is archived"):
        begun(cast.contoso, ring=Ring.EARLY)


def _of_first(rollout):
    return rollout.standard, rollout.version
