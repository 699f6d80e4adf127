"""What goes on until it is well again: it begins once, ends once, and says so only when all is well."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import AuditCheck, Credential, NoticeRule, Occurrence, Run, Schedule, Tenant
from db.notices import channels, conditions, occurrences, rules
from db.notices.rules import RuleChoice
from db.states import AppAccess, ChannelKind, CredentialKind, CredentialPlace, NoticeEvent
from db.tenants import credentials, schedules, shared_apps

pytestmark = pytest.mark.usefixtures("lock_order")


def change_tenant(tenant, **columns):
    Tenant.update(**columns).where(Tenant.id == tenant.id).execute()


def going():
    conditions.look()
    return {(row.event, row.tenant_id) for row in Occurrence.select().where(Occurrence.ended_at.is_null())}


def test_each_condition_begins_once_and_ends_when_it_is_over(cast):
    now = utcnow()
    contoso, fabrikam = cast.contoso.id, cast.fabrikam.id
    assert going() == set()
    schedule = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    Schedule.update(next_at=now - timedelta(hours=2)).execute()
    change_tenant(cast.contoso, connection_error="AADSTS7000222", credential_expires_at=now + timedelta(days=5))
    change_tenant(cast.fabrikam, connection_error="AADSTS7000222", is_active=False)
    run = Run.create(tenant=cast.contoso, kind="restore.live", state="running", dedupe_key="x", restore_id=7,
                     waiting=f"{conditions.APPROVAL_WAIT}: request 4711.")  # fmt: skip
    AuditCheck.update(faults=1).execute()
    expected = {
        (NoticeEvent.SCHEDULE_MISSED, contoso),
        (NoticeEvent.CONNECTION_FAILING, contoso),
        (NoticeEvent.CREDENTIAL_EXPIRING, contoso),
        (NoticeEvent.TENANT_APPROVAL_WAITING, contoso),
        (NoticeEvent.AUDIT_BROKEN, None),
    }
    assert going() == expected
    Run.update(waiting=None).execute()  # it is looking whether it was approved
    assert going() == expected
    assert Occurrence.select().count() == len(expected)
    Schedule.update(next_at=now + timedelta(hours=2)).where(Schedule.id == schedule.id).execute()
    change_tenant(cast.contoso, connection_error=None, credential_expires_at=now + timedelta(days=400))
    change_tenant(cast.fabrikam, is_active=True)
    Run.update(state="succeeded").where(Run.id == run.id).execute()
    AuditCheck.update(faults=0).execute()
    assert going() == {(NoticeEvent.CONNECTION_FAILING, fabrikam)}
    assert Occurrence.select().where(Occurrence.ended_at.is_null(False)).count() == len(expected)


def test_no_good_backup_begins_at_each_rules_hours(cast):
    channel = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    for hours in (26, 48):
        rules.add(channel, RuleChoice(events=[NoticeEvent.NO_GOOD_BACKUP], hours=hours), SYSTEM)
    now = utcnow()

    def hours_told():
        conditions.look()
        rows = occurrences.going(NoticeEvent.NO_GOOD_BACKUP)
        return sorted((row.tenant.name, row.facts["hours"]) for row in rows)

    change_tenant(cast.contoso, last_backup_at=now - timedelta(hours=27))
    assert hours_told() == [("Contoso", 26)], "Fabrikam is new"
    change_tenant(cast.contoso, last_backup_at=now - timedelta(hours=49))
    change_tenant(cast.fabrikam, created_at=now - timedelta(hours=30))
    assert hours_told() == [("Contoso", 26), ("Contoso", 48), ("Fabrikam", 26)]
    change_tenant(cast.contoso, last_backup_at=now)
    assert hours_told() == [("Fabrikam", 26)]
    well = Occurrence.select().where(Occurrence.ended_at.is_null(False) & Occurrence.end_told_at.is_null())
    assert well.count() == 2, "those who heard hear that it is well again"
    NoticeRule.update(is_active=False).execute()
    assert hours_told() == []
    assert well.count() == 2, "that nobody asks any longer is no good news"


def test_a_credential_is_told_at_each_threshold_and_well_again_once(cast):
    def told():
        conditions.look()
        rows = Occurrence.select().order_by(Occurrence.id)
        return [row.key.split(":")[-1].split("#")[0] for row in rows if row.ended_at is None], sum(
            row.ended_at is not None and row.end_told_at is None for row in rows
        )

    now = utcnow()
    for days, threshold in ((29, "30"), (8, "30"), (6, "7"), (0, "1"), (-3, "1")):
        ends_at = now + timedelta(days=40)
        change_tenant(cast.contoso, credential_expires_at=ends_at)
        conditions._settle(
            NoticeEvent.CREDENTIAL_EXPIRING, conditions._expiring_credentials(ends_at - timedelta(days=days))
        )
        rows = occurrences.going(NoticeEvent.CREDENTIAL_EXPIRING)
        assert [row.key.split(":")[-1] for row in rows] == [threshold]
    assert told() == ([], 1), "a new one: said once, not for each threshold"
    guid = "aaaaaaaa-1111-4111-8111-111111111111"
    app = shared_apps.set_app("global", AppAccess.READ, guid, guid, SYSTEM)
    ends_at = utcnow() + timedelta(days=5)
    shared_apps.put_in_force(shared_apps.add_next(app, CredentialKind.SECRET, {}, SYSTEM, expires_at=ends_at))
    credentials.add_next(cast.fabrikam, "secret", {}, SYSTEM, expires_at=ends_at, place=CredentialPlace.WRITE_NEXT)
    Credential.update(place=CredentialPlace.WRITE).execute()
    conditions.look()
    told_of = {row.tenant_id: row.facts for row in occurrences.going(NoticeEvent.CREDENTIAL_EXPIRING)}
    assert told_of[None]["app"] == "our app to read"
    assert told_of[cast.fabrikam.id]["writes"]


def test_a_schedule_that_had_to_be_paused_is_missed_until_it_is_changed(cast):
    schedule = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    schedules.pause(schedule, "It never comes.", SYSTEM)
    assert going() == {(NoticeEvent.SCHEDULE_MISSED, cast.contoso.id)}
    schedules.change(Schedule.get(), SYSTEM, cron="0 3 * * *", time_zone="UTC")
    assert going() == set()


def test_what_is_over_because_it_was_switched_off_is_not_told_as_well_again(cast):
    channel = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    rules.add_sensible(channel, "UTC", SYSTEM)
    long_ago = utcnow() - timedelta(hours=50)
    change_tenant(cast.contoso, connection_error="AADSTS7000222", last_backup_at=long_ago)
    for tenant in (cast.contoso, cast.fabrikam, cast.fabrikam):
        schedules.add(tenant, "0 2 * * *", "UTC", SYSTEM)
    Schedule.update(next_at=utcnow() - timedelta(hours=2)).execute()
    assert len(going()) == 4
    change_tenant(cast.contoso, is_active=False)
    paused, removed = Schedule.select().where(Schedule.tenant == cast.fabrikam)
    Schedule.update(is_paused=True, next_at=None).where(Schedule.id == paused.id).execute()
    removed.delete_instance()
    assert going() == set()
    assert not Occurrence.select().where(Occurrence.end_told_at.is_null()).exists()
