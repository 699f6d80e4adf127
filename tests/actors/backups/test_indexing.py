"""What a backup read is found by its settings soon after, whatever became of the message."""

import pytest

from actors.backups import indexing
from actors.reading import policy_index
from db.models import Content, KnownSetting, Policy, PolicySetting
from tests.support import servers
from tests.support.simulated_tenant import catalog_policy

pytestmark = pytest.mark.usefixtures("quick", "lock_order")
PATH = "deviceManagement/configurationPolicies"


def policies_that_set(key):
    rows = PolicySetting.select(Policy.graph_id).join(KnownSetting).switch(PolicySetting).join(Policy)
    return {graph_id for (graph_id,) in rows.where(KnownSetting.key == key).tuples()}


def test_a_backup_that_has_ended_is_indexed_and_a_changed_policy_anew(graph, back_up):
    graph.put(PATH, catalog_policy("p1", "One", count=1))
    back_up()
    key = catalog_policy("p1", "One", count=2)["settings"][1]["settingInstance"]["settingDefinitionId"].lower()
    for count, is_set in ((2, True), (1, False)):
        changed_at = f"2026-11-2{count}T00:00:00Z"
        graph.put(PATH, {**catalog_policy("p1", "One", count=count), "lastModifiedDateTime": changed_at})
        back_up(is_full=True)
        servers.wait_for(lambda: Policy.get(graph_id="p1").index_version is not None, "The index")
        assert ("p1" in policies_that_set(key)) == is_set


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_opened_ends_no_message_and_holds_up_no_other(captured):
    lost = captured[0][2].content_id
    Content.update(sealed=b"x").where(Content.id == lost).execute()
    tenant = captured[0][0].tenant
    indexing.index_policies.fn(tenant_id=tenant.id)
    assert not policy_index.is_any_missing(tenant.id)
    others = Policy.select().where((Policy.tenant != tenant) & Policy.last_captured_at.is_null(False))
    assert {policy.index_version for policy in others} == {None}, "of another tenant"
