import pytest
import redis

from actors.process import counters
from actors.queue.broker import locks


class LosesAnswers:
    """A Redis that does what it is told, and whose answer gets lost."""

    def eval(self, *arguments):
        locks.eval(*arguments)
        raise redis.TimeoutError


@pytest.fixture(autouse=True)
def nothing_counted(redis_url):
    locks.delete(counters.TOTALS)
    counters._begin_anew()


def test_what_was_counted_is_handed_over_once_however_often_the_answer_is_lost():
    counters.count("a", "x")
    for _ in range(2):
        with pytest.raises(redis.TimeoutError):
            counters.flush(LosesAnswers())
    counters.count("a", "x", amount=0.5)
    counters.flush(locks)  # what Redis has already
    counters.flush(locks)
    assert counters.totals(locks) == {("a", "x"): 1.5}


def test_counts_of_processes_are_added_and_outlive_them():
    for amount in (1, 2):
        counters._begin_anew()
        counters.count("a", amount=amount)
        counters.flush(locks)
    assert counters.totals(locks) == {("a",): 3}


def test_what_somebody_else_put_there_is_left_out():
    locks.set(counters.TOTALS, "nonsense")
    counters.count("a")
    counters.flush(locks)
    locks.hset(counters.TOTALS, mapping={"x": "1", "[1]": "1", '["b"]': "many", "[]": "1"})
    assert counters.totals(locks) == {("a",): 1}


def test_an_observation_is_in_the_bucket_that_it_fits_and_in_the_last_where_none_does():
    for seconds in (0.02, 0.01, 11):
        counters.observe("http_request_seconds", seconds)
    counters.flush(locks)
    name = "http_request_seconds"
    assert counters.totals(locks) == {(name, "0.01"): 1, (name, "0.025"): 1, (name, "+Inf"): 1, (name, "sum"): 11.03}
