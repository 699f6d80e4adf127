"""The table of faults: what each does, how it is mended, how long it lasts, on which engines and works there is one.

A fault is a generator over the stage: before its `yield` it strikes, after it it mends. One at a seam is armed before
the work starts, and after its `yield` it waits until the work has come to the seam.
"""

import contextlib
import os
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import at_seams, cuts, disturbing, launch
from tests.faults.stage import ENGINES, HOSTS, OURS, POSTGRESQL, SQLITE
from tests.support.demo import descendants

HOURS = 3 * 3600
FROZEN = (launch.STALE_SECONDS + 1, launch.STALE_SECONDS + 2)
WRONG = (launch.STALE_SECONDS, launch.STALE_SECONDS + 2)
SHORT = (0.0, 1.5)
# Another host has the run by then.
CUT = (11.0, 12.0)


@dataclass(frozen=True)
class Fault:
    strike: Callable
    # Between so many seconds and so many.
    lasts: tuple[float, float] = SHORT
    engines: tuple[str, ...] = ENGINES
    # Those that it can hurt; empty: any.
    works: tuple[str, ...] = ()
    is_at_a_seam: bool = False


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
    """Fill a small file system of its own where we may mount one; elsewhere no process may make a file larger."""
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


def at_seam(strike, *works, engines=ENGINES):
    return Fault(strike, works=works, engines=engines, is_at_a_seam=True)


BACKUPS = ("backup", "scheduled backup")
RESTORES = ("live restore", "restore on approval")
RUNS = ("sync", "preview", *BACKUPS, *RESTORES)
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
    "killed once a schedule moved on": at_seam(at_seams.killed(at_seams.SCHEDULE_MOVED), "scheduled backup"),
    "killed once a run was made": at_seam(at_seams.killed(at_seams.RUN_MADE), *RUNS),
    "killed while a run ends": at_seam(at_seams.killed(at_seams.RUN_ENDS), *RUNS),
    "killed once a part ended": at_seam(at_seams.killed(at_seams.PART_ENDED), *BACKUPS),
    "killed once a write was on record": at_seam(at_seams.killed(at_seams.WRITE_RECORDED), *RESTORES),
    "killed before an answer was on record": at_seam(
        at_seams.killed(at_seams.WRITE_ANSWERED, is_before=True), *RESTORES
    ),
    "killed between decide and delete": at_seam(at_seams.killed(at_seams.DECIDED), "retention"),
    "killed while sets are deleted": at_seam(at_seams.killed(at_seams.SETS_DELETED), "retention"),
    "killed while snapshots are deleted": at_seam(at_seams.killed(at_seams.SNAPSHOTS_DELETED), "retention"),
    "pinned between decide and delete": at_seam(at_seams.pinned, "retention"),
    "captured between look and delete": at_seam(at_seams.captured, "retention"),
    "a schedule nobody can compute": Fault(disturbing.poison_schedule),
    "retention rules that are none": Fault(disturbing.poison_rules, works=("retention",)),
    "stale and stray messages": Fault(disturbing.stale_messages),
    "the audit head held": Fault(disturbing.audit_head_held, (0.5, 3.0)),
    "deadlocks": Fault(disturbing.deadlocks, (2.0, 4.0), (POSTGRESQL,)),
    "a part cancelled": Fault(disturbing.part_cancelled, works=BACKUPS),
    "the store lost": Fault(disturbing.store_lost, works=("push",)),
    "killed before contents are on record": at_seam(
        at_seams.killed(at_seams.CONTENTS_RECORDED, is_before=True), "push"
    ),
    "killed before the manifest is sent": at_seam(at_seams.killed(at_seams.MANIFEST_RECORDED), "push"),
    "killed once the lab was written": at_seam(at_seams.killed(at_seams.LAB_WRITTEN, is_before=True), "rehearsal"),
    "killed before the lab is cleared": at_seam(at_seams.killed(at_seams.LAB_UNDRAFTED), "rehearsal"),
    "a rehearsal cancelled in between": Fault(disturbing.rehearsal_cancelled, works=("rehearsal",)),
    "web's clock steps ahead": Fault(disturbing.clock_steps("web", HOURS), WRONG),
    "web's clock steps behind": Fault(disturbing.clock_steps("web", -HOURS), WRONG),
    "a host cut off, a write on its way": at_seam(cuts.with_a_write_on_its_way, *RESTORES, engines=(HOSTS,)),
    "a host cut off in a transaction": at_seam(cuts.in_a_transaction, *RESTORES, engines=(HOSTS,)),
    "a host cut off": Fault(cuts.cut_off(*cuts.LINKS), CUT, (HOSTS,)),
    "a host cut off from PostgreSQL": Fault(cuts.cut_off("db"), CUT, (HOSTS,)),
    "a host cut off from Redis": Fault(cuts.cut_off("redis"), CUT, (HOSTS,)),
    "a host cut off from Graph": Fault(cuts.cut_off("graph"), CUT, (HOSTS,)),
}
