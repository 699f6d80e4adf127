"""Looks at a watched tenant, through the real queue, worker and simulator: what they ask, capture, and leave behind."""

import time
from datetime import timedelta

import pytest

import actors.backups.back_up
from actors import scheduler
from actors.backups import watch
from actors.queue.broker import broker, locks
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
from db.runs import claims
from db.states import ACTIVE, Outcome, PolicyState, RunKind, RunState
from tests.support.outside_changes import ANNA, PIPELINE, Outside
from tests.support.restore_steps import items_of
from tests.support.simulated_tenant import READ, catalog_policy
from tests.support.sweeps import Sweeps

pytestmark = pytest.mark.usefixtures("lock_order")

TYPE = "configurationPolicies"
CONDITIONAL_ACCESS = "conditionalAccessPolicies"
LOGS = ("DeviceManagementApps.Read.All", "AuditLog.Read.All")


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

    def look(self, seconds=300):
        """Have one look made. Return its run, or None if it left no trace."""
        before = Run.select().where(Run.kind == RunKind.WATCH).count()
        self.make_due()
        watch.start_due(watches.due_watches(utcnow())[0])
        self.wait(seconds)
        runs = Run.select().where(Run.kind == RunKind.WATCH).order_by(Run.id.desc())
        return runs[0] if runs.count() > before else None

    def wait(self, seconds=300):
        deadline, sweeps = time.monotonic() + seconds, Sweeps()
        while Run.select().where((Run.kind == RunKind.WATCH) & Run.state.in_(ACTIVE)).exists():
            assert time.monotonic() < deadline, Run.get(Run.kind == RunKind.WATCH).waiting
            sweeps.sweep_if_due()
            sweeps.pause()

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
    return sorted({*READ, *LOGS})


@pytest.fixture
def watched(graph, worker, quick, ended, cast, permissions):
    graph.change(permissions=permissions)
    ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id)
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
    listed = {item.policy_type for item in items_of(run).values() if not item.graph_id}
    assert listed - {"inventoryPolicies"} == {TYPE}
    assert Policy.get_by_id(removed.id).state == PolicyState.GONE
    assert watched.look() is None


def test_an_event_that_comes_late_is_followed_when_it_comes(watched):
    policy = watched.policies[0]
    assert watched.look() is None
    watched.outside.change(TYPE, policy.graph_id, at=ago(minutes=10))
    assert items_of(watched.look())[policy.name].outcome == Outcome.CAPTURED


def test_a_log_that_does_not_answer_costs_one_try_and_what_it_tells_comes_later(watched):
    policy, fresh_at = watched.policies[0], watched.row.fresh_at
    watched.outside.change(TYPE, policy.graph_id, at=ago(minutes=10))
    watched.graph.fault(kind="status", path="audit", status=503, times=99)
    assert watched.asked(watched.look) <= 2
    assert (watched.look(), watched.row.failures) == (None, 2)
    assert "did not answer" in watched.row.error
    assert watched.row.fresh_at == fresh_at
    assert watched.row.next_at > utcnow() + timedelta(minutes=7)
    watched.graph.clear_faults()
    assert items_of(watched.look())[policy.name].outcome == Outcome.CAPTURED
    assert (watched.row.failures, watched.row.error) == (0, None)


def test_what_a_worker_left_or_redis_lost_is_captured_once(watched):
    policy = watched.policies[0]
    watched.outside.change(TYPE, policy.graph_id, at=ago(minutes=10))
    watched.make_due()
    run = watch._create_run(watches.due_watches(utcnow())[0]).run  # and its message is never sent
    # A worker took it, and died.
    assert claims.take_claim(run.id, RunKind.WATCH)
    Run.update(heartbeat_at=ago(minutes=1)).where(Run.id == run.id).execute()
    # Meanwhile another look is due, and is not begun beside it.
    watched.make_due()
    watch.start_due(watches.due_watches(utcnow())[0])
    for client in (broker.client, locks):
        client.flushdb()
    watched.wait()
    assert [row.id for row in Run.select().where(Run.kind == RunKind.WATCH)] == [run.id]
    assert Snapshot.select().where(Snapshot.policy == policy).count() == 2
    assert Change.select().count() == 1


def test_what_is_switched_off_is_not_looked_at(watched):
    watched.make_due()
    due = watches.due_watches(utcnow())[0]
    Tenant.update(is_active=False).execute()
    watch.start_due(due)
    watches.set_watched(watched.tenant, False, SYSTEM)
    Tenant.update(is_active=True).execute()
    scheduler.sweep()
    assert not Run.select().where(Run.kind == RunKind.WATCH).exists()


class TestWithoutEntrasLog:
    @pytest.fixture
    def permissions(self):
        return [name for name in READ if name != "AuditLog.Read.All"]

    def test_the_list_of_conditional_access_says_what_was_modified(self, watched):
        made = {"id": "0000000c-0000-4000-8000-000000000000", "displayName": "Block legacy", "state": "enabled",
                "conditions": {}, "grantControls": None, "sessionControls": None}  # fmt: skip
        watched.outside.add(CONDITIONAL_ACCESS, made, at=ago(minutes=10))
        assert items_of(watched.look())["Block legacy"].outcome == Outcome.CAPTURED
        Policy.update(last_captured_at=ago(hours=1)).where(Policy.name == "Block legacy").execute()
        watched.outside.change(CONDITIONAL_ACCESS, made["id"], state="disabled", at=ago(minutes=5))
        assert items_of(watched.look())["Block legacy"].outcome == Outcome.CAPTURED
        assert watched.look() is None
        assert watched.row.error is None


class TestWithoutAnyLog:
    @pytest.fixture
    def permissions(self):
        return [name for name in READ if name not in LOGS and not name.startswith("Policy.")]

    def test_it_says_which_permission_it_needs_and_comes_less_often(self, watched):
        assert watched.look() is None
        assert "DeviceManagementApps.Read.All" in watched.row.error
        assert watched.row.failures == 2
        assert watched.asked(watched.look) == 0
        assert watched.row.fresh_at is None
