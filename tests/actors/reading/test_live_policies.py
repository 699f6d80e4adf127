"""A preview reads what follows while it works on what it has, and a message that is interrupted keeps what it read."""

import pytest

from actors.plans import preview
from actors.queue.run_actor import Wait
from actors.reading.live_policies import READ_AT_ONCE, LivePolicies
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.models import Restore, RestoreItem
from db.restores import restore_drafts, restore_items
from db.restores.restore_drafts import NewRestoreItem, RestoreSource
from db.runs import claims
from db.states import RunKind
from tests.support import servers
from tests.support.restore_steps import options
from tests.support.simulated_tenant import catalog_policy

KIND, PATH = "configurationPolicies", "deviceManagement/configurationPolicies"
LAST = 10


@pytest.fixture
def claim(graph, cast):
    """A preview's run, held by this test: of three steps of policies, that are there with other contents each."""
    ids = [f"p{number}" for number in range(2 * READ_AT_ONCE + LAST)]
    for number, graph_id in enumerate(ids):
        graph.put(PATH, catalog_policy(graph_id, graph_id, count=number % 7))
    items = [NewRestoreItem(KIND, graph_id, graph_id, None, {}, target_id=graph_id) for graph_id in ids]
    source = RestoreSource(cast.contoso.directory_id, "A test")
    restore = restore_drafts.create(cast.contoso, source, items, options(), SYSTEM)
    return claims.take_claim(preview._create_run(restore, SYSTEM).run.id, RunKind.PREVIEW)


def of_message(claim):
    """What the claim's run reads in one message, and the items."""
    items = restore_items.items(Restore.get_by_id(claim.run.restore_id))
    graph = graph_clients.signed_in_client(claim.run.tenant)
    return LivePolicies(claim, graph, items, lambda some: [item.target_id for item in some]), items


def test_the_next_is_read_meanwhile_and_no_policy_twice_whatever_comes_between(claim, graph):
    live, items = of_message(claim)
    before = graph.requests()["graph"]
    reading = live.read()
    next(reading)
    assert not any(map(live.is_read, items)), "the caller works while the first are on their way"
    next(reading)
    servers.wait_for(lambda: graph.requests()["graph"] == before + 2 * READ_AT_ONCE, "What follows, unasked")
    assert sum(map(live.is_read, items)) == READ_AT_ONCE, "what is on its way is not there yet"
    graph.fault(kind="status", path=PATH, status=503, times=1000)
    next(reading)
    with pytest.raises(Wait):
        next(reading)
    assert sum(map(live.is_read, items)) == 2 * READ_AT_ONCE
    graph.clear_faults()
    again, items = of_message(claim)
    asked = graph.requests()["graph"]
    assert len(list(again.read())) == 2, "one while they are on their way, and one when they are there"
    assert graph.requests()["graph"] - asked == LAST
    assert all(map(again.is_read, items))
    for number, item in enumerate(items):
        found, content = again.take(item, items[number : number + 30])
        assert found == RestoreItem.get_by_id(item.id).live_mark
        assert len(content["body"]["settings"]) == number % 7
