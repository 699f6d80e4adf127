"""Only what would be written can stand in a restore's way, in its preview and when it is carried out."""

import pytest

from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.models import Content, Policy, Restore, RestoreItem
from db.restores import restore_items
from db.runs import levels
from db.states import RestoreState, RunState
from graph.policy_types import quotas
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import executed, options, plan_of, previewed, undone
from tests.support.simulated_tenant import catalog_policy
from tests.support.told import told_of

CATALOG = "deviceManagement/configurationPolicies"
UPDATES = "deviceManagement/windowsFeatureUpdateProfiles"
GROUP = "00000901-1111-4111-8111-111111111111"
ID = "00000001-1111-4111-8111-111111111111"
ALL = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}
pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def captured(cast, key, body, assignments=()):
    policy = Policy.create(tenant=cast.contoso, policy_type=key, graph_id=body["id"], name="captured")
    return capture_by_hand(policy, SYSTEM, body, assignments=list(assignments))[1]


def drafted(snapshot, cast, **changes):
    return drafts.from_snapshot(snapshot, cast.contoso, options(**changes), SYSTEM)


# --- a group that is gone --------------------------------------------------------------------------------------------


@pytest.fixture
def dangling(contoso, cast):
    """dangling(live's description, live's assignments): the snapshot of a policy that is assigned to a lost group."""
    body = {key: value for key, value in catalog_policy(ID, "Dangling group").items() if key != "assignments"}
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP}
    assigned = [{"id": "x", "source": "direct", "target": target}]

    def make(description="", assignments=assigned):
        contoso.put(CATALOG, {**body, "description": description, "assignments": assignments})
        return captured(cast, "configurationPolicies", body, assigned)

    return make


@pytest.mark.parametrize("changes", [{}, {"assignments": "leave"}, {"drop_missing": "yes"}])
def test_a_policy_that_is_as_it_was_matches_whatever_group_of_it_is_gone(dangling, cast, ended, changes):
    restore = previewed(drafted(dangling(), cast, **changes), ended)
    assert plan_of(restore) == {"Dangling group": "matches"}


@pytest.mark.parametrize("choice", ["exact", "leave", "none"])
def test_its_description_is_written_back_and_its_assignments_as_chosen(dangling, contoso, cast, ended, choice):
    restore = previewed(drafted(dangling("by hand"), cast, assignments=choice), ended)
    _, run = executed(restore, ended)
    live = contoso.objects()[CATALOG][ID]
    assert (run.state, live["description"]) == (RunState.SUCCEEDED, "")
    assert [one["target"]["groupId"] for one in live["assignments"]] == ([] if choice == "none" else [GROUP])
    [item] = restore_items.items(restore)
    assert any("as it does now" in note for note in item.notes) is (choice == "exact")
    assert any("Taken from" in note for note in item.notes) is (choice == "none")


def test_an_assignment_to_it_that_would_be_written_blocks(dangling, cast, ended):
    snapshot = dangling("by hand", [])
    assert plan_of(previewed(drafted(snapshot, cast), ended)) == {"Dangling group": "blocked: unresolved"}
    assert plan_of(previewed(drafted(snapshot, cast, assignments="leave"), ended)) == {"Dangling group": "update"}


@pytest.mark.parametrize(
    ("assigned", "level"), [([{"id": "x", "source": "direct", "target": ALL}], "attention"), ([], "good")]
)
def test_a_live_run_that_left_a_policy_assigned_to_nobody_says_so_at_its_end(
    dangling, contoso, cast, ended, assigned, level
):
    draft = drafted(dangling("by hand", assigned), cast, assignments="none")
    _, run = executed(previewed(draft, ended), ended)
    assert (run.state, levels.level_of(run)) == (RunState.SUCCEEDED, level)
    assert run.error_message == ("1 policy is weaker or incomplete after this restore" if assigned else None)


# --- past dates ------------------------------------------------------------------------------------------------------


def rollout(start, description="as captured"):
    settings = {"offerStartDateTimeInUTC": start, "offerEndDateTimeInUTC": None, "offerIntervalInDays": None}
    return {"id": ID, "displayName": "captured", "description": description, "roleScopeTagIds": ["0"],
            "featureUpdateVersion": "Windows 11, version 24H2", "installFeatureUpdatesOptional": False,
            "rolloutSettings": settings, "assignments": []}  # fmt: skip


