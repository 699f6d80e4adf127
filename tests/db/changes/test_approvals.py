"""Approving a policy, a type, a tenant or a backup set: what is right from then on, and what is open at once."""

import pytest

from db.audit.audit import SYSTEM, Action
from db.changes import approvals, approved_states
from db.changes.approvals import WHOLE_TENANT
from db.clock import utcnow
from db.errors import Invalid
from db.models import ApprovedPolicy, ApprovedScope, AuditEvent, Change, Content, Policy, Snapshot
from db.states import PolicyState
from tests.support.changed_policies import become, mark_of, newest, seen, states

pytestmark = pytest.mark.usefixtures("lock_order")
CATALOG = "configurationPolicies"


@pytest.fixture
def one(cast):
    return Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))


@pytest.fixture
def other(cast):
    return Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("2"))


def add(tenant, name="New", policy_type=CATALOG):
    return Policy.create(tenant=tenant, policy_type=policy_type, graph_id=name, name=name)


def test_a_policy_is_approved_as_it_is_and_one_that_nobody_has_read_cannot_be(cast, one):
    with pytest.raises(Invalid, match="capture a snapshot first"):
        approvals.approve_policies(cast.contoso, [one.id], SYSTEM)
    right = seen(one, "right")
    approvals.approve_policies(cast.contoso, [one.id], SYSTEM, "Reviewed")
    row = ApprovedPolicy.get()
    assert (row.policy_id, row.snapshot_id, row.mark, row.reason) == (one.id, right.id, mark_of("right"), "Reviewed")
    assert not Change.select().exists()


def test_what_is_gone_is_approved_as_gone(cast, one):
    become(one, "right")
    become(one, None)
    approvals.approve_policies(cast.contoso, [one.id], SYSTEM)
    assert (ApprovedPolicy.get().snapshot_id, ApprovedPolicy.get().mark) == (None, None)
    assert become(one, "right").state == "open", "it came back, and was rightly gone"


@pytest.mark.parametrize("scope", [CATALOG, WHOLE_TENANT])
def test_in_an_approved_type_or_tenant_what_is_added_or_removed_is_open(cast, one, other, scope):
    seen(one, "a")
    counts = approvals.approve_scope(cast.contoso, scope, SYSTEM)
    assert (counts.approved, counts.differing, counts.unread) == (1, 0, 1)
    added, elsewhere = add(cast.contoso), add(cast.contoso, "Script", "deviceManagementScripts")
    assert become(added, "new").state == "open"
    assert become(elsewhere, "x").state == ("open" if scope == WHOLE_TENANT else "recorded")
    assert become(one, None).state == "open"
    assert become(added, None).state == "undone"
    assert states(added) == ["undone", "undone"]
    assert become(add(cast.fabrikam), "x").state == "recorded"


def test_a_set_older_than_now_opens_at_once_what_the_tenant_has_otherwise(cast, one, other):
    held = [seen(one, "right").id, seen(other, "same").id]
    recorded = become(one, "wrong")
    added, made_and_gone, unread = add(cast.contoso), add(cast.contoso, "Gone"), add(cast.contoso, "Unread")
    become(added, "new")
    become(made_and_gone, "x")
    become(made_and_gone, None)
    counts = approvals.approve_snapshots(cast.contoso, held, [CATALOG], SYSTEM, "backup set 1")
    assert (counts.approved, counts.differing, counts.unread) == (2, 2, 1)
    assert states(one) == ["open"], "the change that was recorded says it already"
    assert Change.get_by_id(recorded.id).assessed_at
    assert states(added) == ["open"]
    assert states(other) == states(unread) == []
    assert states(made_and_gone) == ["recorded", "recorded"]
    assert {row.policy_id for row in ApprovedPolicy.select()} == {one.id, other.id}
    assert [event.details for event in AuditEvent.select().where(AuditEvent.action == Action.STATE_APPROVED)] == [
        {"what": "backup set 1", "policies": 2, "differing": 2, "reason": ""}
    ]


