"""How long a run waits before another attempt."""

from actors.queue.run_actor import LONGEST_BACKOFF, backoff_seconds


def test_backoff_doubles_with_each_attempt_up_to_a_minute():
    for tries, seconds in [(0, 1), (1, 2), (3, 8), (20, LONGEST_BACKOFF)]:
        waits = [backoff_seconds(tries) for _ in range(50)]
        assert all(0.75 * seconds <= wait <= 1.25 * seconds for wait in waits)
        assert len(set(waits)) > 1, "runs that failed together come back apart"
