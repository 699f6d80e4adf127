"""What a clock that was far ahead put off does not wait for that time once the clock was set back."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.definitions import sources
from db.events import event_logs, watches
from db.models import (
    Coverage,
    DefinitionSource,
    Delivery,
    EventLog,
    Notice,
    Occurrence,
    Policy,
    ReadinessReport,
    Rehearsal,
    RollOut,
    Run,
    Schedule,
    Tenant,
    TenantReadiness,
    Watch,
)
from db.notices import channels, deliveries, notices
from db.policies import policies
from db.readiness import reports
from db.rehearsals import rehearsals
from db.rollouts import rollouts
from db.states import ChannelKind, Offer, PolicyState, Ring, RollOutKind, TenantLog
from db.tenants import bin_refusals, coverage, schedules
from tests.support.rolled_out import make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FAR = timedelta(days=400)


@pytest.fixture
def tenant(cast):
    Tenant.update(last_backup_at=utcnow()).where(Tenant.id == cast.contoso.id).execute()
    return cast.contoso


def test_a_schedule_comes_at_once_and_then_at_its_own_times(tenant):
    schedules.add(tenant, "0 2 * * *", "UTC", SYSTEM)
    far = utcnow() + FAR
    assert schedules.claim_due(Schedule.get(), far)
    [due] = schedules.due_schedules(utcnow())
    assert schedules.claim_due(due, utcnow())
    assert utcnow() < Schedule.get().next_at < utcnow() + timedelta(days=2)
    assert schedules.due_schedules(utcnow()) == []


def test_a_policy_that_is_in_no_list_any_more_is_gone(tenant):
    policy = Policy.create(tenant=tenant, policy_type="mobileApps", graph_id="a", name="A", last_seen_at=utcnow() + FAR)
    assert policies.record_listing(tenant, "mobileApps", []) == 1
    assert Policy.get_by_id(policy.id).state == PolicyState.GONE


def test_one_that_is_paused_stays_so(tenant):
    schedules.add(tenant, "0 2 * * *", "UTC", SYSTEM)
    Schedule.update(next_at=None, is_paused=True, last_at=utcnow() + FAR).execute()
    assert schedules.due_schedules(utcnow()) == []


def test_a_tenant_is_looked_at_and_judged_and_asked_again(tenant):
    watches.set_watched(tenant, True, SYSTEM)
    Watch.update(next_at=utcnow() + FAR).execute()
    assert len(watches.due_watches(utcnow())) == 1

    TenantReadiness.create(tenant=tenant, due_since=utcnow(), again_at=utcnow() + FAR)
    assert len(reports.due(utcnow())) == 1
    run = Run.create(tenant=tenant, kind="readiness.assess", state="succeeded", dedupe_key="x")
    reports.save(run, [], 1.0, 0)
    ReadinessReport.update(made_at=utcnow() + FAR).execute()
    reports.mark_due(tenant.id, is_same=True)
    assert len(reports.due(utcnow())) == 1, "a report of later than now holds for nothing"

    DefinitionSource.create(tenant=tenant, due_since=utcnow(), again_at=utcnow() + FAR)
    assert len(sources.due_sources(utcnow())) == 1

    Coverage.create(tenant=tenant, policy_type="x", offer=Offer.NOT_OFFERED, asked_at=utcnow() + FAR)
    assert coverage.not_offered(tenant) == {}

    EventLog.create(tenant=tenant, log=TenantLog.INTUNE, asked_at=utcnow() + FAR, error_code="forbidden")
    assert event_logs.is_due(tenant, TenantLog.INTUNE)
    assert event_logs.may_be_asked(tenant, TenantLog.INTUNE)

    bin_refusals.remember(tenant, "groups", "Never.")
    held = Tenant.get_by_id(tenant.id).bin_refusals
    Tenant.update(bin_refusals={"groups": {**held["groups"], "at": (utcnow() + FAR).isoformat()}}).execute()
    assert bin_refusals.refusals(tenant) == {}


def test_a_lab_is_cleared_and_a_roll_out_goes_on(tenant):
    Rehearsal.create(tenant=tenant, removal_due_at=utcnow() + FAR)
    assert len(rehearsals.removals_due(utcnow())) == 1

    standard = make_standard()
    version = make_version(standard)
    rollout = rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, [tenant.id], SYSTEM)
    RollOut.update(acted_at=utcnow() + FAR).execute()
    assert rollouts.left_alone(utcnow()) == [rollout]
    assert rollouts.take_step(rollout.id, timedelta(seconds=1)) == rollout


def test_what_waits_to_be_told_goes(database):
    channel = channels.add("Ops", ChannelKind.SLACK, "https://hooks.example.com/services/x", SYSTEM)
    Notice.create(channel=channel, occurrence=Occurrence.create(key="x", event="run_failed", facts={}))
    Notice.update(due_at=utcnow() + FAR).execute()
    assert notices.channels_with_due(utcnow()) == [channel.id]

    # As many as a channel gets in some minutes, one of them claimed.
    for _ in range(notices.MAX_IN_WINDOW):
        deliveries.create(channel, [], utcnow() + FAR)
    Delivery.update(created_at=utcnow() + FAR, claimed_until=utcnow() + FAR).execute()
    assert notices._count_recent(channel, utcnow()) == 0
    assert len(deliveries.hand_over_due()) == 1, "one of a channel at a time"
