"""A look for changes through the real queue, worker and simulator: what it reads, keeps and leaves alone."""

import pytest

import actors.backups.back_up
import actors.backups.look
from db.audit.audit import SYSTEM, Actor
from db.models import BackupSet, Policy, Snapshot, Tenant
from db.policies import later_changes
from db.states import ItemState, LaterChangeKind, Outcome, RunState
from tests.support.restore_steps import items_of
from tests.support.simulated_tenant import catalog_policy

pytestmark = pytest.mark.usefixtures("lock_order")

PATH = "deviceManagement/configurationPolicies"


@pytest.fixture
def backed_up(graph, worker, quick, ended, cast):
    """Contoso after a backup of all of it; a look is started by `look()`, and returned once it has ended."""
    ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id)

    def look():
        return ended(actors.backups.look.start(cast.contoso, Actor.person(cast.ada, None)).run.id)

    graph.look = look
    return graph


def changed(policy, **values):
    body = catalog_policy(policy.graph_id, policy.name, count=3)
    return {**body, "lastModifiedDateTime": "2099-01-01T00:00:00Z", **values}


def test_a_look_reads_what_differs_and_touches_no_backup(backed_up, cast):
    one, other = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id)
    before = Tenant.get_by_id(cast.contoso.id)
    good = Snapshot.get(Snapshot.policy == one)
    backed_up.put(PATH, changed(one))
    backed_up.delete(PATH, other.graph_id)
    run = backed_up.look()
    assert run.state == RunState.SUCCEEDED
    after = Tenant.get_by_id(cast.contoso.id)
    assert (after.last_backup_id, after.last_backup_at) == (before.last_backup_id, before.last_backup_at)
    assert BackupSet.select().count() == 1
    since = BackupSet.get().completed_at
    found = {change.policy.id: change for change in later_changes.find_later_changes(cast.contoso, since)}
    assert (found[one.id].kind, found[one.id].right_id) == (LaterChangeKind.CHANGED, good.id)
    assert found[one.id].now_id == Snapshot.get((Snapshot.policy == one) & (Snapshot.id != good.id)).id
    assert (found[other.id].kind, len(found)) == (LaterChangeKind.DELETED, 2)


def test_a_look_says_which_policy_it_could_not_read(backed_up, cast):
    policy = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id).first()
    backed_up.put(PATH, changed(policy))
    backed_up.fault(kind="status", path=policy.graph_id, status=400, times=9)
    run = backed_up.look()
    assert run.state == RunState.PARTIAL
    item = items_of(run)[policy.name]
    assert (item.state, item.outcome) == (ItemState.FAILED, Outcome.ERROR)


def test_what_is_new_is_not_read_and_a_second_look_finds_the_first(backed_up, cast):
    backed_up.put(PATH, catalog_policy("00000009-0000-4000-8000-000000000000", "New"))
    assert "New" not in items_of(backed_up.look())
    starts = [actors.backups.look.start(cast.contoso, SYSTEM) for _ in range(2)]
    assert starts[0].run.id == starts[1].run.id
