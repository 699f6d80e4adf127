import pytest

from actors.process import counters
from actors.process.meters import GRAPH_METER, RunMeter
from actors.queue.broker import locks


@pytest.fixture(autouse=True)
def nothing_counted(redis_url):
    counters._begin_anew()


def test_calls_and_runs_are_counted_by_what_became_of_them():
    with pytest.raises(ZeroDivisionError), GRAPH_METER.calling("intune", "GET"):
        raise ZeroDivisionError
    RunMeter().ended("policy.sync", "failed", 61)
    counters.flush(locks)
    totals = counters.totals(locks)
    assert totals["graph_requests", "intune", "unreachable"] == 1
    assert totals["runs_ended", "policy.sync", "failed"] == totals["run_seconds", "policy.sync", "300"] == 1
