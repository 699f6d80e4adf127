"""Looks at a watched tenant, through the real queue, worker and simulator: what they ask, capture, and leave behind."""

import time
from datetime import timedelta

import pytest

import actors.backups.back_up
from actors import scheduler
from actors.backups import watch
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.events import attribution, watches
from db.models import (
    AuditEvent,
    Change,
    EventLog,
    Notification,
    Policy,
    Run,
    RunItem,
    Snapshot,
    Tenant,
    Watch,
)
from db.states import ACTIVE, Outcome, PolicyState, RunKind, RunState
from tests.support.outside_changes import ANNA, PIPELINE, Outside
from tests.support.restore_steps import items_of
from tests.support.simulated_tenant import READ, catalog_policy

pytestmark = pytest.mark.usefixtures("lock_order")

TYPE = "configurationPolicies"
CONDITIONAL_ACCESS = "conditionalAccessPolicies"
HOUR = timedelta(hours=1)


def ago(**past):
    return utcnow() - timedelta(**past)


class Watched:
    """Contoso, watched, an hour after a backup of all of it, and after a first look."""

    def __init__(self, tenant, simulated):
        self.tenant, self.graph, self.outside = tenant, simulated, Outside(simulated)

    def make_due(self):
        """As if five minutes had passed since the last look."""
        Watch.update(next_at=utcnow()).where(Watch.tenant == self.tenant).execute()
        EventLog.update(read_to=ago(minutes=5)).where(EventLog.read_to.is_null(False)).execute()

    def look(self, seconds=30):
        """Have one look made. Return its run, or None if it left no trace."""
        before = Run.select().where(Run.kind == RunKind.WATCH).count()
        self.make_due()
        watch.start_due(watches.due_watches(utcnow())[0])
        self.wait(seconds)
        runs = Run.select().where(Run.kind == RunKind.WATCH).order_by(Run.id.desc())
        return runs[0] if runs.count() > before else None

    def wait(self, seconds=30):
        deadline = time.monotonic() + seconds
        while Run.select().where((Run.kind == RunKind.WATCH) & Run.state.in_(ACTIVE)).exists():
            assert time.monotonic() < deadline, Run.get(Run.kind == RunKind.WATCH).waiting
            scheduler.sweep()
            time.sleep(0.05)

    @property
    def row(self):
        return Watch.get(Watch.tenant == self.tenant)

    @property
    def policies(self):
        return list(Policy.select().where(Policy.tenant == self.tenant, Policy.policy_type == TYPE).order_by(Policy.id))

    def asked(self, act):
        """Return how many requests Graph counts for it."""
        before = self.graph.requests()["graph"]
        act()
        return self.graph.requests()["graph"] - before


@pytest.fixture
def permissions():
    return [*READ, "AuditLog.Read.All"]


@pytest.fixture
def watched(graph, worker, quick, ended, cast, permissions):
    graph.change(permissions=permissions)
    ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id, 60)
    Policy.update(last_captured_at=ago(hours=1)).execute()
    Snapshot.update(captured_at=ago(hours=1), confirmed_at=ago(hours=1)).execute()
    Tenant.update(last_backup_at=ago(hours=1)).execute()
    watches.set_watched(cast.contoso, True, SYSTEM)
    watched = Watched(Tenant.get_by_id(cast.contoso.id), graph)
    assert watched.look() is None
    return watched


def test_an_idle_look_asks_each_log_once_and_leaves_nothing(watched):
    before = [table.select().count() for table in (Run, RunItem, AuditEvent, Notification, Change, Snapshot)]
    assert watched.asked(watched.look) <= 2
    assert [table.select().count() for table in (Run, RunItem, AuditEvent, Notification, Change, Snapshot)] == before
    assert watched.row.error is None
    assert timedelta(0) < utcnow() - watched.row.fresh_at < timedelta(minutes=17)


def test_a_change_is_captured_with_its_author_in_the_next_look(watched):
    policy, other = watched.policies
    watched.outside.change(TYPE, policy.graph_id, at=ago(minutes=10), by=ANNA)
    run = watched.look()
    assert (run.state, run.requested_by, run.origin) == (RunState.SUCCEEDED, None, "watch")
    assert {item.outcome for item in items_of(run).values()} == {Outcome.CAPTURED}
    assert Snapshot.select().where(Snapshot.policy == policy).count() == 2
    assert Snapshot.select().where(Snapshot.policy == other).count() == 1
    [change] = Change.select()
    assert (change.policy_id, change.run_id) == (policy.id, run.id)
    [event] = attribution.events_of_changes([change])[change.id]
    assert event.doer_name == ANNA["name"]
    assert not Notification.select().where(Notification.run == run).exists()
    assert AuditEvent.select().where(AuditEvent.subject == f"run {run.id}").count() == 1
    # The next look has nothing left to do.
    assert watched.asked(lambda: watched.look()) <= 2
    assert Change.select().count() == 1


def test_what_is_new_deleted_and_assigned_is_told_apart_in_one_look(watched):
    removed, assigned = watched.policies
    made = catalog_policy("00000009-0000-4000-8000-000000000000", "New")
    watched.outside.add(TYPE, made, at=ago(minutes=10), by=PIPELINE)
    watched.outside.remove(TYPE, removed.graph_id, at=ago(minutes=9))
    watched.outside.assign(TYPE, assigned.graph_id, at=ago(minutes=8))
    run = watched.look()
    assert run.state == RunState.SUCCEEDED
    assert {name: item.outcome for name, item in items_of(run).items() if item.graph_id} == {
        "New": Outcome.CAPTURED, removed.name: Outcome.GONE, assigned.name: Outcome.CAPTURED,
    }  # fmt: skip
    # Of the many policy types one was listed.
    assert [item.policy_type for item in items_of(run).values() if not item.graph_id] in (
        [TYPE],
        [TYPE, "inventoryPolicies"],
    )
    assert Policy.get_by_id(removed.id).state == PolicyState.GONE
    assert watched.look() is None
