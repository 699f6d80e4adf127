"""A tenant whose manager objects is left alone by a roll-out that goes on in the others, until that is overridden."""

from datetime import timedelta

import pytest

from actors.rollouts import objecting, rolling_out
from db.states import Ring, RollOutState, RollOutTenantState
from tests.actors.rollouts.test_rolling_out import person
from tests.support.rolled_out import confirm, follow, held, make_standard, make_version, parts, planned, states, went_on

pytestmark = [
    pytest.mark.usefixtures("app", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
T = RollOutTenantState


def test_an_objecting_tenant_is_not_written_to_and_one_that_is_overridden_or_taken_back_is(
    worker, simulator, cast, monkeypatch
):
    monkeypatch.setattr(rolling_out, "PAUSE", timedelta(seconds=0.1))
    standard = make_standard()
    version = make_version(standard)
    made = follow(simulator, standard, {Ring.PILOT: 4})
    (left, at_left), (overridden, _), (taken_back, _), (plain, _) = made
    rollout = planned(standard, version, Ring.PILOT, person(cast.ada))
    for tenant in (left, overridden, taken_back):
        objecting.make(parts(rollout)[tenant.id], person(cast.max), "A freeze")
    objecting.override(parts(rollout)[overridden.id], person(cast.root), "Agreed by phone")
    objecting.take_back(parts(rollout)[taken_back.id], person(cast.max))
    rollout = went_on(rollout)
    confirm(rollout, person(cast.root))
    ended = went_on(rollout)
    assert ended.state == RollOutState.FINISHED
    found = {tenant.id: parts(rollout)[tenant.id].state for tenant, _ in made}
    assert found == {left.id: T.OBJECTED, overridden.id: T.DONE, taken_back.id: T.DONE, plain.id: T.DONE}, states(
        rollout
    )
    assert (held(at_left), at_left.requests()["writes"]) == ({}, 0)
