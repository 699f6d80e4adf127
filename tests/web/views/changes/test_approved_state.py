"""Saying what is right: of a tenant, a type, a policy, a backup set; and who may not."""

import pytest

from db.backups import manifests
from db.changes import approvals
from db.models import ApprovedPolicy, ApprovedScope, BackupSet, Policy
from db.states import SetState
from tests.support.changed_policies import become, seen, states
from tests.support.forms import csrf_token
from web.views.changes import approved_state


@pytest.fixture
def policy(cast):
    row = Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))
    seen(row, "right")
    return row


@pytest.fixture
def backup_set(cast, policy):
    manifest = manifests.save(cast.contoso, [policy.snapshots[0].id])
    return BackupSet.create(
        tenant=cast.contoso, state=SetState.COMPLETE, selection={}, types={}, problems=[], manifest=manifest
    )


def post(client, path, **data):
    return client.post(path, data={"csrf_token": csrf_token(client, "/account/"), **data}, follow_redirects=True)


def test_a_tenant_is_approved_looked_at_and_taken_back(client, sign_in, cast, policy):
    sign_in(client, cast.max)
    path = f"/tenants/{cast.contoso.id}/approved"
    assert "Nobody has said yet" in client.get(path).get_data(as_text=True)
    page = post(client, path).get_data(as_text=True)
    assert "Approved: 1 policy. 1 could not be approved, because no backup has read it yet." in page
    become(policy, "wrong")
    page = client.get(path).get_data(as_text=True)
    for words in ("1 open change", policy.name, "The whole", "1 of 2", "Take it back"):
        assert words in page
    post(client, f"{path}/take-back")
    assert not ApprovedScope.select().exists()
    assert states(policy) == ["recorded"]


def test_the_types_with_open_changes_come_first_and_many_others_are_folded(client, sign_in, cast, policy, monkeypatch):
    monkeypatch.setattr(approved_state, "TYPES_SHOWN", 1)
    sign_in(client, cast.max)
    path = f"/tenants/{cast.contoso.id}/approved"
    post(client, path)
    become(policy, "wrong")
    assert "more policy type" not in client.get(path).get_data(as_text=True)
    Policy.create(tenant=cast.contoso, policy_type="appProtectionAndroid", graph_id="an app", name="App")
    page = client.get(path).get_data(as_text=True)
    shown, _, folded = page.partition('id="types"')[2].partition("1 more policy type")
    assert ("type=configurationPolicies" in shown, "type=appProtectionAndroid" in folded) == (True, True)


def test_a_type_or_a_policy_alone_is_approved_and_taken_back(client, sign_in, cast, policy):
    sign_in(client, cast.max)
    path = f"/tenants/{cast.contoso.id}/approved"
    post(client, path, policy_type="configurationPolicies")
    assert [row.policy_type for row in ApprovedScope.select()] == ["configurationPolicies"]
    post(client, f"{path}/take-back", policy_type="configurationPolicies")
    assert "no such policy type" in post(client, path, policy_type="nothing").get_data(as_text=True)
    page = post(client, f"/policies/{policy.id}/approve", reason="Reviewed").get_data(as_text=True)
    assert "It is as approved." in page
    assert "Reviewed" in page
    become(policy, "wrong")
    assert "It is not as approved" in client.get(f"/policies/{policy.id}").get_data(as_text=True)
    page = post(client, f"/policies/{policy.id}/take-approval-back").get_data(as_text=True)
    assert "Nobody has said yet what is right for this policy." in page


def test_a_set_that_is_older_than_now_leads_to_what_is_open(client, sign_in, cast, policy, backup_set):
    become(policy, "wrong")
    sign_in(client, cast.max)
    assert "This is right" in client.get(f"/backup-sets/{backup_set.id}").get_data(as_text=True)
    page = post(client, f"/backup-sets/{backup_set.id}/approve").get_data(as_text=True)
    assert "1 is otherwise now: look at what is open." in page
    assert states(policy) == ["open"]


def test_readers_and_operators_see_and_do_not_decide(app, sign_in, cast, policy, backup_set):
    approvals.approve_policies(cast.contoso, [policy.id], approvals.Actor("max"))
    change = become(policy, "wrong")
    paths = [
        f"/tenants/{cast.contoso.id}/approved",
        f"/tenants/{cast.contoso.id}/approved/take-back",
        f"/policies/{policy.id}/approve",
        f"/policies/{policy.id}/take-approval-back",
        f"/backup-sets/{backup_set.id}/approve",
        *(f"/changes/{change.id}/{act}" for act in ("accept", "reopen", "approve")),
    ]
    for user in (cast.rita, cast.ada, cast.sam):
        client = sign_in(app.test_client(), user)
        assert [post(client, path, reason="x").status_code for path in paths] == [403] * len(paths)
        seen_page = client.get(paths[0])
        assert seen_page.status_code == (403 if user == cast.sam else 200)
        assert "All is right" not in seen_page.get_data(as_text=True)
    assert post(sign_in(app.test_client(), cast.rita), f"/changes/{change.id}/put-back").status_code == 403
    assert (states(policy), ApprovedPolicy.select().count()) == (["open"], 1)
