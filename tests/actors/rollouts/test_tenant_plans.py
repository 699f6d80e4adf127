"""A tenant's plan: without what another hand changed or nobody linked, and only as long as it is what was confirmed."""

from datetime import timedelta

import pytest

from actors.rollouts import conflicts, rolling_out, tenant_plans
from db.clock import utcnow
from db.models import Occurrence, Restore
from db.restores import restores
from db.states import NoticeEvent, Ring, RollOutKind, RollOutState, RollOutTenantState
from tests.actors.rollouts.test_rolling_out import person
from tests.support.rolled_out import (
    CATALOG,
    confirm,
    firewall,
    follow,
    guid,
    held,
    make_standard,
    make_version,
    parts,
    planned,
    states,
    went_on,
)

pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
T = RollOutTenantState


@pytest.fixture(autouse=True)
def goes_on_at_once(monkeypatch):
    monkeypatch.setattr(rolling_out, "PAUSE", timedelta(seconds=0.1))


def test_only_what_was_confirmed_is_written_and_nothing_that_nobody_linked(simulator, cast):
    standard = make_standard(at_once=1)
    version = make_version(standard)
    made = follow(simulator, standard, {Ring.PILOT: 5})
    (namesake, at_namesake), (same, _), (other, at_other), (cancelled, _), (barred, at_barred) = made
    # One has a policy of this name that appeared since its last backup; of one nobody can sign in.
    at_namesake.put(CATALOG, {**firewall(), "id": guid(9, 9), "description": "our own", "assignments": []})
    at_barred.change(client_secret="another")
    rollout = planned(standard, version, Ring.PILOT, person(cast.ada))
    assert rollout.state == RollOutState.PREVIEWED
    found = parts(rollout)
    [conflict] = found[namesake.id].conflicts
    assert (conflict["item_key"], conflict["why"]) == (guid(1, 1), conflicts.NOT_LINKED)
    assert found[barred.id].state == T.FAILED, states(rollout)
    confirm(rollout, person(cast.root))
    rolling_out.pause(rollout, person(cast.root))
    went_on(rollout)
    # Some of the plans grow old in the pause; one tenant changes meanwhile, and one restore is cancelled by hand.
    old = utcnow() - timedelta(hours=30)
    Restore.update(previewed_at=old).where(
        Restore.id.in_([found[same.id].restore_id, found[other.id].restore_id])
    ).execute()
    at_other.put(CATALOG, {**firewall(), "id": guid(9, 8), "name": "Defender", "assignments": []})
    restores.cancel(Restore.get_by_id(found[cancelled.id].restore_id), person(cast.root))
    rolling_out.go_on(rollout, person(cast.root))
    rollout = went_on(rollout)
    assert rollout.state == RollOutState.FINISHED, states(rollout)
    found = parts(rollout)
    assert {tenant.id: (found[tenant.id].state, found[tenant.id].message) for tenant, _ in made[:4]} == {
        namesake.id: (T.DONE, ""),
        same.id: (T.DONE, ""),
        other.id: (T.LEFT_OUT, tenant_plans.OTHER_PLAN),
        cancelled.id: (T.LEFT_OUT, tenant_plans.CANCELLED),
    }, states(rollout)
    assert held(at_namesake)[CATALOG, "Firewall"]["description"] == "our own"
    assert set(held(at_other)) == {(CATALOG, "Defender")}


def test_a_ring_in_which_no_tenant_has_a_plan_waits_for_nobody(simulator, cast):
    """Its only tenant was left out, and it waited for a second person, who then could not confirm it either."""
    standard = make_standard()
    version = make_version(standard)
    [(_, at_tenant)] = follow(simulator, standard, {Ring.PILOT: 1})
    at_tenant.change(client_secret="another")
    rollout = planned(standard, version, Ring.PILOT, person(cast.ada))
    assert (rollout.state, rollout.message) == (RollOutState.STOPPED, rolling_out.NO_PLAN), states(rollout)
    facts = [row.facts for row in Occurrence.select().where(Occurrence.event == NoticeEvent.ROLLOUT)]
    assert [(fact["what"], fact.get("why")) for fact in facts] == [("stopped", rolling_out.NO_PLAN)]
    # Once that is mended, it is planned anew. What switches on where all is on already needs nobody at all.
    at_tenant.change(client_secret="of the follower")
    rolling_out.take_up(rollout, person(cast.ada))
    for ends in (RollOutState.PREVIEWED, RollOutState.FINISHED):
        assert went_on(rollout).state == RollOutState.PREVIEWED, states(rollout)
        confirm(rollout, person(cast.root))
        assert went_on(rollout).state == RollOutState.FINISHED, states(rollout)
        again = {"kind": RollOutKind.SWITCH_ON, "early": "it is known"}
        rollout = planned(standard, version, Ring.PILOT, person(cast.ada), **again)
        assert rollout.state == ends, states(rollout)
    assert [part.message for part in parts(rollout).values()] == [tenant_plans.ALL_AS_WANTED]