def test_after_several_changes_the_open_one_spans_them_all(cast, one):
    right = seen(one, "right")
    become(one, "wrong")
    become(one, "worse")
    approvals.approve_snapshots(cast.contoso, [right.id], [], SYSTEM, "backup set 1")
    assert states(one) == ["recorded", "recorded", "open"]
    change = Change.select().order_by(Change.id.desc()).get()
    assert (change.kind, change.before_id, change.after_id) == ("changed", right.id, newest(one).id)
    assert change.assessed_at is None, "what it differs by is worked out a moment later"
    approvals.approve_snapshots(cast.contoso, [right.id], [], SYSTEM, "backup set 1")
    assert states(one).count("open") == 1, "again changes nothing"


def test_approving_what_is_now_closes_what_stood(cast, one):
    seen(one, "right")
    approvals.approve_policies(cast.contoso, [one.id], SYSTEM)
    become(one, "better")
    approvals.approve_scope(cast.contoso, WHOLE_TENANT, SYSTEM)
    assert states(one) == ["approved"]


def test_taking_back_leaves_nothing_to_decide(cast, one, other):
    for policy in (one, other):
        seen(policy, "right")
    approvals.approve_scope(cast.contoso, WHOLE_TENANT, SYSTEM)
    become(one, "wrong")
    for refused in (
        lambda: approvals.take_back_policy(one, SYSTEM),
        lambda: approvals.take_back_scope(cast.contoso, CATALOG, SYSTEM),
    ):
        with pytest.raises(Invalid, match="Take"):
            refused()
    assert approvals.take_back_scope(cast.contoso, WHOLE_TENANT, SYSTEM) == 2
    assert states(one) == ["recorded"]
    assert not ApprovedPolicy.select().exists()
    assert not ApprovedScope.select().exists()
    assert become(one, "worse").state == "recorded"


def test_nine_hundred_policies_are_approved_and_found_in_few_statements(cast, database, monkeypatch):
    tenant, now = cast.contoso, utcnow()
    for some in range(0, 900, 300):
        ids = range(some, some + 300)
        Policy.insert_many(
            [{"tenant": tenant, "policy_type": CATALOG, "graph_id": f"g{n}", "name": f"p{n}"} for n in ids]
        ).execute()
        Content.insert_many(
            [{"tenant": tenant, "fingerprint": mark_of(f"{n}"), "sealed": b"x", "plain_bytes": 1} for n in ids]
        ).execute()
    policy_ids = {row.graph_id: row.id for row in Policy.select().where(Policy.tenant == tenant)}
    contents = {row.fingerprint: row.id for row in Content.select(Content.id, Content.fingerprint)}
    plain = {"tenant": tenant, "name": "p", "proof": {}, "references": {}, "captured_at": now}
    for some in range(0, 900, 300):
        Snapshot.insert_many(
            [
                {**plain, "policy": policy_ids[f"g{n}"], "content": contents[mark_of(f"{n}")]}
                for n in range(some, some + 300)
            ]
        ).execute()
    statements = []
    engine = type(database)
    original = engine.execute_sql
    monkeypatch.setattr(
        engine, "execute_sql", lambda self, sql, params=None: statements.append(sql) or original(self, sql, params)
    )
    held = [row[0] for row in Snapshot.select(Snapshot.id).tuples()]
    statements.clear()
    assert approvals.approve_scope(tenant, WHOLE_TENANT, SYSTEM).approved == 900
    assert len(statements) < 40
    Policy.update(state=PolicyState.GONE, gone_at=now).where(Policy.graph_id.startswith("g")).execute()
    statements.clear()
    assert approvals.approve_snapshots(tenant, held, [WHOLE_TENANT], SYSTEM, "backup set 1").differing == 900
    assert Change.select().where(Change.state == "open").count() == 900
    assert len(statements) < 50


def test_no_snapshot_goes_that_is_approved_or_a_side_of_what_stands(cast, one):
    right = seen(one, "right")
    approvals.approve_policies(cast.contoso, [one.id], SYSTEM)
    become(one, "wrong")
    become(one, "right")
    become(one, "worse")
    become(one, "worst")
    kept = Snapshot.select().where(approved_states.is_snapshot_kept(cast.contoso)).order_by(Snapshot.id)
    assert [row.content.fingerprint for row in kept] == [mark_of(text) for text in ("right", "worse", "worst")]
    assert kept[0].id == right.id
