"""What becomes of an exception is told once each, a week before its end too, to whom it concerns."""

from datetime import timedelta

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Channel, Occurrence, StandardException, User
from db.notices.rules import Audience
from db.standards import exception_notices, exceptions
from db.states import ChannelKind, ExceptionKind, NoticeEvent, SiteRole
from tests.support.rolled_out import guid, make_standard, make_version

FIREWALL = guid(1, 1)


def told():
    of_exceptions = Occurrence.select().where(Occurrence.event == NoticeEvent.STANDARD_EXCEPTION)
    return [(row.facts["what"], row.tenant_id) for row in of_exceptions.order_by(Occurrence.id)]


def test_each_step_is_told_once_and_the_end_a_week_before(cast):
    standard = make_standard()
    make_version(standard)
    of_contoso, of_tag = {"tenant": cast.contoso}, {"tag": "gold"}
    asked = {
        name: exceptions.ask(standard, FIREWALL, ExceptionKind.LEAVE_OUT, "CAB 1", SYSTEM, until=until, **whose)
        for name, whose, until in (
            ("soon", of_contoso, utcnow() + timedelta(days=3)),
            ("later", of_tag, utcnow() + timedelta(days=8)),
            ("refused", of_contoso, utcnow() + timedelta(days=3)),
        )
    }
    for name in ("soon", "later"):
        exceptions.approve(asked[name], SYSTEM, needs_another=False)
    exceptions.end(asked["refused"], SYSTEM, "no")
    assert [row.id for row in exception_notices.about_to_end()] == [asked["soon"].id], "not the one that does not hold"
    for row in exception_notices.about_to_end():
        exceptions.tell_of_end(row)
    assert exception_notices.about_to_end() == []
    StandardException.update(until=utcnow()).where(StandardException.id == asked["soon"].id).execute()
    exceptions.expire(exceptions.expired()[0])
    contoso = cast.contoso.id
    expected = [("asked", contoso), ("asked", None), ("asked", contoso), ("approved", contoso), ("approved", None)]
    assert told() == [*expected, ("refused", contoso), ("ending", contoso), ("ended", contoso)]
    first = Occurrence.get(Occurrence.event == NoticeEvent.STANDARD_EXCEPTION).facts
    assert (first["item"], first["reason"], first["standard"]) == ("Firewall", "CAB 1", "Baseline")


def test_whoever_keeps_standards_hears_of_every_tenant_s_and_others_of_their_own(cast):
    User.update(site_role=SiteRole.STANDARD_APPROVER).where(User.id == cast.sam.id).execute()
    people = (cast.sam, cast.max, cast.rita)
    channels = [
        Channel.create(name=user.name, kind=ChannelKind.EMAIL, owner=user, sealed=b"", shown="a") for user in people
    ]
    audience = Audience(channels)
    for tenant, event, expected in (
        (cast.contoso, NoticeEvent.STANDARD_EXCEPTION, [True, True, True]),
        (cast.fabrikam, NoticeEvent.STANDARD_EXCEPTION, [True, False, False]),
        (None, NoticeEvent.STANDARD_EXCEPTION, [True, False, False]),
        (None, NoticeEvent.ROLLOUT, [True, False, False]),
        (cast.contoso, NoticeEvent.CHANGE, [False, True, True]),
    ):
        row = Occurrence(event=event, tenant=tenant)
        assert [audience.may_hear(channel, row) for channel in channels] == expected, (tenant, event)
