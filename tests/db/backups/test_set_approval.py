"""What approving a backup set says of what it does not hold."""

import pytest

from db.audit.audit import SYSTEM
from db.backups import manifests, set_approval
from db.changes.approved_states import WHOLE_TENANT
from db.errors import Invalid
from db.models import ApprovedPolicy, ApprovedScope, BackupSet, Policy
from db.states import SetState
from tests.support.changed_policies import become, seen, states

WHOLE = {"state": "done", "message": None, "listed": 1}
FAILED = {"state": "failed", "message": "Refused", "listed": 0}


@pytest.mark.parametrize(
    ("state", "selection", "scopes"),
    [
        (SetState.COMPLETE, {}, [WHOLE_TENANT]),
        (SetState.INCOMPLETE, {}, ["configurationPolicies"]),
        (SetState.COMPLETE, {"policy_types": ["configurationPolicies"]}, ["configurationPolicies"]),
        (SetState.COMPLETE, {"policies": [1]}, []),
    ],
)
def test_a_set_says_what_is_rightly_absent_of_what_it_holds_whole_alone(cast, state, selection, scopes):
    policy = Policy.get(Policy.tenant == cast.contoso)
    held = seen(policy, "right")
    become(policy, "wrong")
    backup_set = BackupSet.create(
        tenant=cast.contoso,
        state=state,
        selection=selection,
        types={"configurationPolicies": WHOLE, "deviceManagementScripts": FAILED},
        problems=[],
        manifest=manifests.save(cast.contoso, [held.id]),
    )
    counts = set_approval.approve(backup_set, SYSTEM)
    assert (counts.approved, counts.differing, states(policy)) == (1, 1, ["open"])
    assert ApprovedPolicy.get().snapshot_id == held.id
    assert [row.policy_type for row in ApprovedScope.select()] == scopes


def test_a_set_that_holds_nothing_cannot_be_approved(cast):
    empty = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[])
    with pytest.raises(Invalid):
        set_approval.approve(empty, SYSTEM)
