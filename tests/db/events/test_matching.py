"""From an event to our policies: by ids in every form, then by a name that is unique, later if need be."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.events import matching
from db.models import Policy, TenantEvent, TenantEventPolicy
from db.policies import policies
from tests.db.events.made_events import made, save

pytestmark = pytest.mark.usefixtures("lock_order")
GUID, TARGET = "AAAA0000-1111-4111-8111-00000000000a", "adadadad-808e-44e2-905a-0b7873a8a531"
CATALOG = "configurationPolicies"


def known(tenant, policy_type, graph_id, name="Wi-Fi"):
    return policies.get_or_create(tenant, policy_type, graph_id, name, None)


def matched(event_id):
    rows = TenantEventPolicy.select().where(TenantEventPolicy.event == event_id)
    return {row.policy_id for row in rows}


@pytest.mark.parametrize(
    ("graph_id", "named"),
    [
        (GUID.lower(), (GUID,)),
        (GUID, (f"{GUID}_{TARGET}".lower(), GUID.lower())),
        (f"{GUID}_Limit", (GUID,)),
        (GUID, (f"{GUID}_Limit",)),
        (f"T_{GUID}", (GUID,)),
        (f"T_{GUID}", (f"T_{GUID}_{TARGET}",)),
        (f"{TARGET}/{GUID}", (GUID,)),
    ],
)
def test_an_id_finds_its_policy_in_every_form_that_the_logs_have(cast, graph_id, named):
    policy = known(cast.contoso, CATALOG, graph_id)
    known(cast.fabrikam, CATALOG, graph_id)
    [event] = save(cast.contoso, made(*named))
    assert matched(event) == {policy.id}
    assert not TenantEvent.get_by_id(event).awaits_policy


def test_a_name_finds_a_policy_only_where_one_of_the_type_has_it(cast):
    one = known(cast.contoso, CATALOG, "1", "Baseline")
    known(cast.contoso, "deviceConfigurations", "2", "Baseline")
    unique = made("unknown", object_name="BASELINE", is_success=False)
    created = made("other", object_name="Baseline", operation="create")
    nameless, of_no_type = made("third"), made("fourth", object_name="Baseline", policy_types=())
    found = [matched(event) for event in save(cast.contoso, unique, created, nameless, of_no_type)]
    assert found == [{one.id}, set(), set(), set()]
    known(cast.contoso, CATALOG, "5", "baseline")
    [event] = save(cast.contoso, made("sixth", object_name="Baseline"))
    assert matched(event) == set()
    waiting = TenantEvent.select(TenantEvent.object_ids).where(TenantEvent.awaits_policy)
    assert sorted(row.object_ids[0] for row in waiting) == ["other", "sixth", "third"]


def test_a_policy_that_is_known_later_gets_its_events_then(cast):
    event, old = save(cast.contoso, made(GUID, operation="create"), made(GUID, at=utcnow() - timedelta(days=40)))
    assert matching.match_waiting(cast.contoso) == 0
    policy = known(cast.contoso, CATALOG, GUID)
    assert matching.match_waiting(cast.fabrikam) == 0
    assert matching.match_waiting(cast.contoso) == 1
    assert matching.match_waiting(cast.contoso) == 0
    assert (matched(event), matched(old)) == ({policy.id}, set())
    TenantEvent.update(awaits_policy=True, at=utcnow() - timedelta(days=31)).where(TenantEvent.id == old).execute()
    Policy.update(graph_id="gone").where(Policy.id == policy.id).execute()
    matching.match_waiting(cast.contoso)
    assert not TenantEvent.select().where(TenantEvent.awaits_policy).exists()
