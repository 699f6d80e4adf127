"""How often a worker looks for delayed messages, and by which clock."""

import time
from datetime import timedelta

import dramatiq.worker
import pytest

from actors.queue import broker as brokers
from actors.queue.broker import Broker
from actors.queue.queue_names import BULK
from db import clock

DELAYED = f"{BULK}.DQ"


@pytest.fixture
def make_broker(redis_url):
    """make_broker(): one of a process of its own, which has looked once."""

    def make():
        made = Broker(client=brokers.broker.client, namespace=brokers.broker.namespace)
        made.declare_queue(BULK)
        assert made.do_fetch(DELAYED, 9) == []
        return made

    return make


def send(broker, delay):
    message = brokers.broker.get_actor("backup_set.capture").message_with_options(args=(1,))
    return broker.enqueue(message.copy(queue_name=BULK), delay=delay)


def test_what_a_process_delayed_itself_it_fetches_at_once(make_broker):
    ours = make_broker()
    send(ours, 60_000)
    assert len(ours.do_fetch(DELAYED, 9)) == 1
    send(ours, None)
    assert len(ours.do_fetch(BULK, 9)) == 1, "what is not delayed is looked for each time"


def test_what_another_process_delayed_is_looked_for_after_a_second(make_broker, monkeypatch):
    ours, other = make_broker(), make_broker()
    send(other, 60_000)
    assert ours.do_fetch(DELAYED, 9) == []
    monkeypatch.setattr(brokers, "DELAYED_SECONDS", 0)
    assert len(ours.do_fetch(DELAYED, 9)) == 1


def test_a_worker_whose_clock_is_hours_off_is_known_for_dead_as_soon_as_any_other(make_broker, monkeypatch):
    """And what it sends delayed comes when it is due: both go by the database's time."""
    ahead = timedelta(hours=3)
    monkeypatch.setattr(clock, "_machine_time", lambda: clock.datetime.now(clock.UTC).replace(tzinfo=None) + ahead)
    monkeypatch.setattr(clock, "_ahead", ahead)
    monkeypatch.setattr(time, "time", lambda now=time.time: now() + ahead.total_seconds())
    ours = make_broker()
    beat = ours.client.zscore(f"{ours.namespace}:__heartbeats__", ours.broker_id)
    monkeypatch.undo()
    assert abs(beat / 1000 - time.time()) < 60
    assert dramatiq.worker.current_millis is brokers.database_millis
