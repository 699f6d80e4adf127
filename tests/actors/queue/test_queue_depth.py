import time

import pytest

import actors.backups.capture
from actors.queue import queue_depth
from actors.queue.broker import broker
from actors.queue.queue_names import INTERACTIVE


@pytest.fixture(autouse=True)
def empty(redis_url):
    pass


def test_messages_are_counted_until_they_are_done_and_the_first_that_waits_is_timed():
    message = actors.backups.capture.capture_snapshot.message(1)
    broker.enqueue(message.copy(message_timestamp=int((time.time() - 90) * 1000)))
    broker.enqueue(message.copy(message_id="b"))
    broker.enqueue(message.copy(message_id="c"), delay=60_000)
    depth = queue_depth.measure()[INTERACTIVE]
    assert (depth.messages, depth.delayed) == (2, 1)
    assert 90 <= depth.oldest_seconds < 150
    broker.do_fetch(INTERACTIVE, 1)
    depth = queue_depth.measure()[INTERACTIVE]
    assert (depth.messages, depth.oldest_seconds < 60) == (2, True)
    broker.client.hset(
        f"{broker.namespace}:{INTERACTIVE}.msgs", broker.client.lindex(f"{broker.namespace}:{INTERACTIVE}", 0), "junk"
    )
    assert queue_depth.measure()[INTERACTIVE].oldest_seconds == 0
