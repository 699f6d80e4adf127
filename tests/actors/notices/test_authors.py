"""Who made a change, in plain words; where that is not known, why."""

from datetime import timedelta

from db.models import EventLog, Policy
from tests.actors.notices.test_words import AT, change, event, told  # noqa: F401 - a fixture


def test_who_is_never_nobody(cast, told):  # noqa: F811
    policy = Policy.select().where(Policy.tenant == cast.contoso).first()

    def who(**columns):
        change(policy, **columns)
        return dict(told().facts)["Changed"]

    assert who() == "who did it is not known yet"
    log = EventLog.create(tenant=cast.contoso, log="intune", asked_at=AT, read_to=AT + timedelta(hours=1))
    assert who() == "who did it is not in the tenant’s log"
    EventLog.update(error_code="forbidden", error_message="No.").where(EventLog.id == log.id).execute()
    assert who() == "who did it is not readable (needs DeviceManagementApps.Read.All)"
    assert who(restore_id=9) == "by Tenantkeep’s restore 9"
    groups = Policy.create(tenant=cast.contoso, policy_type="groups", graph_id="g", name="Sales")
    change(groups)
    assert dict(told().facts)["Changed"] == "who did it is not known yet", "Entra's log tells of groups"
    later = {"since_at": AT, "seen_at": AT + timedelta(hours=1)}
    event(policy, at=AT + timedelta(minutes=1), doer_kind="app", doer_name="IntuneCD")
    event(policy, at=AT + timedelta(minutes=2), doer_kind="not_stated", doer_name=None)
    assert who(**later) == "by the app IntuneCD and somebody whom the tenant’s log does not name"
    later = {"since_at": AT + timedelta(hours=1), "seen_at": AT + timedelta(hours=2)}
    event(policy, at=AT + timedelta(minutes=90), doer_kind="app", doer_name="Tenantkeep", restore_id=9)
    event(policy, at=AT + timedelta(minutes=91))
    assert who(**later) == "by Tenantkeep’s restore 9 and anna@contoso.example", "a restore hides nobody"
