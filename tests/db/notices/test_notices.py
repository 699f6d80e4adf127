"""Notices: once for each channel and occurrence, bundled, and only what may still be heard when it leaves."""

import threading
from datetime import timedelta

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database
from db.models import Channel, Delivery, Membership, Notice, NoticeRule, Occurrence
from db.notices import channels, notices, occurrences, rules
from db.notices.rules import RuleChoice
from db.states import ChannelKind, DeliveryState, NoticeEvent, NoticePace, NoticePhase, Severity

pytestmark = pytest.mark.usefixtures("lock_order")

ALL = list(NoticeEvent)


@pytest.fixture
def channel(cast):
    return channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)


def begin(cast, number=1, event=NoticeEvent.CHANGE, **more):
    occurrences.begin(event, f"{event}:{number}", cast.contoso, severity=Severity.HIGH, **more)


def told(channel):
    """How many notices each new delivery of the channel has."""
    while notices.make():
        pass
    return [Notice.select().where(Notice.delivery == made).count() for made in notices.bundle(channel.id)]


def test_an_occurrence_is_one_notice_by_the_rule_that_tells_it_first(cast, channel):
    later = rules.add(channel, RuleChoice(ALL, pace=NoticePace.DAILY), SYSTEM)
    soon = rules.add(channel, RuleChoice(ALL), SYSTEM)
    begin(cast)
    begin(cast)
    assert told(channel) == [1]
    assert [notice.rule for notice in Notice.select()] == [soon]
    assert told(channel) == []
    rules.remove(soon, SYSTEM)
    begin(cast, 2)
    assert told(channel) == [], "its digest is not due"
    assert [notice.rule for notice in Notice.select().where(Notice.delivery.is_null())] == [later]
    rules.remove(later, SYSTEM)
    Notice.update(due_at=utcnow()).execute()
    assert told(channel) == []
    assert Notice.select().count() == 1, "what nobody wants any longer is forgotten"


def test_two_tellers_at_once_tell_once(cast, channel):
    rules.add(channel, RuleChoice(ALL), SYSTEM)
    for number in range(30):
        begin(cast, number)
    start, made = threading.Barrier(2, timeout=30), []

    def teller():
        with database.connection_context():
            start.wait()
            notices.make()
            made.extend(notices.bundle(channel.id))

    threads = [threading.Thread(target=teller) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Notice.select().count() == 30
    assert not Notice.select().where(Notice.delivery.is_null()).exists()
    assert Delivery.select().count() == len(made)
    assert sum(Notice.select().where(Notice.delivery == delivery).count() for delivery in made) == 30


def test_a_teller_that_dies_between_has_told_nothing_or_all(cast, channel, monkeypatch):
    rules.add(channel, RuleChoice(ALL), SYSTEM)
    begin(cast)
    with monkeypatch.context() as broken:
        broken.setattr(notices, "_tell_ended", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            notices.make()
    assert not Notice.select().exists()
    notices.make()
    with monkeypatch.context() as broken:
        broken.setattr(notices.deliveries, "create", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            notices.bundle(channel.id)
    assert told(channel) == [1]


def test_a_flood_is_one_message_and_a_trickle_few(cast, channel):
    rules.add(channel, RuleChoice(ALL), SYSTEM)
    rows = {f"change:{number}": {"severity": Severity.HIGH} for number in range(1000)}
    occurrences.begin_all(NoticeEvent.CHANGE, cast.contoso, rows)
    assert told(channel) == [1000]
    singles = []
    more = notices.MAX_IN_WINDOW + 5
    for number in range(2000, 2000 + more):
        begin(cast, number)
        singles += told(channel)
    assert singles == [1] * (notices.MAX_IN_WINDOW - 1)
    assert notices.channels_with_due(utcnow()) == [channel.id], "the rest waits"
    Delivery.update(created_at=utcnow() - notices.WINDOW).execute()
    assert told(channel) == [more - len(singles)]


def test_a_digest_is_one_message_of_all_that_is_due(cast, channel):
    rules.add(channel, RuleChoice(ALL, pace=NoticePace.HOURLY), SYSTEM)
    for number in range(2):
        begin(cast, number)
    assert told(channel) == []
    Notice.update(due_at=utcnow() - timedelta(seconds=1)).execute()
    assert told(channel) == [2]


def test_that_it_is_well_again_is_told_to_who_heard_that_it_began(cast, channel):
    heard = rules.add(channel, RuleChoice(ALL), SYSTEM)
    late = channels.add("Later", ChannelKind.EMAIL, "later@contoso.example", SYSTEM)
    failing = NoticeEvent.CONNECTION_FAILING
    begin(cast, 1, failing)
    assert told(channel) == [1]
    rules.add(late, RuleChoice(ALL), SYSTEM)
    occurrences.end(f"{failing}:1")
    assert told(channel) == [1]
    assert told(late) == []
    assert [notice.phase for notice in Notice.select().order_by(Notice.id)] == [NoticePhase.BEGAN, NoticePhase.ENDED]
    begin(cast, 2, failing)
    occurrences.end(f"{failing}:2")
    assert told(channel) == [], "it was over before anybody heard of it"
    begin(cast, 3, failing)
    begin_quiet, end_quiet = (f"{utcnow() + timedelta(hours=hours):%H:%M}" for hours in (-1, 1))
    NoticeRule.update(quiet_from=begin_quiet, quiet_to=end_quiet).where(NoticeRule.id == heard.id).execute()
    assert told(channel) == []
    occurrences.end(f"{failing}:3")
    told(channel)
    quiet = (
        Notice.select().join(Occurrence).where(Occurrence.key.startswith(f"{failing}:3") & Notice.delivery.is_null())
    )
    assert not quiet.exists(), "what quiet hours held up until it was over is no news"
    begin(cast, 4, failing)
    NoticeRule.update(quiet_from=None).execute()
    told(channel)
    Delivery.update(state=DeliveryState.FAILED).execute()
    occurrences.end(f"{failing}:4")
    assert told(channel) == [], "it never arrived that it began"


def test_who_may_no_longer_see_the_tenant_hears_nothing_more(cast):
    mine = channels.add("Mine", ChannelKind.EMAIL, cast.rita.email, SYSTEM, owner=cast.rita)
    rules.add(mine, RuleChoice(ALL), SYSTEM)
    occurrences.begin(NoticeEvent.CHANGE, "change:1", cast.fabrikam, severity=Severity.HIGH)
    begin(cast, 2)
    begin(cast, 3)
    notices.make()
    assert Notice.select().count() == 2, "Fabrikam is not hers"
    [first] = notices.bundle(mine.id)[:1]
    begin(cast, 4)
    notices.make()
    users.remove_member(Membership.get(user=cast.rita), SYSTEM)
    assert notices.of_delivery(first) == [], "not in a message that was made before, either"
    assert notices.bundle(mine.id) == []
    assert not Notice.select().where(Notice.delivery.is_null()).exists()


def test_a_channel_that_is_switched_off_tells_no_backlog(cast, channel):
    rules.add(channel, RuleChoice(ALL, pace=NoticePace.DAILY), SYSTEM)
    begin(cast, 1)
    notices.make()
    channels.switch(channel, SYSTEM, is_active=False)
    begin(cast, 2)
    notices.make()
    assert notices.forget_of_silenced() == 1
    channels.switch(channel, SYSTEM, is_active=True)
    assert not Notice.select().exists()
    assert Channel.get().is_active
