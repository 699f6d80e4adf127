"""Putting changes back, from the press to the undo of it, in a tenant of the simulator."""

import pytest

import actors.backups.capture
from actors.changes import assessment, put_back
from db.audit.audit import SYSTEM
from db.changes import approvals, approved_states
from db.errors import Invalid
from db.models import Change, Policy, Restore, Snapshot
from tests.support.changed_policies import become, newest, seen, states
from tests.support.restore_steps import executed, items_of, previewed, undone
from tests.support.simulated_tenant import catalog_policy

CATALOG = "deviceManagement/configurationPolicies"


@pytest.fixture
def policy(cast):
    return Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))


def put(graph, policy, description):
    graph.put(CATALOG, {**catalog_policy(policy.graph_id, policy.name), "description": description})


def captured(policy, ended):
    ended(actors.backups.capture.start(policy, SYSTEM).run.id)
    return newest(policy)


@pytest.mark.usefixtures("app", "worker", "quick", "lock_order")
def test_a_change_is_put_back_by_a_restore_and_opens_again_when_that_is_undone(contoso, cast, policy, ended):
    put(contoso, policy, "right")
    right = captured(policy, ended)
    approvals.approve_policies(cast.contoso, [policy.id], SYSTEM)
    put(contoso, policy, "wrong")
    captured(policy, ended)
    assessment.assess(cast.contoso.id)
    assert states(policy) == ["open"]
    change = Change.get()
    restore = previewed(put_back.draft([change], SYSTEM), ended)
    assert states(policy) == ["open"], "a preview decides nothing"
    assert approved_states.newest_put_back(change, right.id) == restore
    executed(restore, ended)
    assessment.assess(cast.contoso.id)
    assert states(policy) == ["put_back", "put_back"]
    assert contoso.objects()[CATALOG][policy.graph_id]["description"] == "right"
    executed(previewed(undone(restore), ended), ended)
    assessment.assess(cast.contoso.id)
    assert states(policy) == ["put_back", "put_back", "open"]
    assert contoso.objects()[CATALOG][policy.graph_id]["description"] == "wrong"


@pytest.mark.usefixtures("app", "worker", "quick")
def test_a_deleted_policy_is_made_again_and_what_was_approved_of_it_holds_for_the_new_one(contoso, cast, policy, ended):
    put(contoso, policy, "right")
    captured(policy, ended)
    approvals.approve_policies(cast.contoso, [policy.id], SYSTEM)
    contoso.delete(CATALOG, policy.graph_id)
    ended(actors.backups.capture.start(policy, SYSTEM).run.id)
    assessment.assess(cast.contoso.id)
    assert states(policy) == ["open"]
    executed(previewed(put_back.draft([Change.get()], SYSTEM), ended), ended)
    assessment.assess(cast.contoso.id)
    remade = Policy.select().order_by(Policy.id.desc()).get()
    assert remade.id != policy.id
    assert states(policy) == ["put_back"]


@pytest.mark.usefixtures("app", "worker", "quick")
def test_a_put_back_that_fails_leaves_the_change_open_with_its_restore(contoso, cast, policy, ended, monkeypatch):
    put(contoso, policy, "right")
    right = captured(policy, ended)
    approvals.approve_policies(cast.contoso, [policy.id], SYSTEM)
    put(contoso, policy, "wrong")
    captured(policy, ended)
    assessment.assess(cast.contoso.id)
    restore = previewed(put_back.draft([Change.get()], SYSTEM), ended)
    put(contoso, policy, "otherwise")
    _, run = executed(restore, ended)
    assert items_of(run)[policy.name].outcome == "conflict"
    assessment.assess(cast.contoso.id)
    assert states(policy)[0] == "open"
    assert approved_states.newest_put_back(Change.get_by_id(1), right.id) == restore


def test_what_cannot_be_put_back_says_what_is_possible_instead(cast, policy):
    seen(policy, "x")
    approvals.approve_scope(cast.contoso, approvals.WHOLE_TENANT, SYSTEM)
    added = Policy.create(tenant=cast.contoso, policy_type=policy.policy_type, graph_id="new", name="New")
    by_somebody = become(added, "new")
    assert "Delete it in the tenant" in put_back.why_not(by_somebody)
    Change.update(restore_id=3).where(Change.id == by_somebody.id).execute()
    assert "Undo that restore" in put_back.why_not(Change.get_by_id(by_somebody.id))
    approvals.take_back_scope(cast.contoso, approvals.WHOLE_TENANT, SYSTEM)
    unapproved = become(policy, "y")
    assert put_back.right_snapshot(unapproved) == unapproved.before_id, "what it was before"
    Snapshot.delete().where(Snapshot.id == unapproved.before_id).execute()
    with pytest.raises(Invalid, match="no longer kept"):
        put_back.draft([Change.get_by_id(unapproved.id)], SYSTEM)
    assert not Restore.select().exists()
