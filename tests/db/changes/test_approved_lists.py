"""What the page of a tenant's approved state lists."""

from db.audit.audit import SYSTEM, Actor
from db.changes import approvals, approved_lists, decisions
from db.models import Change, Policy
from tests.support.changed_policies import become, seen


def test_each_type_says_what_is_approved_by_whom_and_what_is_open_the_gravest_first(cast):
    one, other = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id)
    for policy in (one, other):
        seen(policy, "right")
    approvals.approve_policies(cast.contoso, [one.id], SYSTEM)
    approvals.approve_policies(cast.contoso, [other.id], Actor.person(cast.max, None))
    script = Policy.create(tenant=cast.contoso, policy_type="deviceManagementScripts", graph_id="s", name="Script")
    changes = [become(one, "wrong"), become(other, "wrong"), become(script, "x")]
    Change.update(severity="high").where(Change.id == changes[1].id).execute()
    catalog, scripts = sorted(approved_lists.by_type(cast.contoso), key=lambda row: row.key)
    assert (catalog.present, catalog.approved, catalog.by) == (2, 2, "Max")
    assert (catalog.open, catalog.open_count, catalog.gravest) == ({"low": 1, "high": 1}, 2, "high")
    assert (scripts.present, scripts.approved, scripts.open_count) == (1, 0, 0)
    assert [change.id for change in approved_lists.standing(cast.contoso, 9)] == [changes[1].id, changes[0].id]
    decisions.accept([changes[1]], SYSTEM, "Known")
    assert [change.id for change in approved_lists.standing(cast.contoso, 9)] == [changes[0].id, changes[1].id]
    [catalog, _] = sorted(approved_lists.by_type(cast.contoso), key=lambda row: row.key)
    assert (catalog.open_count, catalog.accepted) == (1, 1)
    found = approved_lists.of_policy(other)
    assert (found.approved.approved_by.name, found.change.id, found.is_in_scope) == ("Max", changes[1].id, False)
