"""The table of faults: what each does, how it is mended, how long it lasts, and on which engines there is one.

A fault is a generator over the stage: before its `yield` it strikes, after it it mends.
"""

import contextlib
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass

from tests.demo import descendants
from tests.faults import launch
from tests.faults.stage import ENGINES, OURS, POSTGRESQL, SQLITE

HOURS = 3 * 3600
FROZEN = (launch.STALE_SECONDS + 1, launch.STALE_SECONDS + 2)
WRONG = (launch.STALE_SECONDS, launch.STALE_SECONDS + 2)
SHORT = (0.0, 1.5)


@dataclass(frozen=True)
class Fault:
    strike: Callable
    # Between so many seconds and so many.
    lasts: tuple[float, float] = SHORT
    engines: tuple[str, ...] = ENGINES


def killed(*names):
    def strike(stage):
        for name in names:
            stage.kill(name)
        yield
        for name in names:
            stage.start(name)

    return strike


def one_worker_process_killed(stage):
    """One of its children; its master ends by itself, and the supervisor starts it again."""
    children = [pid for pid in descendants(stage.processes["worker"].pid) if not descendants(pid)]
    os.kill(children[-1], signal.SIGKILL)
    stage.killed += 1
    yield


def simulator_killed(stage):
    """After a save, with no write in between: Graph forgets nothing that it answered."""
    stage.control("POST", "freeze")
    stage.kill("simulator")
    yield
    stage.start("simulator")


def worker_frozen(stage):
    """For longer than its claims hold: another one takes over, then it wakes up and goes on where it was."""
    stage.send("worker", signal.SIGSTOP)
    stage.start("worker 2", "worker")
    yield
    stage.send("worker", signal.SIGCONT)
    stage.retire("worker 2")


def worker_upgraded(stage):
    """The new one starts while the old one comes to its end."""
    stage.retire("worker")
    stage.start("worker")
    yield


def redis_restarted(stage):
    stage.end("redis")
    yield
    stage.start("redis")


def redis_flushed(stage):
    with stage.redis() as client:
        client.flushall()
    yield


def postgresql_restarted(number):
    """Fast closes every connection (SIGINT), immediate leaves it all to recovery (SIGQUIT)."""

    def strike(stage):
        stage.end("postgresql", number)
        yield
        stage.start("postgresql")

    return strike


def disk_full(stage):
    """Of a small file system of its own where we may mount one; elsewhere no process may make a file larger."""
    with _filled(stage) if stage.has_own_disk else _limited(stage):
        yield


@contextlib.contextmanager
def _filled(stage):
    folder = stage.folder / "database"
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    ballast.unlink()


@contextlib.contextmanager
def _limited(stage):
    pids = [one for name in OURS for one in (stage.processes[name].pid, *descendants(stage.processes[name].pid))]
    for pid in pids:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    yield
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def wrong_clock(name, seconds):
    def strike(stage):
        stage.kill(name)
        stage.restart(name, shift=seconds)
        yield
        stage.kill(name)
        stage.restart(name)

    return strike


def two_schedulers(stage):
    """Then the first is killed, and the second is alone."""
    stage.start("scheduler 2", "scheduler")
    yield
    stage.kill("scheduler")
    stage.start("scheduler")
    stage.retire("scheduler 2")


FAULTS = {
    "worker killed": Fault(killed("worker")),
    "one worker process killed": Fault(one_worker_process_killed),
    "web killed": Fault(killed("web")),
    "scheduler killed": Fault(killed("scheduler")),
    "simulator killed": Fault(simulator_killed),
    "Redis killed": Fault(killed("redis"), (0.0, 3.0)),
    "Redis restarted": Fault(redis_restarted, (0.0, 3.0)),
    "Redis flushed": Fault(redis_flushed),
    "power cut": Fault(killed("worker", "web", "scheduler", "redis")),
    "worker frozen": Fault(worker_frozen, FROZEN),
    "worker upgraded": Fault(worker_upgraded),
    "two schedulers": Fault(two_schedulers, (0.5, 3.0)),
    "worker's clock ahead": Fault(wrong_clock("worker", HOURS), WRONG),
    "worker's clock behind": Fault(wrong_clock("worker", -HOURS), WRONG),
    "scheduler's clock ahead": Fault(wrong_clock("scheduler", HOURS), WRONG),
    "scheduler's clock behind": Fault(wrong_clock("scheduler", -HOURS), WRONG),
    "PostgreSQL restarted, fast": Fault(postgresql_restarted(signal.SIGINT), engines=(POSTGRESQL,)),
    "PostgreSQL restarted, immediate": Fault(postgresql_restarted(signal.SIGQUIT), engines=(POSTGRESQL,)),
    "disk full": Fault(disk_full, (0.5, 3.0), (SQLITE,)),
}
