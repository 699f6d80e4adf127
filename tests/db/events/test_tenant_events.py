"""Events are kept once: duplicates, twins, late halves; a page is kept whole or not at all."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.events import event_logs, matching, tenant_events
from db.models import EventLog, Policy, TenantEvent, TenantEventPolicy
from db.states import TenantLog
from tests.db.events.made_events import made, save

pytestmark = pytest.mark.usefixtures("lock_order")
ENTRA = TenantLog.ENTRA


def test_an_event_that_is_read_again_is_stored_once_and_changes_nothing(cast):
    policy = Policy.select().where(Policy.tenant == cast.contoso).first()
    first, second = made(policy.graph_id), made(policy.graph_id)
    assert len(save(cast.contoso, first, first, link="https://next")) == 1
    [new] = save(cast.contoso, {**first, "doer_name": "somebody else"}, second)
    assert TenantEvent.get_by_id(new).event_id == second["event_id"]
    assert save(cast.contoso, first, second) == []
    assert {event.doer_name for event in tenant_events.newest_first(cast.contoso)} == {"anna@contoso.example"}
    assert TenantEventPolicy.select().count() == 2
    # Another tenant's, and another log's, may have the same id.
    assert len(save(cast.fabrikam, first)) == len(save(cast.contoso, first, log=ENTRA)) == 1


def test_a_page_is_kept_with_its_matches_and_its_place_or_not_at_all(cast, monkeypatch):
    before = EventLog.select().count()

    def crash(_matches):
        raise RuntimeError

    monkeypatch.setattr(matching, "link", crash)
    with pytest.raises(RuntimeError):
        save(cast.contoso, made("1"))
    assert (TenantEvent.select().count(), EventLog.select().count()) == (0, before)
    monkeypatch.undo()
    save(cast.contoso, made("1"))
    assert event_logs.states(cast.contoso)[0].read_to is not None


def access(event_id, at, **values):
    return made("a policy", event_id=event_id, at=at, policy_types=("conditionalAccessPolicies",),
                activity="Update conditional access policy", **values)  # fmt: skip


def beneath(event_id, at, **values):
    return made("a policy", event_id=event_id, at=at, policy_types=(), activity="Update policy", is_twin=True, **values)


@pytest.mark.parametrize("pages", [1, 2, -2])
def test_the_directorys_record_of_the_same_act_is_not_told_whichever_comes_first(cast, pages):
    at = utcnow() - timedelta(minutes=5)
    original, twin = access("IPCGraph_1", at), beneath("Directory_1", at - timedelta(seconds=2))
    for page in {1: [[original, twin]], 2: [[original], [twin]], -2: [[twin], [original]]}[pages]:
        save(cast.contoso, *page, log=ENTRA)
    assert [event.event_id for event in TenantEvent.select()] == ["IPCGraph_1"]
    other_act = beneath("Directory_2", at + timedelta(seconds=30))
    other_policy = {**beneath("Directory_3", at), "object_ids": ("another",)}
    group = made("a policy", event_id="Directory_4", at=at, activity="Update group", policy_types=("groups",))
    assert len(save(cast.contoso, other_act, other_policy, group, log=ENTRA)) == 3
    assert save(cast.contoso, access("IPCGraph_4", at), log=ENTRA)
    assert TenantEvent.select().where(TenantEvent.event_id == "Directory_4").exists()
