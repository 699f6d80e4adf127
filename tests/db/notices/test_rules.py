"""Rules: every event, severity and scope; who may hear of what; what a person may choose."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent, Channel, Membership, NoticeRule, Occurrence, TenantTag, User
from db.notices import channels, rules
from db.notices.rules import Audience, RuleChoice
from db.states import ChannelKind, NoticeEvent, NoticePace, RunState, Severity

pytestmark = pytest.mark.usefixtures("lock_order")

CONTOSO, FABRIKAM = 1, 2


def test_a_rule_wants_its_events_its_severity_and_its_tenants():
    """Each event beside each severity, scope and pace: 13 x 3 x 3 x 3."""
    for event, lowest, scope, pace in product(NoticeEvent, Severity, (None, [CONTOSO], [FABRIKAM]), NoticePace):
        columns = replace(RuleChoice(events=[event]), min_severity=lowest, tenants=scope, pace=pace).as_columns()
        rule = NoticeRule(**columns)
        for other, severity in product(NoticeEvent, (Severity.LOW, Severity.MEDIUM, Severity.HIGH)):
            tenant_id = None if other in rules.OF_INSTALLATION else CONTOSO
            facts = {"hours": rule.hours} if other == NoticeEvent.NO_GOOD_BACKUP else {}
            told = Occurrence(event=other, tenant=tenant_id, severity=severity, facts=facts)
            is_of_rule = other == event and (scope != [FABRIKAM] or tenant_id is None)
            is_grave = other != NoticeEvent.CHANGE or list(Severity).index(severity) >= list(Severity).index(lowest)
            assert rules.wants(rule, told) == (is_of_rule and is_grave), (event, other, severity, scope)


def test_a_rule_by_tag_is_of_whoever_has_the_tag_at_that_moment(cast):
    change = {"events": [NoticeEvent.CHANGE], "min_severity": Severity.LOW}
    choice = RuleChoice(**change, tenants=[cast.fabrikam.id], tags=["Gold", "Silver"])
    rule = NoticeRule(**choice.as_columns())
    told = Occurrence(event=NoticeEvent.CHANGE, tenant=cast.contoso.id, severity=Severity.HIGH, facts={})
    assert not rules.wants(rule, told, rules.tags_of(told))
    TenantTag.create(tenant=cast.contoso, name="GOLD", folded="gold")
    assert rules.wants(rule, told, rules.tags_of(told))
    of_fabrikam = Occurrence(event=NoticeEvent.CHANGE, tenant=cast.fabrikam.id, severity=Severity.HIGH, facts={})
    assert rules.wants(rule, of_fabrikam, rules.tags_of(of_fabrikam))
    assert rules.choice_of(rule).tags == ["Gold", "Silver"]
    assert NoticeRule(**RuleChoice(**change, tenants=[], tags=["x"]).as_columns()).tags == ["x"]
    with pytest.raises(Invalid, match="tenant or tag"):
        RuleChoice(**change, tenants=[]).as_columns()
    assert rules.tags_of(Occurrence(event=NoticeEvent.AUDIT_BROKEN)) == frozenset()


def test_a_failed_restore_is_told_to_who_hears_of_failed_runs_and_hours_are_the_rules_own():
    ended = Occurrence(event=NoticeEvent.RESTORE_DONE, tenant=CONTOSO, facts={"state": str(RunState.PARTIAL)})
    of_partial = NoticeRule(events=[NoticeEvent.RUN_PARTIAL])
    assert rules.wants(of_partial, ended)
    assert rules.severity_of(ended) == Severity.HIGH
    assert not rules.wants(NoticeRule(events=[NoticeEvent.RUN_FAILED]), ended)
    ended.facts["state"] = str(RunState.SUCCEEDED)
    assert not rules.wants(of_partial, ended)
    late = Occurrence(event=NoticeEvent.NO_GOOD_BACKUP, tenant=CONTOSO, facts={"hours": 26})
    assert [
        rules.wants(NoticeRule(events=[late.event], hours=hours), late) for hours in (25, 26, 48)
    ] == [False, True, False]  # fmt: skip


def channel_of(owner, name="Mine"):
    return Channel.create(name=name, kind=ChannelKind.SLACK, owner=owner, sealed=b"", shown="")


def test_a_personal_channel_hears_what_its_owner_may_see_now(cast):
    of_contoso = Occurrence(event=NoticeEvent.CHANGE, tenant=cast.contoso.id)
    of_fabrikam = Occurrence(event=NoticeEvent.CHANGE, tenant=cast.fabrikam.id)
    of_log = Occurrence(event=NoticeEvent.AUDIT_BROKEN)
    people = {name: channel_of(getattr(cast, name)) for name in ("ada", "rita", "max", "sam", "audra", "root")}
    people["installation"] = channel_of(None)

    def heard(name):
        audience = Audience(people.values())
        return "".join(
            letter
            for letter, occurrence in (("c", of_contoso), ("f", of_fabrikam), ("l", of_log))
            if audience.may_hear(people[name], occurrence)
        )

    assert {name: heard(name) for name in people} == {
        "ada": "c", "rita": "c", "max": "c", "sam": "f", "audra": "l", "root": "cfl", "installation": "cfl",
    }  # fmt: skip
    Membership.update(is_from_entra=True).where(Membership.user == cast.ada).execute()
    User.update(entra_checked_at=utcnow() - timedelta(hours=5)).where(User.id == cast.ada.id).execute()
    users.remove_member(users.find_membership(cast.rita.id, cast.contoso), SYSTEM)
    User.update(is_active=False).where(User.id.in_([cast.max.id, cast.root.id])).execute()
    assert [heard(name) for name in ("ada", "rita", "max", "root")] == ["", "", "", ""]
    assert [tenant.name for tenant in rules.tenants_to_choose(people["sam"], 9)] == ["Fabrikam"]
    assert [tenant.name for tenant in rules.tenants_to_choose(people["installation"], 9)] == ["Contoso", "Fabrikam"]


def test_what_people_choose_is_checked_kept_and_audited(cast):
    channel = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    rule = rules.add_sensible(channel, "Europe/Vienna", SYSTEM)
    assert rules.hours_wanted() == [26]
    chosen = replace(
        rules.choice_of(rule), daily_at="6:05", pace=NoticePace.DAILY, quiet_from="22:00", quiet_to="6:00",
        tenants=[cast.fabrikam.id, cast.contoso.id], events=[NoticeEvent.RUN_FAILED],
    )  # fmt: skip
    rules.change(rule, chosen, SYSTEM)
    [rule] = rules.of_channel(channel)
    assert (rule.daily_at, rule.quiet_to, rule.tenants) == ("06:05", "06:00", [cast.contoso.id, cast.fabrikam.id])
    assert rules.hours_wanted() == []
    for wrong, sentence in (
        ({"events": []}, "at least one event"),
        ({"hours": 0}, "from 1 to"),
        ({"tenants": []}, "at least one tenant"),
        ({"quiet_to": None}, "a beginning and an end"),
        ({"quiet_to": "22:00"}, "never end"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
        ({"daily_at": "25:00"}, "no time of day"),
    ):
        with pytest.raises(Invalid, match=sentence):
            rules.change(rule, replace(chosen, **wrong), SYSTEM)
    channels.switch(channel, SYSTEM, is_active=False)
    assert rules.active() == []
    rules.remove(rule, SYSTEM)
    assert not rules.of_channel(channel)
    acts = [event.action for event in AuditEvent.select().where(AuditEvent.action.startswith("notice-rule"))]
    assert acts == ["notice-rule:set", "notice-rule:set", "notice-rule:removed"]
