"""A tenant's live run in a roll-out: it waits for people and holds up no other, and a killed worker loses nothing."""

import os
import signal
from datetime import timedelta

import dramatiq
import pytest

from actors.queue.broker import broker
from actors.restores import outcomes
from actors.rollouts import rolling_out, tenant_writes
from actors.tenants import graph_clients
from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Restore, RollOut, Run, Tenant
from db.restores import approvals, mappings
from db.states import ACTIVE, Ring, Role, RollOutState, RollOutTenantState, RunKind
from tests.actors.rollouts.test_rolling_out import person
from tests.support import servers
from tests.support.rolled_out import (
    confirm,
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
    pytest.mark.usefixtures("app", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
T = RollOutTenantState


@pytest.fixture(autouse=True)
def goes_on_at_once(monkeypatch):
    monkeypatch.setattr(rolling_out, "PAUSE", timedelta(seconds=0.1))
    monkeypatch.setattr(outcomes, "APPROVAL_POLL_SECONDS", 0.3)


def test_a_tenant_that_waits_for_people_holds_up_no_other(worker, simulator, cast):
    standard = make_standard(at_once=1)
    version = make_version(standard)
    (asking, at_asking), (careful, at_careful), (plain, at_plain) = made = follow(simulator, standard, {Ring.PILOT: 3})
    at_asking.change(flags={"approval": True})
    # Root set a mapping of the standard in the careful tenant: their word is no other pair of eyes there.
    Tenant.update(four_eyes=True).where(Tenant.id == careful.id).execute()
    mappings.set_mapping(careful, standard.uid, ("namedLocations", guid(2, 1)), guid(8, 1), person(cast.root))
    at_careful.put("identity/conditionalAccess/namedLocations",
                   {"id": guid(8, 1), "displayName": "Offices", "@odata.type": "#microsoft.graph.ipNamedLocation",
                    "isTrusted": True, "ipRanges": []})  # fmt: skip
    rollout = planned(standard, version, Ring.PILOT, person(cast.ada))
    confirm(rollout, person(cast.root))
    come_to = {asking.id: T.WRITING, careful.id: T.PREVIEWED, plain.id: T.DONE}
    servers.wait_for(lambda: {key: part.state for key, part in parts(rollout).items()} == come_to, "What waits")
    found = parts(rollout)
    assert found[careful.id].message == tenant_writes.WAITS_FOR_APPROVAL
    users.set_member(cast.max, careful, Role.MANAGER, SYSTEM)
    restore = Restore.get_by_id(found[careful.id].restore_id)
    approvals.approve(restore, person(cast.max), "looked at it", 24, plan=restore.planned_mark)

    def decided():
        for request in at_asking.approvals():
            if request["status"] not in ("approved", "completed"):
                at_asking.decide(request["id"])
        return RollOut.get_by_id(rollout.id).state == RollOutState.FINISHED

    servers.wait_for(decided, "The end")
    assert {part.state for part in parts(rollout).values()} == {T.DONE}, states(rollout)
    assert len({len(held(side)) for _, side in made}) == 1
    assert sorted(at_plain.requests()["created"].values()) == [1, 1, 2]


def test_a_worker_that_is_killed_in_between_loses_nothing_and_writes_nothing_twice(simulator, cast, start_worker):
    standard = make_standard(at_once=2)
    version = make_version(standard)
    made = follow(simulator, standard, {Ring.PILOT: 3})
    process = start_worker()
    rollout = planned(standard, version, Ring.PILOT, person(cast.ada))
    for _, simulated in made:
        simulated.change(flags={"latency_ms": 150})
    confirm(rollout, person(cast.root))
    live = Run.select().where((Run.kind == RunKind.RESTORE) & Run.claimed_by.is_null(False))
    servers.wait_for(lambda: live.exists(), "A live run under way")
    servers.wait_for(lambda: any(simulated.requests()["writes"] for _, simulated in made), "A write")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert Run.select().where(Run.state.in_(ACTIVE)).exists()
    long_ago = utcnow() - timedelta(minutes=2)
    Run.update(heartbeat_at=long_ago).where(Run.claimed_by.is_null(False)).execute()
    RollOut.update(acted_at=long_ago).execute()
    graph_clients.clear_cache()
    another = dramatiq.Worker(broker, worker_timeout=50, worker_threads=4)
    another.start()
    try:
        ended = went_on(rollout)
    finally:
        another.stop()
    assert ended.state == RollOutState.FINISHED, states(rollout)
    assert {part.state for part in parts(rollout).values()} == {T.DONE}, states(rollout)
    for _, simulated in made:
        assert sorted(simulated.requests()["created"].values()) == [1, 1, 2], "nothing was made twice"
    assert Restore.select().count() == 3
