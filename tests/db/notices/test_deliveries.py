"""Deliveries as rows: handed over, claimed, tried again, given up; one of a channel at a time."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent, Channel, Delivery, Notice, Occurrence
from db.notices import channels, deliveries
from db.notices.deliveries import PAUSES, Refusal
from db.states import ChannelKind, DeliveryState

URL = "https://hooks.example.com/services/T0/B0/a-long-secret-path"


@pytest.fixture
def channel(database):
    return channels.add("Ops", ChannelKind.SLACK, URL, SYSTEM)


def make(channel, count=1):
    return [deliveries.create(channel, [], utcnow()) for _ in range(count)]


def stored(delivery):
    return Delivery.get_by_id(delivery.id)


def claimed(delivery):
    return deliveries.claim(delivery.id, stored(delivery).attempts)


def as_if_claims_ran_out():
    Delivery.update(claimed_until=utcnow() - timedelta(seconds=1)).execute()


def test_a_delivery_tells_its_notices_and_is_due_at_its_time(channel):
    occurrence = Occurrence.create(key="x", event="run_failed", facts={})
    notice = Notice.create(channel=channel, occurrence=occurrence)
    later = deliveries.create(channel, [notice], utcnow() + timedelta(hours=1))
    assert Notice.get().delivery == later
    assert deliveries.hand_over_due() == []
    Delivery.update(next_at=utcnow()).execute()
    assert deliveries.hand_over_due() == [later]


def test_one_delivery_of_a_channel_is_under_way_and_a_few_of_all(channel, lock_order):
    others = [channels.add(f"Other {n}", ChannelKind.SLACK, URL, SYSTEM) for n in range(deliveries.MAX_UNDER_WAY)]
    first, second = make(channel, 2)
    rest = [make(other)[0] for other in others]
    assert deliveries.hand_over_due() == [first, *rest[:-1]]
    assert deliveries.hand_over_due() == []
    assert deliveries.hand_over_next(channel.id) is None
    assert deliveries.record_sent(claimed(first), "200")
    assert deliveries.hand_over_next(channel.id) == second
    as_if_claims_ran_out()
    assert second in deliveries.hand_over_due(), "its message was lost"


def test_what_was_being_sent_as_its_channel_was_switched_off_is_not_tried_again(channel):
    refused, left = make(channel, 2)
    under_way = claimed(refused)
    claimed(left)  # by a worker that died
    channels.switch(channel, SYSTEM, is_active=False)
    deliveries.record_refusal(under_way, Refusal("503", is_of_channel=False))
    assert claimed(refused) is None
    assert claimed(left) is None
    assert [stored(each).answer for each in (refused, left)] == [deliveries.SWITCHED_OFF] * 2
    assert Channel.get().error is None, "that is no failure of the channel"


def test_a_second_message_for_the_same_try_does_nothing(channel):
    [delivery] = make(channel)
    assert deliveries.claim(delivery.id, 0)
    assert deliveries.claim(delivery.id, 0) is None


def test_who_lost_its_claim_records_nothing(channel):
    [delivery] = make(channel)
    slow = claimed(delivery)
    quick = claimed(delivery)
    assert not deliveries.record_refusal(slow, Refusal("too late"))
    assert deliveries.record_sent(quick, "200 OK")
    assert not deliveries.record_sent(slow, "too late")
    assert (stored(delivery).state, stored(delivery).answer) == (DeliveryState.SENT, "200 OK")
    assert stored(delivery).message_id == delivery.message_id


def test_it_is_tried_for_a_day_with_growing_pauses_and_then_given_up(channel, lock_order):
    [delivery] = make(channel)
    waited = []
    for _ in range(len(PAUSES) + 1):
        assert deliveries.record_refusal(claimed(delivery), Refusal("It answered 503."))
        now = stored(delivery)
        waited.append(now.next_at - utcnow() if now.state == DeliveryState.WAITING else None)
    assert [round(pause.total_seconds() / 60) for pause in waited[:-1]] == [p.total_seconds() / 60 for p in PAUSES]
    assert waited[-1] is None
    assert stored(delivery).state == DeliveryState.FAILED
    assert timedelta(hours=20) < sum(PAUSES, timedelta()) < timedelta(hours=26)
    assert Channel.get().error == "It answered 503."
    assert channels.failing() == [channel]
    assert deliveries.count_failed(utcnow() - timedelta(days=1)) == 1
    [other] = make(channel)
    deliveries.record_sent(claimed(other), "200")
    assert Channel.get().error is None
    assert Channel.get().sent_at


def test_a_receiver_that_asks_for_time_gets_it_and_what_waits_behind_it_waits_too(channel):
    first, second, third = make(channel, 3)
    deliveries.record_refusal(claimed(first), Refusal("429", retry_after=timedelta(minutes=30)))
    assert stored(first).next_at - utcnow() > timedelta(minutes=29)
    assert stored(second).next_at - utcnow() > timedelta(minutes=29)
    Delivery.update(next_at=utcnow()).where(Delivery.id != first.id).execute()
    deliveries.record_refusal(claimed(second), Refusal("500"))
    assert stored(third).next_at - utcnow() < timedelta(minutes=1, seconds=1), "the message itself may be at fault"
    deliveries.record_refusal(claimed(third), Refusal("429", retry_after=timedelta(days=30)))
    assert stored(third).next_at - utcnow() <= deliveries.LONGEST_PAUSE


def test_a_refusal_for_good_is_tried_no_more_and_holds_up_nothing(channel):
    first, second = make(channel, 2)
    deliveries.record_refusal(claimed(first), Refusal("404", is_final=True))
    assert stored(first).state == DeliveryState.FAILED
    assert deliveries.hand_over_due() == [second]


def test_a_message_that_ends_every_worker_is_given_up(channel):
    [delivery] = make(channel)
    Delivery.update(attempts=len(PAUSES) + 1, state=DeliveryState.SENDING).execute()
    as_if_claims_ran_out()
    [handed_over] = deliveries.hand_over_due()
    assert deliveries.claim(handed_over.id, handed_over.attempts) is None
    assert (stored(delivery).state, stored(delivery).answer) == (DeliveryState.FAILED, deliveries.WORKERS_ENDED)


def test_nothing_leaves_by_the_channel_of_an_account_that_is_off(cast):
    own = channels.add("Mine", ChannelKind.EMAIL, cast.ada.email, SYSTEM, owner=cast.ada)
    [delivery] = make(own)
    type(cast.ada).update(is_active=False).where(type(cast.ada).id == cast.ada.id).execute()
    assert claimed(delivery) is None
    assert stored(delivery).answer == deliveries.OWNER_GONE


def test_a_test_is_audited_and_none_goes_by_a_channel_that_is_off(cast, channel):
    root = Actor.person(cast.root, "127.0.0.1")
    test = deliveries.create_test(channel, root)
    assert (test.is_test, test.asked_by) == (True, cast.root)
    assert AuditEvent.select().order_by(AuditEvent.id.desc()).get().action == "channel:tested"
    channels.switch(channel, root, is_active=False)
    assert stored(test).state == DeliveryState.FAILED
    with pytest.raises(Invalid, match="switched off"):
        deliveries.create_test(channel, root)


def test_old_deliveries_go_once_they_ended(channel):
    sent, waiting, recent = make(channel, 3)
    deliveries.record_sent(claimed(sent), "200")
    Delivery.update(created_at=utcnow() - timedelta(days=91)).where(Delivery.id != recent.id).execute()
    assert deliveries.delete_old(10) == 1
    assert set(Delivery.select()) == {waiting, recent}
    assert deliveries.of_channel(channel, 10) == [recent, waiting]
    assert deliveries.count_unsent() == 2
