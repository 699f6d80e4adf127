"""What a retry has to read, and what becomes of the set when it ends."""

import pytest

from db.audit.audit import Actor
from db.backups import completeness, manifests, set_retries
from db.errors import Invalid
from db.models import BackupSet, Policy, Run, RunItem
from db.states import RunKind, SetState
from tests.support.captures import capture_by_hand

TYPE, OTHER = "configurationPolicies", "deviceCategories"


def row(state, offer="offered", **counts):
    return {"state": state, "offer": offer, "listed": 2, "message": None, **counts}


def problem(policy_type, policy=None):
    return {"policy_type": policy_type, "policy": policy, "name": "One", "reason": "x", "message": "y"}


@pytest.mark.parametrize(
    ("types", "problems", "policies", "wanted"),
    [
        ({TYPE: row("done", error=1)}, [problem(TYPE, 3)], [3], []),
        ({OTHER: row("failed", "failed today")}, [problem(OTHER)], [], [OTHER]),
        ({OTHER: row("skipped", "not permitted")}, [problem(OTHER)], [], [OTHER]),
        ({OTHER: row("skipped", "not offered here")}, [], [], []),
        ({TYPE: row("done", error=2)}, [problem(TYPE, 3), problem(TYPE)], [], [TYPE]),
        ({OTHER: row("pending")}, [], [], [OTHER]),
    ],
)
def test_a_retry_reads_what_is_missing_and_nothing_else(types, problems, policies, wanted):
    lacking = set_retries.find_lacking(BackupSet(types=types, problems=problems))
    assert (lacking.policies, lacking.types) == (policies, wanted)


def test_a_policy_that_is_read_again_has_one_snapshot_in_the_set_the_newest(cast, captured):
    (policy, run, first), (other, _, second), *_ = captured
    made = BackupSet.create(
        tenant=cast.contoso,
        run=run,
        state=SetState.INCOMPLETE,
        selection={},
        types={TYPE: row("done", captured=2, error=1), OTHER: row("failed", "failed today")},
        problems=[problem(TYPE, policy.id), problem(OTHER)],
        manifest=manifests.save(cast.contoso, [first.id, second.id]),
    )
    set_retries.begin(made.id, [OTHER])
    again, newer = capture_by_hand(
        Policy.get_by_id(policy.id), Actor.person(cast.ada, None), {"name": "Other", "settings": []}
    )
    begun = BackupSet.get_by_id(made.id)
    assert (begun.state, begun.types[OTHER]["state"]) == (SetState.INCOMPLETE, "pending")
    addition = set_retries.add_to_set(begun, again, {TYPE: {"captured": 1}}, [], [newer.id])
    assert manifests.snapshot_ids(addition.columns["manifest"]) == sorted([second.id, newer.id])
    assert addition.columns["types"] == {TYPE: row("done", captured=3, error=0), OTHER: row("failed", "failed today")}
    assert addition.columns["problems"] == [problem(OTHER)], "its type was not come to"
    assert addition.columns["state"] == SetState.INCOMPLETE
    assert completeness.count_missing(BackupSet(types=addition.columns["types"])).types == 1
    assert RunItem.select().where(RunItem.policy == other).exists()


def test_a_set_that_is_gone_is_not_begun_again_and_one_under_way_is_known(cast, captured):
    with pytest.raises(Invalid, match="deleted by retention"):
        set_retries.begin(999, [])
    run = captured[0][1]
    made = BackupSet.create(
        tenant=cast.contoso, run=run, state=SetState.INCOMPLETE, selection={}, types={TYPE: row("failed")}, problems=[]
    )
    assert set_retries.is_completable(made)
    Run.create(tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key="k", backup_set_id=made.id)
    assert not set_retries.is_completable(made)
    assert BackupSet.select().where(set_retries.is_being_completed(BackupSet.id)).count() == 1
