"""Multi Admin Approval, from the tenant's policies to the end: what a plan says of it is what its execution meets."""

import pytest

import actors.restores.live_restore
from actors.backups import back_up
from actors.plans import drafts
from actors.restores import outcomes
from db.audit.audit import SYSTEM
from db.models import BackupSet, Policy, Run
from db.restores import restore_items
from db.states import RunState
from tests.support import servers
from tests.support.restore_steps import items_of, options, previewed
from tests.support.simulated_tenant import catalog_policy

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("app", "worker", "quick", "lock_order"),
]
CATALOG, FILTERS = "deviceManagement/configurationPolicies", "deviceManagement/assignmentFilters"
APPROVAL_POLICIES = "deviceManagement/operationApprovalPolicies"
DATES = {"createdDateTime": "2026-01-01T00:00:00Z", "lastModifiedDateTime": "2026-01-01T00:00:00Z"}
FILTER = {"id": "f0000001-0000-4000-8000-000000000000", "displayName": "Laptops", "description": "",
          "platform": "windows10AndLater", "rule": '(device.deviceName -eq "x")', "payloads": [],
          "roleScopeTags": ["0"], "assignmentFilterManagementType": "devices", **DATES}  # fmt: skip


def approval_policy(area):
    kinds = {"policyType": area, "policyPlatform": "notApplicable"}
    return {"id": "a0000001-0000-4000-8000-000000000000", "displayName": "Two admins", "description": "", **kinds,
            "policySet": kinds, "approverGroupIds": [], "lastModifiedDateTime": "2026-01-01T00:00:00Z"}  # fmt: skip


@pytest.fixture
def broken(contoso, cast, ended, monkeypatch):
    """A function that backs Contoso up, gives it an approval policy of an area, which no backup has yet, and has
    somebody change a policy of the settings catalog and a filter: the backup set.
    """
    monkeypatch.setattr(outcomes, "APPROVAL_POLL_SECONDS", 0.3)

    def act(area):
        contoso.put(FILTERS, FILTER)
        run = ended(back_up.start(cast.contoso, SYSTEM).run.id)
        contoso.put(APPROVAL_POLICIES, approval_policy(area))
        policy = Policy.get((Policy.tenant == cast.contoso) & (Policy.policy_type == "configurationPolicies"))
        contoso.put(CATALOG, {**catalog_policy(policy.graph_id, policy.name), "description": "by somebody"})
        contoso.put(FILTERS, {**FILTER, "description": "by somebody"})
        return BackupSet.get(BackupSet.run == run)

    yield act
    contoso.change(flags={"approval": False})


def descriptions(contoso):
    """Collection -> the descriptions that its objects have."""
    objects = contoso.objects()
    return {path: {held["description"] for held in objects[path].values()} for path in (CATALOG, FILTERS)}


def planned(restore):
    """Policy type -> what its written items say of a second administrator."""
    return {
        item.policy_type: [danger["said"] for danger in item.dangers if danger["code"] == "second_admin"]
        for item in restore_items.items(restore)
        if item.action == "update"
    }


SAID = ["A second administrator of the tenant has to approve it first: Multi Admin Approval, “Two admins”."]


@pytest.mark.parametrize(
    ("area", "held", "free"),
    [("configurationPolicy", CATALOG, FILTERS), ("filter", FILTERS, CATALOG)],
)
def test_what_the_plan_says_a_second_administrator_approves_waits_and_all_else_is_written(
    broken, contoso, cast, ended, area, held, free
):
    restore = previewed(drafts.from_backup_set(broken(area), cast.contoso, options(), SYSTEM), ended)
    assert planned(restore) == {held.rpartition("/")[2]: SAID, free.rpartition("/")[2]: []}
    contoso.change(flags={"approval": [held]})
    run = actors.restores.live_restore.start(restore, SYSTEM, reason="INC-8").run
    servers.wait_for(lambda: "Multi Admin Approval" in str(Run.get_by_id(run.id).waiting), "The wait")
    assert descriptions(contoso) == {held: descriptions(contoso)[held], free: {""}}
    assert "by somebody" in descriptions(contoso)[held]
    [request] = contoso.approvals()
    contoso.decide(request["id"])
    run = ended(run.id)
    assert (run.state, descriptions(contoso)) == (RunState.SUCCEEDED, {held: {""}, free: {""}})
    assert sorted(item.outcome for item in items_of(run).values() if item.outcome != "matches") == [
        "updated",
        "updated",
    ]


def test_a_policy_about_devices_alone_holds_up_no_restore(broken, contoso, cast, ended):
    restore = previewed(drafts.from_backup_set(broken("deviceWipe"), cast.contoso, options(), SYSTEM), ended)
    assert planned(restore) == {"configurationPolicies": [], "assignmentFilters": []}
    contoso.change(flags={"approval": ["deviceManagement/managedDevices"]})
    run = ended(actors.restores.live_restore.start(restore, SYSTEM, reason="INC-8").run.id)
    assert (run.state, descriptions(contoso)) == (RunState.SUCCEEDED, {CATALOG: {""}, FILTERS: {""}})
    assert contoso.approvals() == []
