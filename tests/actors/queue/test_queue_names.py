"""Every queue is served by workers that are told nothing, and each has its place."""

from itertools import chain

from actors.queue.queue_names import PRIORITY, SERVED


def test_a_worker_that_is_told_nothing_serves_every_queue():
    assert set(chain.from_iterable(SERVED.values())) == PRIORITY.keys()
