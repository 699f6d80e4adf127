"""Changes through queue, worker and simulator: what could not be read is none, and our own restores' are ours."""

import pytest

import actors.backups.back_up
import actors.backups.look
import actors.backups.sync
from actors.changes import assessment
from actors.plans import drafts
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.models import Change, Occurrence, Policy, Tenant
from db.policies import snapshots
from db.states import ChangeKind, NoticeEvent, RunState
from tests.support.outside_changes import Outside
from tests.support.restore_steps import executed, options, previewed, undone
from tests.support.simulated_tenant import READ, WRITE, catalog_policy

CATALOG, TYPE = "deviceManagement/configurationPolicies", "configurationPolicies"
pytestmark = pytest.mark.usefixtures("app", "worker", "quick", "lock_order")


@pytest.fixture
def contoso(graph, ended, cast, monkeypatch):
    """Contoso after a first backup. `run(module)`: starts that run, and assesses what it saw."""
    monkeypatch.setattr("actors.queue.run_actor.LONGEST_BACKOFF", 0.05)
    graph.change(permissions=WRITE)

    def run(module=actors.backups.back_up):
        done = ended(module.start(Tenant.get_by_id(cast.contoso.id), SYSTEM).run.id)
        assessment.assess(cast.contoso.id)
        return done

    graph.run, graph.outside = run, Outside(graph)
    run()
    assert Change.select().count() == 0
    yield graph
    graph.clear_faults()


def one_of(tenant, number=0):
    return list(Policy.select().where(Policy.tenant == tenant).order_by(Policy.id))[number]


def told():
    rows = Change.select(Change, Policy).join(Policy).order_by(Change.id)
    return [(change.policy.name, change.kind, change.restore_id) for change in rows]


def test_what_may_not_be_read_for_a_while_is_no_change_and_what_was_done_meanwhile_is_told(contoso, cast):
    policy = one_of(cast.contoso)
    may(contoso, [one for one in READ if "Configuration" not in one])
    contoso.outside.change(TYPE, policy.graph_id)
    assert contoso.run().state == RunState.FAILED, "both of its policies"
    assert told() == [], "lost"
    may(contoso, WRITE)
    contoso.run()
    assert told() == [(policy.name, ChangeKind.CHANGED, None)], "and back again"


def may(simulated, permissions):
    simulated.change(permissions=permissions)
    graph_clients.clear_cache()


def test_a_list_or_a_policy_that_fails_tells_nothing(contoso, cast):
    policy = one_of(cast.contoso)
    contoso.outside.change(TYPE, policy.graph_id)
    contoso.fault(kind="status", path=policy.graph_id, status=500, times=9)
    assert contoso.run().state == RunState.PARTIAL
    contoso.clear_faults()
    contoso.fault(kind="status", path=CATALOG, status=503, times=99)
    contoso.run()
    contoso.clear_faults()
    assert told() == []
    contoso.fault(kind="throttle", path=CATALOG, times=2, retry_after=0)
    contoso.run()
    assert told() == [(policy.name, ChangeKind.CHANGED, None)]


def test_a_sync_tells_what_its_lists_show_and_a_later_backup_completes_that_and_tells_no_more(contoso, cast):
    gone = one_of(cast.contoso, 1)
    made = contoso.outside.add(TYPE, catalog_policy("00000009-0000-4000-8000-000000000000", "New"))
    contoso.outside.remove(TYPE, gone.graph_id)
    contoso.run(actors.backups.sync)
    assert sorted(told()) == [(gone.name, ChangeKind.REMOVED, None), ("New", ChangeKind.ADDED, None)]
    [added] = Change.select().where(Change.kind == ChangeKind.ADDED)
    assert (added.after, bool(added.assessed_at)) == (None, True)
    contoso.run(actors.backups.look)
    contoso.run()
    assert len(told()) == 2
    new = Policy.get(Policy.graph_id == made["id"])
    assert Change.get_by_id(added.id).after == snapshots.latest(new)


def test_what_a_restore_of_ours_writes_is_ours_and_what_it_found_before_is_not(contoso, cast, ended):
    policy = one_of(cast.contoso)
    right = snapshots.latest(policy)
    contoso.outside.change(TYPE, policy.graph_id, description="Theirs")
    restore = previewed(drafts.from_snapshot(right, cast.contoso, options(), SYSTEM), ended)
    restore, _ = executed(restore, ended)
    assessment.assess(cast.contoso.id)
    assert told() == [(policy.name, ChangeKind.CHANGED, None), (policy.name, ChangeKind.CHANGED, restore.id)]
    theirs, ours = Change.select().order_by(Change.id)
    assert theirs.after == ours.before == restore.items[0].safety_snapshot
    assert ours.after_mark == right.content.fingerprint
    noted = [row.change_id for row in Occurrence.select().where(Occurrence.event == NoticeEvent.CHANGE)]
    assert noted == [theirs.id], "our own is told as a restore"
    contoso.run()
    assert len(told()) == 2


def test_what_a_restore_makes_again_and_its_undo_removes_is_ours(contoso, cast, ended):
    policy = one_of(cast.contoso)
    right = snapshots.latest(policy)
    contoso.outside.remove(TYPE, policy.graph_id)
    contoso.run(actors.backups.sync)
    restore, _ = executed(previewed(drafts.from_snapshot(right, cast.contoso, options(), SYSTEM), ended), ended)
    contoso.run()
    undo, _ = executed(previewed(undone(restore), ended), ended)
    contoso.run()
    assert told() == [
        (policy.name, ChangeKind.REMOVED, None),
        (policy.name, ChangeKind.ADDED, restore.id),
        (policy.name, ChangeKind.REMOVED, undo.id),
    ]
