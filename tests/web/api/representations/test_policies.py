"""A policy says whether the tenant shows it to be changed, as lists do."""

from datetime import timedelta

from db.clock import utcnow
from db.models import IS_CHANGED, Policy
from db.states import PolicyState
from web.api.representations import policies


def test_a_policy_is_changed_when_lists_say_so(cast):
    now = utcnow()
    times = [(None, None), (now, None), (now, now - timedelta(hours=1)), (now - timedelta(hours=1), now), (None, now)]
    policy = Policy.get(Policy.tenant == cast.contoso)
    for state in PolicyState:
        for modified_at, last_captured_at in times:
            values = {"state": state, "modified_at": modified_at, "last_captured_at": last_captured_at}
            Policy.update(values).where(Policy.id == policy.id).execute()
            row, is_listed = Policy.get_by_id(policy.id), Policy.select().where((Policy.id == policy.id) & IS_CHANGED)
            assert policies.policy(row)["is_changed"] == is_listed.exists(), values
