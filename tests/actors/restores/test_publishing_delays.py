"""What a restore has just made is not usable at once: the run waits, in words, and what is left is no failure."""

import pytest

import actors.restores.live_restore
from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.models import BackupSet, Policy, Run
from db.runs import run_progress
from db.states import RunState
from graph.write import readiness
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import executed, items_of, options, previewed

APPS, GROUP = "deviceAppManagement/mobileApps", "00000900-1111-4111-8111-111111111111"
LOCATIONS, ACCESS = "identity/conditionalAccess/namedLocations", "identity/conditionalAccess/policies"
pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def contoso(contoso):
    yield contoso
    contoso.change(flags={"publishing_delay_s": 0, "propagation_delay_s": 0})


def captured(cast, key, body, assignments=()):
    policy = Policy.create(tenant=cast.contoso, policy_type=key, graph_id=body["id"], name=body["displayName"])
    return capture_by_hand(policy, SYSTEM, body, assignments=list(assignments))[1]


@pytest.fixture
def app_restore(contoso, cast, ended):
    """A previewed restore of a store app that is gone, and was assigned to a group."""
    contoso.put("groups", {"id": GROUP, "displayName": "SG-Apps"})
    body = {"@odata.type": "#microsoft.graph.winGetApp", "id": "00000030-1111-4111-8111-111111111111",
            "displayName": "Store app", "publisher": "M", "packageIdentifier": "9WZDNCRFJ3PZ",
            "publishingState": "published", "roleScopeTagIds": ["0"]}  # fmt: skip
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP}
    settings = {"@odata.type": "#microsoft.graph.winGetAppAssignmentSettings", "notifications": "showAll"}
    assigned = [{"id": "a", "intent": "required", "source": "direct", "target": target, "settings": settings}]
    snapshot = captured(cast, "mobileApps", body, assigned)
    return previewed(drafts.from_snapshot(snapshot, cast.contoso, options(), SYSTEM), ended)


def executed_after_a_wait(contoso, delay, restore, reason, ended):
    """Return the live run that ended: the delay is over once the run has said that it waits for this reason."""
    contoso.change(flags={delay: 600})
    run = actors.restores.live_restore.start(restore, SYSTEM, reason="ticket").run
    servers.wait_for(lambda: reason in str(run_progress.waiting_reason(Run.get_by_id(run.id))), "The wait")
    contoso.change(flags={delay: 0})
    return ended(run.id)


def test_a_store_app_is_assigned_once_it_is_published(app_restore, contoso, ended):
    run = executed_after_a_wait(contoso, "publishing_delay_s", app_restore, "publish the app", ended)
    [item] = items_of(run).values()
    assert (run.state, item.outcome) == (RunState.SUCCEEDED, "recreated")
    [made] = contoso.objects()[APPS].values()
    assert [one["target"]["groupId"] for one in made["assignments"]] == [GROUP]
    assert contoso.requests()["created"] == {APPS: 1}


def test_what_is_not_published_in_time_is_a_rest_that_a_retry_takes_up(app_restore, contoso, ended, monkeypatch):
    monkeypatch.setitem(readiness.PATIENCE, "mobileApps", 1)
    contoso.change(flags={"publishing_delay_s": 600})
    _, run = executed(app_restore, ended)
    [item] = items_of(run).values()
    assert (item.state, item.reason) == ("uncertain", "not_ready")
    contoso.change(flags={"publishing_delay_s": 0})
    again = ended(actors.restores.live_restore.retry_failed(run, SYSTEM).run.id)
    assert again.state == RunState.SUCCEEDED
    [made] = contoso.objects()[APPS].values()
    assert len(made["assignments"]) == 1


@pytest.fixture
def access_restore(contoso, cast, ended):
    """A previewed restore of a named location and of the policy that names it; both are gone."""
    place = {"@odata.type": "#microsoft.graph.countryNamedLocation", "id": "00000040-1111-4111-8111-111111111111",
             "displayName": "HQ", "countriesAndRegions": ["AT"]}  # fmt: skip
    policy = {"id": "00000041-1111-4111-8111-111111111111", "displayName": "CA from HQ", "state": "disabled",
              "grantControls": {"operator": "OR", "builtInControls": ["block"]}, "sessionControls": None,
              "conditions": {"clientAppTypes": ["all"], "applications": {"includeApplications": ["All"]},
                             "users": {"includeUsers": ["All"]},
                             "locations": {"includeLocations": [place["id"]], "excludeLocations": []}}}  # fmt: skip
    kept = [captured(cast, "namedLocations", place), captured(cast, "conditionalAccessPolicies", policy)]
    manifest = manifests.save(cast.contoso, [one.id for one in kept])
    backup_set = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                                  manifest=manifest)  # fmt: skip
    return previewed(drafts.from_backup_set(backup_set, cast.contoso, options(), SYSTEM), ended)


def test_a_policy_waits_until_the_location_that_was_made_for_it_is_known(access_restore, contoso, ended):
    run = executed_after_a_wait(contoso, "propagation_delay_s", access_restore, "“HQ” can be used", ended)
    assert (run.state, run.failed) == (RunState.SUCCEEDED, 0)
    [policy], [place] = contoso.objects()[ACCESS].values(), contoso.objects()[LOCATIONS].values()
    assert policy["conditions"]["locations"]["includeLocations"] == [place["id"]]


def test_a_refusal_that_says_nothing_of_what_was_made_is_final_at_once(access_restore, contoso, ended):
    said = {"error": {"code": "BadRequest", "message": "1011: The list of applications is empty."}}
    contoso.fault(kind="status", status=400, path="conditionalAccess/policies$", times=9, body=said)
    _, run = executed(access_restore, ended)
    contoso.clear_faults()
    assert items_of(run)["CA from HQ"].state == "failed"
