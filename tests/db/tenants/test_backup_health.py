from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import BackupSet, Policy, Schedule, Snapshot, Tenant
from db.policies import policies
from db.restores import mappings
from db.runs import runs
from db.states import Offer, Standing
from db.tenants import backup_health, coverage, schedules, tenants
from tests.support.captures import capture_by_hand

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def contoso(cast):
    """contoso(**columns) -> how Contoso stands, its row changed so."""

    def stand(**columns):
        if columns:
            Tenant.update(**columns).where(Tenant.id == cast.contoso.id).execute()
        return next(
            health for health in backup_health.health_of_tenants(None, utcnow()) if health.tenant == cast.contoso
        )

    return stand


def scheduled(tenant, **columns):
    schedule = schedules.add(tenant, "0 2 * * *", "UTC", SYSTEM)
    Schedule.update(columns).where(Schedule.id == schedule.id).execute()


def test_a_tenant_without_a_good_backup_or_a_schedule_says_so(contoso):
    assert contoso().standing == Standing.NEVER
    assert contoso(last_backup_at=utcnow() - HOUR).standing == Standing.UNSCHEDULED
    late = contoso(last_backup_at=utcnow() - 9 * DAY)
    assert (late.standing, late.why) == (Standing.LATE, "The last good backup is 9 days old.")
    ahead = contoso(last_backup_at=utcnow() + 365 * DAY)
    assert (ahead.standing, "nobody knows its age" in ahead.why) == (Standing.LATE, True)


def test_a_backup_that_was_due_and_did_not_end_well_makes_it_late_after_a_while(cast, contoso):
    scheduled(cast.contoso, last_at=utcnow() - HOUR, next_at=utcnow() + DAY)
    stand = contoso(last_backup_at=utcnow() - DAY)
    assert (stand.standing, stand.why) == (Standing.GOOD, "")
    assert stand.next_at > utcnow()
    Schedule.update(last_at=utcnow() - 3 * HOUR).execute()
    assert contoso().why == "The backup that was due last did not end well."
    assert contoso(last_backup_at=utcnow() - 2 * HOUR).standing == Standing.GOOD


def test_a_backup_by_hand_that_its_schedule_found_going_is_the_one_that_was_due(cast, contoso):
    run = runs.start(tenant=cast.contoso, kind="backup_set.capture", dedupe_key="k", items=[], actor=SYSTEM).run
    made = BackupSet.create(tenant=cast.contoso, run=run, selection={}, types={}, problems=[])
    scheduled(cast.contoso, last_at=utcnow() - 3 * HOUR, next_at=utcnow() + DAY, last_run=run)
    began = utcnow() - 3 * HOUR - timedelta(minutes=10)
    assert contoso(last_backup_at=began, last_backup_id=made.id).standing == Standing.GOOD


def test_a_schedule_that_nobody_takes_makes_it_late(cast, contoso):
    scheduled(cast.contoso, next_at=utcnow() - 3 * HOUR)
    assert contoso(last_backup_at=utcnow()).why == "Its schedule is overdue. Is the scheduler running?"


def test_a_refused_sign_in_comes_before_everything_else(cast, contoso):
    tenants.record_connection(cast.contoso, "The client secret has expired.")
    stand = contoso(last_backup_at=utcnow())
    assert (stand.standing, stand.why) == (Standing.DISCONNECTED, "The client secret has expired.")
    assert [health.standing for health in backup_health.health_of_tenants(None, utcnow())] == [
        Standing.DISCONNECTED,
        Standing.NEVER,
    ]
    tenants.record_connection(cast.contoso, None)
    assert contoso().standing == Standing.UNSCHEDULED


def test_only_the_tenants_asked_for_are_told(cast):
    assert [health.tenant for health in backup_health.health_of_tenants([cast.fabrikam.id], utcnow())] == [
        cast.fabrikam
    ]
    assert backup_health.health_of_tenants([], utcnow()) == []


def test_changes_are_what_no_snapshot_has_and_what_went_since(cast):
    one, other = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id)
    ids, now = [cast.contoso.id], utcnow()
    assert backup_health.count_changes(ids) == {cast.contoso.id: 2}
    Policy.update(last_captured_at=now, modified_at=now - DAY).where(Policy.tenant == cast.contoso).execute()
    assert backup_health.count_changes(ids) == {}
    Policy.update(modified_at=now + HOUR).where(Policy.id == one.id).execute()
    made = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], completed_at=now)
    Tenant.update(last_backup_id=made.id).where(Tenant.id == cast.contoso.id).execute()
    Policy.update(state="gone", gone_at=now - HOUR).where(Policy.id == other.id).execute()
    assert backup_health.count_changes(ids) == {cast.contoso.id: 1}
    Policy.update(gone_at=now + HOUR).where(Policy.id == other.id).execute()
    assert backup_health.count_changes(ids) == {cast.contoso.id: 2}


def test_each_thing_that_is_found_of_a_tenant_is_told(cast, contoso):
    coverage.record_offer(cast.contoso, "deviceManagementScripts", Offer.NOT_PERMITTED, "It lacks a permission.")
    coverage.record_backup(cast.contoso.id, utcnow(), [], {"deviceManagementScripts": "No.", "groups": "503."})
    policy = Policy.select().where(Policy.tenant == cast.contoso).get()
    Policy.update(policy_type="conditionalAccessPolicies", last_captured_at=utcnow()).where(
        Policy.id == policy.id
    ).execute()
    found = [Standing.INCOMPLETE, Standing.UNPERMITTED, Standing.UNSCHEDULED, Standing.UNGUARDED]
    stand = contoso(last_backup_at=utcnow() - HOUR)
    assert [finding.standing for finding in stand.findings] == found
    assert stand.standings == found
    for said in ({"has_no_break_glass": True}, {"break_glass": [{"kind": "users", "id": "1", "name": "One"}]}):
        stand = contoso(**{"has_no_break_glass": False, "break_glass": []} | said)
        assert [finding.standing for finding in stand.findings] == found[:-1]


def test_what_was_read_since_counts_by_its_content_and_what_a_restore_made_again_does_not(cast, captured):
    (changed, _, good), (deleted, _, _) = captured[:2]
    ids, then = [cast.contoso.id], utcnow()
    made = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], completed_at=then)
    Tenant.update(last_backup_id=made.id).where(Tenant.id == cast.contoso.id).execute()
    assert backup_health.count_changes(ids) == {}
    capture_by_hand(Policy.get_by_id(changed.id), SYSTEM, {"name": changed.name, "description": "broken"})
    assert backup_health.count_changes(ids) == {cast.contoso.id: 1}, "though it was captured"
    Snapshot.update(content=good.content).where(Snapshot.policy == changed).execute()
    assert backup_health.count_changes(ids) == {}, "it is again as it was"
    policies.mark_gone(deleted)
    assert backup_health.count_changes(ids) == {cast.contoso.id: 1}
    again = policies.get_or_create(cast.contoso, deleted.policy_type, "again", deleted.name, None)
    capture_by_hand(again, SYSTEM)
    mappings.remember(
        cast.contoso, cast.contoso.directory_id, (deleted.policy_type, deleted.graph_id), "again", deleted.name
    )
    assert backup_health.count_changes(ids) == {}
