"""A policy that differs from a standard has one open change, until it is as wanted, excepted, or decided about."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM, Actor
from db.changes import assessed, decisions
from db.clock import utcnow
from db.models import Change, Occurrence, Policy, Standard, StandardAdoption, StandardException, StandardVersion
from db.standards import standard_changes
from db.standards.standard_changes import Deviation
from db.states import ChangeState, Severity
from tests.support.changed_policies import become, seen

pytestmark = pytest.mark.usefixtures("lock_order")
PLACES = [{"path": "body/description", "label": "Description", "how": "changed"}]


@pytest.fixture
def adoption(cast):
    """Contoso follows a standard, of which nothing was brought there yet."""
    standard = Standard.create(name="Baseline", uid="5" * 8)
    version = StandardVersion.create(standard=standard, number=1, source="tenant", parameters=[])
    row = StandardAdoption.create(standard=standard, tenant=cast.contoso, ring="pilot", values={}, counts={})
    row.first_version = version
    return row


@pytest.fixture
def policy(cast):
    return Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))


def deviation(policy, snapshot, wanted="w" * 64):
    number = snapshot.id if snapshot else None
    return Deviation(policy.id, number, wanted, Severity.MEDIUM, ["setting"], PLACES, 1)


def rows(policy):
    query = Change.select().where(Change.policy == policy).order_by(Change.id)
    return [(row.state, row.standard_id is not None) for row in query]


def told():
    return Occurrence.select().where(Occurrence.event == "change").count()


def test_what_differs_from_the_beginning_is_open_once_and_told_once_something_was_brought_there(adoption, policy):
    first = seen(policy, "own")
    found = standard_changes.keep_open(adoption, [deviation(policy, first)])
    assert standard_changes.keep_open(adoption, [deviation(policy, first)]) == found
    [change] = Change.select()
    assert (change.id, change.state, change.after_id, change.before_id) == (found[policy.id], "open", first.id, None)
    assert (change.before_mark, change.difference_count, change.standard_id) == ("w" * 64, 1, adoption.standard_id)
    assert told() == 0, "nobody is told what was so before"
    adoption.version = adoption.first_version
    standard_changes.keep_open(adoption, [deviation(policy, first, "v" * 64)])
    assert rows(policy) == [("replaced", True), ("open", True)]
    assert told() == 1
    assert assessed.assess_again(policy.tenant, policy.policy_type) == 0, "its cell says what it is"


def test_an_ordinary_change_stands_for_it_and_a_later_reading_replaces_it(adoption, policy):
    first = seen(policy, "own")
    standard_changes.keep_open(adoption, [deviation(policy, first)])
    assert standard_changes.keep_open(adoption, [deviation(policy, None)]) == {}, "it was read since"
    second = seen(policy, "other")
    standard_changes.keep_open(adoption, [deviation(policy, second)])
    assert [state for state, is_standards in rows(policy) if is_standards] == ["replaced", "open"]
    decisions.approve([Change.select().order_by(Change.id.desc()).get()], SYSTEM)
    before = len(rows(policy))
    standard_changes.keep_open(adoption, [deviation(policy, second)])
    assert len(rows(policy)) == before, "somebody said that this is right"
    drifted = become(policy, "drifted")
    found = standard_changes.keep_open(adoption, [deviation(policy, seen(policy, "drifted"))])
    assert found == {policy.id: drifted.id}
    assert Change.get_by_id(drifted.id).state == "open"


def test_an_exception_accepts_it_and_its_end_opens_it_and_tells_it(adoption, policy, cast):
    adoption.version = adoption.first_version
    first = seen(policy, "own")
    [change_id] = standard_changes.keep_open(adoption, [deviation(policy, first)]).values()
    until = utcnow() + timedelta(days=3)
    exception = StandardException(reason="A pilot", until=until, approved_by=cast.max)
    standard_changes.accept_excepted(adoption, {policy.id: exception})
    change = Change.get_by_id(change_id)
    assert (change.state, change.reason, change.until) == ("accepted", "Exception: A pilot", until)
    standard_changes.keep_open(adoption, [deviation(policy, first)])
    assert Change.get_by_id(change_id).state == "open"
    assert told() == 2
    decisions.accept([Change.get_by_id(change_id)], Actor.person(cast.max, None), "It may be so")
    standard_changes.keep_open(adoption, [deviation(policy, first)])
    assert Change.get_by_id(change_id).state == "accepted", "a person accepted it"


@pytest.mark.parametrize(("is_left", "state"), [(False, ChangeState.UNDONE), (True, ChangeState.RECORDED)])
def test_what_is_as_wanted_or_followed_no_longer_is_closed(adoption, policy, is_left, state):
    standard_changes.keep_open(adoption, [deviation(policy, seen(policy, "own"))])
    if is_left:
        standard_changes.forget(adoption.tenant_id, adoption.standard_id)
    else:
        standard_changes.close_aligned([policy.id])
    assert rows(policy) == [(state, True)]
