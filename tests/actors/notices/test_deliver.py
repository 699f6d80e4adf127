"""Deliveries on their way: by the scheduler, the queue and a worker, to a real receiver that fails and comes back."""

import json
import logging
import os
import signal
import time
import uuid
from datetime import timedelta

import pytest
from werkzeug import Response

from actors import scheduler
from actors.notices import deliver, words
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Channel, Delivery, Notice, Occurrence
from db.notices import channels, deliveries
from db.states import ChannelKind, DeliveryState, NoticeEvent

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def hook(receiver, database):
    """hook(path): a webhook's channel that leads to the receiver."""

    def make(path, **options):
        url = receiver.url_for(path)
        return channels.add(f"Hook {path}", ChannelKind.WEBHOOK, url, SYSTEM, **{"allows_private": True} | options)

    return make


def sent_or_failed(delivery, seconds=300, sweep=scheduler.sweep):
    deadline = time.monotonic() + seconds
    while (stored := Delivery.get_by_id(delivery.id)).state in ("waiting", "sending"):
        assert time.monotonic() < deadline, f"{stored.state}, {stored.answer}"
        sweep()
        time.sleep(0.05)
    return stored


def notice_of(channel):
    """A delivery that tells something which is over, so that no look at the installation ends it meanwhile."""
    occurrence = Occurrence.create(key=uuid.uuid4().hex, event=NoticeEvent.AUDIT_BROKEN, facts={}, ended_at=utcnow())
    return deliveries.create(channel, [Notice.create(channel=channel, occurrence=occurrence)], utcnow())


def as_if_it_were_due():
    Delivery.update(next_at=utcnow(), claimed_until=None).execute()


def test_a_receiver_that_fails_and_comes_back_gets_the_same_id(hook, receiver, worker):
    receiver.expect_ordered_request("/h").respond_with_data("not now", status=503)
    receiver.expect_ordered_request("/h").respond_with_response(Response(status=429, headers={"Retry-After": "600"}))
    receiver.expect_ordered_request("/h").respond_with_data("thanks")
    delivery = notice_of(hook("/h"))
    waits = []
    for attempt in (1, 2):
        deadline = time.monotonic() + 300
        while (stored := Delivery.get_by_id(delivery.id)).attempts < attempt or stored.state != "waiting":
            assert time.monotonic() < deadline, stored.answer
            scheduler.sweep()
            time.sleep(0.05)
        waits.append(stored.next_at - utcnow())
        as_if_it_were_due()
    assert waits[0] < timedelta(minutes=1)
    assert timedelta(minutes=9) < waits[1] < timedelta(minutes=10)
    stored = sent_or_failed(delivery)
    assert (stored.state, stored.attempts, stored.answer) == (DeliveryState.SENT, 3, "200 thanks")
    bodies = [request.data for request, _ in receiver.log]
    assert len(set(bodies)) == 1
    assert {request.headers["X-Tenantkeep-Id"] for request, _ in receiver.log} == {delivery.message_id}
    assert json.loads(bodies[0])["id"] == delivery.message_id
    assert Channel.get().error is None


def test_a_channels_deliveries_follow_each_other_and_hold_up_no_other(hook, receiver, worker):
    receiver.expect_request("/quick").respond_with_data("ok")
    quick = hook("/quick")
    waiting = [notice_of(quick) for _ in range(5)]
    receiver.expect_request("/gone").respond_with_data("gone", status=410)
    bad = notice_of(hook("/gone"))
    scheduler.sweep()
    for delivery in waiting:
        assert sent_or_failed(delivery, sweep=lambda: None).state == DeliveryState.SENT, "without another sweep"
    assert sent_or_failed(bad).state == DeliveryState.FAILED


def test_a_test_that_is_refused_is_over_at_once(hook, receiver, worker):
    receiver.expect_request("/h").respond_with_data("no", status=500)
    stored = sent_or_failed(deliveries.create_test(hook("/h"), SYSTEM))
    assert (stored.state, stored.attempts, stored.answer) == (DeliveryState.FAILED, 1, "It answered 500 no")
    assert Channel.get().error == "It answered 500 no"


@SQLITE
def test_a_name_that_leads_into_our_network_is_refused_and_the_log_keeps_its_secret(
    database_url, hook, receiver, caplog, monkeypatch
):
    channel = hook("/secret-path")
    Channel.update(allows_private=False).execute()
    delivery = notice_of(channel)
    with caplog.at_level(logging.INFO):
        deliver.deliver.fn(delivery_id=delivery.id, attempts=0)
    stored = Delivery.get_by_id(delivery.id)
    assert stored.state == DeliveryState.FAILED
    assert "private network" in stored.answer
    assert receiver.log == []
    broken = notice_of(channel)
    monkeypatch.setattr(words, "message_of", lambda _delivery: 1 / 0)
    with caplog.at_level(logging.INFO):
        deliver.deliver.fn(delivery_id=broken.id, attempts=0)
    assert Delivery.get_by_id(broken.id).answer == deliver.OUR_FAULT
    assert "secret-path" not in caplog.text
    assert channels.open_values(channel)["secret"] not in caplog.text


@SQLITE
def test_a_worker_that_dies_between_sending_and_noting_sends_the_same_id_again(
    database_url, hook, receiver, start_worker, certificate, monkeypatch
):
    monkeypatch.setenv("TENANTKEEP_CA_BUNDLE", str(certificate.pem))
    workers = [start_worker()]

    def die(request):
        if workers:
            os.killpg(workers.pop().pid, signal.SIGKILL)
        return Response("ok")

    receiver.expect_request("/h").respond_with_handler(die)
    delivery = deliveries.create_test(hook("/h"), SYSTEM)
    deadline = time.monotonic() + 300
    while workers:
        assert time.monotonic() < deadline
        scheduler.sweep()
        time.sleep(0.05)
    assert Delivery.get_by_id(delivery.id).state == DeliveryState.SENDING
    assert deliveries.hand_over_due() == [], "its claim has not run out"
    start_worker()
    Delivery.update(claimed_until=utcnow() - timedelta(seconds=1)).execute()
    stored = sent_or_failed(delivery)
    assert (stored.state, stored.attempts) == (DeliveryState.SENT, 2)
    assert [request.headers["X-Tenantkeep-Id"] for request, _ in receiver.log] == [delivery.message_id] * 2


@SQLITE
def test_what_may_no_longer_be_told_is_not_sent_and_no_fault_of_the_receivers(database_url, hook, receiver):
    delivery = deliveries.create(hook("/h"), [], utcnow())
    deliver.deliver.fn(delivery_id=delivery.id, attempts=0)
    assert Delivery.get_by_id(delivery.id).answer == words.NOTHING_LEFT
    assert Channel.get().error is None
    assert receiver.log == []
