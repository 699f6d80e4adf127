"""Which changes are to be assessed, by whom, and when."""

from datetime import timedelta

from db.audit.audit import SYSTEM
from db.changes import assessed
from db.clock import utcnow
from db.models import Change, Policy, Run
from db.runs import runs
from db.states import ChangeKind, RunKind, RunState
from tests.support.changed_policies import record, seen


def test_a_change_is_left_to_whoever_saw_it_for_a_moment_and_then_found(cast):
    policy = Policy.get(Policy.tenant == cast.contoso)
    seen(policy, "as it was")
    change = record(policy, "as it is")
    assert assessed.unassessed(cast.contoso.id, 10) == [change]
    assert assessed.unassessed(cast.fabrikam.id, 10) == []
    assert assessed.tenants_with_left(()) == [], "whoever saw it is about to assess it"
    Change.update(seen_at=utcnow() - timedelta(minutes=2)).execute()
    assert assessed.tenants_with_left(()) == [cast.contoso]
    assert assessed.tenants_with_left([cast.contoso.id]) == []


def test_what_a_list_alone_has_seen_waits_for_the_end_of_its_run(cast):
    run = runs.start(tenant=cast.contoso, kind=RunKind.LOOK, dedupe_key="k", items=[], actor=SYSTEM).run
    policy = Policy.get(Policy.tenant == cast.contoso)
    columns = {"kind": ChangeKind.ADDED, "run": run, "seen_at": utcnow() - timedelta(minutes=2)}
    change = Change.create(tenant=cast.contoso, policy=policy, **columns)
    assert assessed.tenants_with_left(()) == assessed.unassessed(cast.contoso.id, 10) == []
    assert assessed.unassessed(cast.contoso.id, 10, run=run) == [change], "its own run may"
    Run.update(state=RunState.FAILED).where(Run.id == run.id).execute()
    assert assessed.tenants_with_left(()) == [cast.contoso]
    assert assessed.unassessed(cast.contoso.id, 10) == [change]