def _snapshot(cast, start):
    body = {key: value for key, value in rollout(start).items() if key != "assignments"}
    return captured(cast, "windowsFeatureUpdateProfiles", body)


def test_a_start_that_is_past_and_stays_is_no_reason_for_the_update_nor_for_its_undo(contoso, cast, ended):
    contoso.put(UPDATES, rollout("2025-03-01T00:00:00Z", "by hand"))
    restore, _ = executed(previewed(drafted(_snapshot(cast, "2025-03-01T00:00:00Z"), cast), ended), ended)
    assert contoso.objects()[UPDATES][ID]["description"] == "as captured"
    undo, run = executed(previewed(undone(restore), ended), ended)
    assert (run.state, plan_of(undo)) == (RunState.SUCCEEDED, {"captured": "update"})
    assert contoso.objects()[UPDATES][ID]["description"] == "by hand"


def test_another_start_that_is_past_stays_and_the_rest_is_written(contoso, cast, ended):
    contoso.put(UPDATES, rollout("2025-06-01T00:00:00Z", "by hand"))
    _, run = executed(previewed(drafted(_snapshot(cast, "2025-03-01T00:00:00Z"), cast), ended), ended)
    live = contoso.objects()[UPDATES][ID]
    assert (run.state, live["description"]) == (RunState.SUCCEEDED, "as captured")
    assert live["rolloutSettings"]["offerStartDateTimeInUTC"] == "2025-06-01T00:00:00Z"


def test_a_policy_that_is_gone_is_made_without_its_past_start(contoso, cast, ended):
    contoso.put(UPDATES, rollout("2025-03-01T00:00:00Z"))
    contoso.delete(UPDATES, ID)
    restore = previewed(drafted(_snapshot(cast, "2025-03-01T00:00:00Z"), cast), ended)
    [item] = restore_items.items(restore)
    assert (item.action, len(told_of(item))) == ("recreate", 1)
    _, run = executed(restore, ended)
    [made] = contoso.objects()[UPDATES].values()
    assert (run.state, (made.get("rolloutSettings") or {}).get("offerStartDateTimeInUTC")) == (RunState.SUCCEEDED, None)


# --- what is told before ---------------------------------------------------------------------------------------------


def test_more_policies_than_the_tenant_may_have_are_told_before(contoso, cast, ended, monkeypatch):
    monkeypatch.setitem(quotas.QUOTAS, "conditionalAccessPolicies", quotas.Quota(1, "Conditional Access policies"))
    body = {"id": ID, "displayName": "CA", "state": "disabled", "grantControls": None, "sessionControls": None,
            "conditions": {"clientAppTypes": ["all"], "applications": {"includeApplications": ["All"]},
                           "users": {"includeUsers": ["All"]}}}  # fmt: skip
    contoso.put("identity/conditionalAccess/policies", {**body, "id": ID.replace("1", "2"), "displayName": "other"})
    restore = previewed(drafted(captured(cast, "conditionalAccessPolicies", body), cast), ended)
    [item] = restore_items.items(restore)
    assert (item.action, "this would be number 2: Microsoft allows 1" in item.notes[-1]) == ("recreate", True)


def test_what_two_restores_wrote_to_no_effect_is_told_and_not_planned_again(contoso, cast, ended):
    body = {key: value for key, value in catalog_policy(ID, "captured").items() if key != "assignments"}
    contoso.put(CATALOG, {**body, "description": "the service's own", "assignments": []})
    snapshot = captured(cast, "configurationPolicies", body)
    restore = previewed(drafted(snapshot, cast), ended)
    [item] = restore_items.items(restore)
    mark = Content.get_by_id(item.live_content_id).fingerprint
    for expected in ("update", "blocked: kept_otherwise"):
        ended_so = drafted(snapshot, cast)
        Restore.update(state=RestoreState.FINISHED).where(Restore.id == ended_so.id).execute()
        RestoreItem.update(target_id=ID, outcome="updated", verified=False, after_mark=mark).where(
            RestoreItem.restore == ended_so
        ).execute()
        assert plan_of(previewed(restore, ended)) == {"captured": expected}
    contoso.put(CATALOG, {**body, "description": "somebody's", "assignments": []})
    assert plan_of(previewed(restore, ended)) == {"captured": "update"}, "it is otherwise by now"
