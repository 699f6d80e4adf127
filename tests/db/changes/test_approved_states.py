"""Approved states as they are: of a policy, of its type or its tenant, and how a policy was seen last."""

from db.audit.audit import SYSTEM
from db.changes import approvals, approved_states
from db.changes.approved_states import Approved, StateNow
from db.models import ApprovedScope, Change, Policy
from tests.support.changed_policies import mark_of, record, seen


def test_a_policy_without_a_snapshot_one_that_is_there_and_one_that_is_gone_are_told_apart(cast):
    unread, there, gone = (
        Policy.create(tenant=cast.contoso, policy_type="intents", graph_id=name, name=name)
        for name in ("unread", "there", "gone")
    )
    seen(there, "first")
    newest = seen(there, "second")
    seen(gone, "first")
    record(gone, None)
    now = approved_states.states_now([unread.id, there.id, gone.id])
    assert now[unread.id] == StateNow()
    assert (now[there.id].snapshot_id, now[there.id].mark, now[there.id].is_there) == (
        newest.id,
        mark_of("second"),
        True,
    )
    assert (now[gone.id].snapshot_id, now[gone.id].mark, now[gone.id].is_there) == (None, None, False)


def test_of_a_policy_that_is_new_in_an_approved_type_it_is_right_that_it_is_not_there(cast):
    policy = Policy.create(tenant=cast.contoso, policy_type="intents", graph_id="new", name="new")
    change = record(policy, "new")
    assert approved_states.approved_for(change) is None
    ApprovedScope.create(tenant=cast.fabrikam, policy_type="intents")
    ApprovedScope.create(tenant=cast.contoso, policy_type="groups")
    assert approved_states.approved_for(change) is None, "of another tenant, and of another type"
    ApprovedScope.create(tenant=cast.contoso, policy_type="intents")
    assert approved_states.approved_for(Change.get_by_id(change.id)) == Approved()
    assert Approved().is_absent
    approvals.approve_policies(cast.contoso, [policy.id], SYSTEM)
    assert approved_states.approved_for(change).mark == mark_of("new"), "its own comes first"
