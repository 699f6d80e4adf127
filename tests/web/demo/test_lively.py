"""Tenants that change by themselves."""

import uuid

import pytest

from db.clock import utcnow
from db.models import Policy, RestoreItem, Tenant, Watch
from db.restores import restore_drafts
from tests.support.restore_steps import options, person
from web.demo import lively

RING, BASELINE = str(uuid.uuid4()), str(uuid.uuid4())


@pytest.fixture
def tenant(graph, cast):
    """Contoso with two policies in which something may happen."""
    graph.put("deviceManagement/deviceConfigurations", {"id": RING, "displayName": "Update ring - Broad"})
    graph.put("deviceManagement/deviceCompliancePolicies", {"id": BASELINE, "displayName": "Windows - Baseline"})
    Tenant.update(last_backup_at=utcnow()).where(Tenant.id == cast.contoso.id).execute()
    return cast.contoso


def test_somebody_changes_something_and_a_look_follows_at_once(graph, tenant):
    group = Policy.create(tenant=tenant, policy_type="groups", name=lively.EMERGENCY_GROUP, graph_id=str(uuid.uuid4()))
    lively.watch([tenant])
    named = Tenant.get_by_id(tenant.id).break_glass
    assert [entry["id"] for entry in named] == [group.graph_id], "what is put back is not held back"
    Watch.update(next_at=utcnow() + lively.LOOK_AFTER * 20).execute()
    before = graph.objects()
    lively.let_happen(graph.url.removesuffix("/_simulator"), tenant)
    assert graph.objects() != before
    assert Watch.get().every_minutes == 1
    assert Watch.get().next_at < utcnow() + lively.LOOK_AFTER


def test_a_policy_in_an_unfinished_restore_is_left_alone(graph, tenant, cast, captured):
    source = restore_drafts.RestoreSource(tenant.directory_id, "a snapshot")
    items = restore_drafts.new_items_from_snapshots([captured[0][2]])
    restore = restore_drafts.create(tenant, source, items, options(), person(cast.ada.id))
    RestoreItem.update(graph_id=BASELINE, target_id=RING).where(RestoreItem.restore == restore).execute()
    before = graph.objects()
    lively.let_happen(graph.url.removesuffix("/_simulator"), tenant)
    assert graph.objects() == before
    RestoreItem.update(target_id=None).where(RestoreItem.restore == restore).execute()
    for _ in range(3):
        lively.let_happen(graph.url.removesuffix("/_simulator"), tenant)
    held = graph.objects()
    assert held["deviceManagement/deviceCompliancePolicies"] == before["deviceManagement/deviceCompliancePolicies"]
    assert "qualityUpdatesPaused" in held["deviceManagement/deviceConfigurations"][RING]
