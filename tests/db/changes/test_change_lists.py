"""Changes as pages count and list them."""

from datetime import timedelta

from db.changes import change_lists
from db.clock import utcnow
from db.models import ApprovedPolicy
from db.states import ChangeState, Severity
from tests.support.changes import record_change


def test_what_is_open_is_counted_and_listed_for_ones_own_tenants_alone(cast, captured):
    one, two, other, _ = (made[0] for made in captured)
    record_change(one)
    record_change(two, severity=Severity.LOW)
    record_change(two, state=ChangeState.ACCEPTED)
    record_change(other)
    mine = [cast.contoso.id]
    assert change_lists.count_open_by_severity(mine) == {Severity.HIGH: 1, Severity.LOW: 1}
    assert list(change_lists.count_open_by_severity(None).values()) == [2, 1]
    assert change_lists.count_open(mine, 10) == 2
    assert change_lists.count_open(None, 1) == 2, "one more than asked: there are more"
    assert [change.policy.name for change in change_lists.newest_open(mine, 5)] == [two.name, one.name]
    assert change_lists.count_seen_since(utcnow() - timedelta(hours=2), mine) == 3
    assert change_lists.count_seen_since(utcnow(), None) == 0
    ApprovedPolicy.create(tenant=cast.fabrikam, policy=other)
    assert change_lists.is_anything_approved(None)
    assert not change_lists.is_anything_approved(mine)
