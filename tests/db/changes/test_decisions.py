"""What becomes of a change against the approved state, whoever decides, and in whatever order."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM, Action, Actor
from db.changes import approvals, assessed, decisions
from db.changes.assessed import Assessment
from db.clock import utcnow
from db.errors import Invalid
from db.models import Acceptance, ApprovedPolicy, AuditEvent, Change, Mapping, Occurrence, Policy
from db.states import ChangeKind, ChangeState, NoticeEvent, Severity
from tests.support.changed_policies import become, mark_of, newest, record, seen, settle, states

pytestmark = pytest.mark.usefixtures("lock_order")


def approved_policy(tenant, name):
    """A policy that says "right", which is approved."""
    row = Policy.create(tenant=tenant, policy_type="configurationPolicies", graph_id=name, name=name)
    seen(row, "right")
    approvals.approve_policies(tenant, [row.id], SYSTEM)
    return row


@pytest.fixture
def policy(cast):
    return approved_policy(cast.contoso, "Firewall")


@pytest.fixture
def max_(cast):
    return Actor.person(cast.max, "127.0.0.1")


def test_without_an_approved_state_a_change_is_news_and_nothing_to_decide(cast):
    policy = Policy.get(Policy.tenant == cast.contoso)
    assert [become(policy, text).state for text in ("a", "b", None)] == ["recorded"] * 3
    assert become(policy, "b2", only_ignored=True).state == "ignored"


# What happens to a policy that says "right", and the states of its changes after that.
STORIES = {
    "differs": (["wrong"], ["open"]),
    "differs again": (["wrong", "worse"], ["replaced", "open"]),
    "undone": (["wrong", "right"], ["undone", "undone"]),
    "wrong, worse, undone": (["wrong", "worse", "right"], ["replaced", "undone", "undone"]),
    "put back": (["wrong", "restored"], ["put_back", "put_back"]),
    "deleted": ([None], ["open"]),
    "deleted and there again": ([None, "right"], ["undone", "undone"]),
    "only what is ignored": (["ignored"], ["ignored"]),
    "ignored after wrong is as approved": (["wrong", "ignored"], ["undone", "undone"]),
    "ignored, then wrong": (["ignored", "wrong"], ["ignored", "open"]),
    "accepted": (["wrong", "accept"], ["accepted"]),
    "accepted, then worse": (["wrong", "accept", "worse"], ["replaced", "open"]),
    "accepted, left and there again": (
        ["wrong", "accept", "worse", "wrong"],
        ["replaced", "replaced", "accepted"],
    ),
    "accepted, then undone": (["wrong", "accept", "right"], ["undone", "undone"]),
    "accepted, undone, and so again": (["wrong", "accept", "right", "wrong"], ["undone", "undone", "accepted"]),
    "accepted and opened": (["wrong", "accept", "reopen"], ["open"]),
    "opened, undone, and so again": (
        ["wrong", "accept", "reopen", "right", "wrong"],
        ["undone", "undone", "open"],
    ),
    "deletion accepted": ([None, "accept"], ["accepted"]),
    "time over": (["wrong", "accept", "later"], ["open"]),
    "time over while it was otherwise": (
        ["wrong", "accept", "worse", "later", "wrong"],
        ["replaced", "replaced", "open"],
    ),
    "approved": (["wrong", "approve"], ["approved"]),
    "approved, then back to what was right": (["wrong", "approve", "right"], ["approved", "open"]),
    "accepted, then approved": (["wrong", "accept", "approve", "right"], ["approved", "open"]),
    "deletion approved": ([None, "approve"], ["approved"]),
    "deletion approved, and there again": ([None, "approve", "right"], ["approved", "open"]),
    "taken back": (["wrong", "take back"], ["recorded"]),
    "accepted, taken back": (["wrong", "accept", "take back", "worse"], ["recorded", "recorded"]),
}


def _do(policy, act, actor):
    of_policy = Change.policy == policy
    standing = list(Change.select().where(of_policy & Change.state.in_(["open", "accepted"])))
    if act == "accept":
        decisions.accept(standing, actor, "A pilot", utcnow() + timedelta(days=1))
    elif act == "reopen":
        decisions.reopen(standing, actor)
    elif act == "approve":
        decisions.approve(standing, actor)
    elif act == "take back":
        approvals.take_back_policy(policy, actor)
    elif act == "later":
        over = {"until": utcnow() - timedelta(seconds=1)}
        Change.update(over).where(of_policy).execute()
        Acceptance.update(over).where(Acceptance.policy == policy).execute()
        for change in decisions.overdue(10):
            assert decisions.reopen_overdue(change)
    elif act == "restored":
        become(policy, "right", restore_id=7)
    else:
        become(policy, act, only_ignored=act == "ignored")


def test_each_act_on_a_change_leads_where_it_should(cast, max_):
    for story, (acts, expected) in STORIES.items():
        policy = approved_policy(cast.contoso, story)
        for act in acts:
            _do(policy, act, max_)
            assert states(policy).count("open") + states(policy).count("accepted") <= 1, story
        assert states(policy) == expected, story


def test_what_is_assessed_late_never_stands_before_what_came_after_it(policy):
    first, second = record(policy, "wrong"), record(policy, "worse")
    settle(second)
    settle(first)
    assert states(policy) == ["replaced", "open"]


def test_what_stands_for_a_graver_change_is_as_grave_and_no_difference_at_all_closes_nothing(policy):
    """Somebody switches a policy off, and then mends a word in its description: it is switched off still."""
    plain = Assessment(ChangeKind.CHANGED, Severity.LOW, ["renamed"], [], 1, None, False, False)
    assessed.save(record(policy, "off"), replace(plain, severity=Severity.HIGH, rules=["state"]))
    second = record(policy, "off, renamed")
    assessed.save(second, plain)
    row = Change.get_by_id(second.id)
    assert (row.state, row.severity, row.rules) == ("open", "high", ["state", "renamed"])
    assessed.save(record(policy, "read anew"), replace(plain, is_none=True))
    assert states(policy) == ["replaced", "replaced", "open"]
    right = record(policy, "right")
    assessed.save(right, replace(plain, equals_approved=True))
    assert (states(policy)[-2:], Change.get_by_id(right.id).severity) == (["undone", "undone"], "low")


def test_a_policy_that_a_restore_made_again_inherits_what_was_approved(cast, policy):
    right = newest(policy)
    become(policy, None)
    remade = Policy.create(tenant=cast.contoso, policy_type=policy.policy_type, graph_id="new", name=policy.name)
    Mapping.create(
        tenant=cast.contoso,
        source_directory_id=cast.contoso.directory_id,
        kind=policy.policy_type,
        source_id=policy.graph_id,
        target_id="new",
    )
    become(remade, "right", restore_id=7)
    assert states(policy) == states(remade) == ["put_back"]
    [approved] = ApprovedPolicy.select()
    assert (approved.policy_id, approved.snapshot_id) == (remade.id, right.id)


def test_accepting_asks_for_a_reason_and_a_time_to_come(policy, max_):
    change = become(policy, "wrong")
    for reason, until, why in (("  ", None, "Say why"), ("x", utcnow() - timedelta(minutes=1), "still to come")):
        with pytest.raises(Invalid, match=why):
            decisions.accept([change], max_, reason, until)
    assert states(policy) == ["open"]
    decisions.accept([change], max_, "Until the pilot ends")
    row = Change.get_by_id(change.id)
    assert (row.reason, row.until, row.decided_by_id) == ("Until the pilot ends", None, max_.user_id)
    event = AuditEvent.get(AuditEvent.action == Action.CHANGES_ACCEPTED)
    assert event.details == {"changes": 1, "reason": "Until the pilot ends", "until": None}


# What the first person did -> what of the second's acts still goes through, and to what it leads.
RACES = {
    "accept": {"accept": "accepted", "reopen": "open", "approve": "approved"},
    "approve": {},
    "worse": {},
    "right": {},
    "take back": {"approve": "approved"},
}


def test_of_two_who_decide_at_once_the_second_is_told_and_nothing_is_lost(cast, max_):
    """The second has the change as it was before the first: an old page."""
    acts = {
        "accept": lambda change: decisions.accept([change], max_, "mine"),
        "reopen": lambda change: decisions.reopen([change], max_),
        "approve": lambda change: decisions.approve([change], max_),
    }
    for first, allowed in RACES.items():
        for second, act in acts.items():
            policy = approved_policy(cast.contoso, f"{first}, {second}")
            change = become(policy, "wrong")
            _do(policy, first, max_)
            before = states(policy)
            if second in allowed:
                act(change)
                assert states(policy) == [allowed[second]], policy.name
                continue
            with pytest.raises(Invalid, match="somebody decided"):
                act(change)
            assert states(policy) == before, policy.name


def test_bulk_acts_leave_out_what_was_decided_meanwhile_and_audit_once_for_each_tenant(cast, max_):
    rows = list(Policy.select().order_by(Policy.id))
    for row in rows:
        seen(row, "right")
        approvals.approve_policies(row.tenant, [row.id], SYSTEM)
    changes = [become(row, "wrong") for row in rows]
    become(rows[0], "right")
    done = decisions.accept(changes, max_, "Known")
    assert (done.count, done.left) == (3, 1)
    events = AuditEvent.select().where(AuditEvent.action == Action.CHANGES_ACCEPTED).order_by(AuditEvent.id)
    assert [(event.tenant_name, event.details["changes"]) for event in events] == [("Contoso", 1), ("Fabrikam", 2)]
    assert decisions.approve(changes, max_, "New standard").count == 3
    assert ApprovedPolicy.select().where(ApprovedPolicy.mark == mark_of("wrong")).count() == 3


def test_what_is_accepted_until_a_time_opens_again_once_and_is_told_anew(policy, max_):
    change = become(policy, "wrong")
    decisions.accept([change], max_, "A pilot", utcnow() + timedelta(hours=1))
    assert decisions.overdue(10) == []
    Change.update(until=utcnow() - timedelta(minutes=1)).execute()
    [found] = decisions.overdue(10)
    assert decisions.reopen_overdue(found) is True
    assert decisions.reopen_overdue(found) is False, "another scheduler was quicker"
    assert decisions.overdue(10) == []
    assert not Acceptance.select().exists()
    row = Change.get_by_id(change.id)
    assert (row.state, row.reason) == (ChangeState.OPEN, "A pilot"), "its page says why it was accepted"
    [told] = Occurrence.select().where(Occurrence.event == NoticeEvent.CHANGE)
    assert told.change_id == change.id
    assert "open again" in told.key
