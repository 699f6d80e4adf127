"""Every fault at least once, where the engine matters on both; `make soak` does the same for as long as told.

The rounds of an engine share one stage: what one leaves behind is the next one's trouble. To see one alone again:
`python -m tests.faults.soak --engine ENGINE --seed SEED --work WORK --fault FAULT --moment MOMENT --rounds 1`.
"""

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.faults import hosts, rounds, stage
from tests.faults.faults import FAULTS
from tests.faults.stage import HOSTS, POSTGRESQL, SQLITE
from tests.support import servers

SEED = 20261125
# (engine, fault, work, moment): each where it hurts most. One at a seam has no other moment. Engine by engine: this
# process has one database open.
ROUNDS = (
    (SQLITE, "worker killed", "live restore", "a third"),
    (SQLITE, "one worker process killed", "push", "a third"),
    (SQLITE, "web killed", "backup", "start"),
    (SQLITE, "power cut", "live restore", "claimed"),
    (SQLITE, "Redis killed", "backup", "claimed"),
    (SQLITE, "worker frozen", "rehearsal", "two thirds"),
    (SQLITE, "worker upgraded", "live restore", "a third"),
    (SQLITE, "scheduler's clock behind", "sync", "start"),
    (SQLITE, "disk full", "live restore", "a third"),
    (SQLITE, "killed once a schedule moved on", "scheduled backup", None),
    (SQLITE, "killed while a run ends", "restore on approval", None),
    (SQLITE, "killed between decide and delete", "retention", None),
    (SQLITE, "killed while snapshots are deleted", "retention", None),
    (SQLITE, "captured between look and delete", "retention", None),
    (SQLITE, "killed before an answer was on record", "live restore", None),
    (SQLITE, "killed once a part ended", "scheduled backup", None),
    (SQLITE, "stale and stray messages", "backup", "a third"),
    (SQLITE, "a schedule nobody can compute", "retention", "start"),
    (SQLITE, "the audit head held", "late retry", "start"),
    (SQLITE, "web's clock steps behind", "sync", "start"),
    (SQLITE, "the store lost", "push", "a third"),
    (SQLITE, "killed once the lab was written", "rehearsal", None),
    (POSTGRESQL, "worker killed", "backup", "two thirds"),
    (POSTGRESQL, "scheduler killed", "backup", "claimed"),
    (POSTGRESQL, "two schedulers", "sync", "start"),
    (POSTGRESQL, "simulator killed", "live restore", "two thirds"),
    (POSTGRESQL, "Redis restarted", "push", "claimed"),
    (POSTGRESQL, "Redis flushed", "backup", "start"),
    (POSTGRESQL, "worker's clock ahead", "preview", "claimed"),
    (POSTGRESQL, "worker's clock behind", "sync", "claimed"),
    (POSTGRESQL, "scheduler's clock ahead", "backup", "claimed"),
    (POSTGRESQL, "PostgreSQL restarted, fast", "push", "a third"),
    (POSTGRESQL, "PostgreSQL restarted, immediate", "live restore", "a third"),
    (POSTGRESQL, "killed once a run was made", "sync", None),
    (POSTGRESQL, "killed once a write was on record", "restore on approval", None),
    (POSTGRESQL, "killed while sets are deleted", "retention", None),
    (POSTGRESQL, "pinned between decide and delete", "retention", None),
    (POSTGRESQL, "retention rules that are none", "retention", "start"),
    (POSTGRESQL, "deadlocks", "live restore", "claimed"),
    (POSTGRESQL, "a part cancelled", "backup", "claimed"),
    (POSTGRESQL, "a rehearsal cancelled in between", "rehearsal", "claimed"),
    (POSTGRESQL, "web's clock steps ahead", "backup", "start"),
    (HOSTS, "a host cut off in a transaction", "live restore", None),
)
# `make soak` plays them: each of a host takes half a minute, and the others strike where a quick test does too
# (tests/actors/copies/test_push.py, tests/actors/rehearsals).
ONLY_SOAKED = {
    "killed before contents are on record",
    "killed before the manifest is sent",
    "killed before the lab is cleared",
    "a host cut off",
    "a host cut off, a write on its way",
    *(f"a host cut off from {service}" for service in ("PostgreSQL", "Redis", "Graph")),
}


@pytest.fixture(scope="module")
def stages():
    """stages(engine): the one stage of that engine, opened by the first round on it."""
    opened = {}
    with ExitStack() as until_the_end:

        def on(kind):
            if kind not in opened:
                opened[kind] = until_the_end.enter_context(stage.opened(kind))
            return opened[kind]

        yield on


@pytest.mark.parametrize(("kind", "fault", "work", "moment"), ROUNDS)
def test_nothing_is_lost_doubled_or_untrue_after(stages, kind, fault, work, moment):
    if kind != SQLITE and servers.postgresql_binaries() is None:
        pytest.skip("no PostgreSQL on this machine")
    if kind == HOSTS and (reason := hosts.reason_for_none()):
        pytest.skip(reason)
    opened, planned = stages(kind), rounds.plan(SEED, kind, work=work, fault=fault, moment=moment)
    print(planned)
    violations = rounds.play(opened, planned).violations
    if violations:
        opened.keep_logs()
    assert violations == []


class Sleepers(stage.Stage):
    """A stage whose processes sleep, and that counts them."""

    started = 0

    def command(self, name, role):
        self.started += 1
        return ["sleep", "60"], {}


def test_what_has_ended_is_started_again_once_whoever_looks_after_it(tmp_path):
    """Work and fault did so at the same moment: a second process worked on that nobody knew."""
    sleepers = Sleepers(SQLITE, tmp_path, lost_answers=0.0)
    sleepers.start("worker")
    sleepers.send("worker", signal.SIGKILL)
    sleepers.processes["worker"].wait()
    with ThreadPoolExecutor(8) as pool:
        for looked in [pool.submit(sleepers.keep_up) for _ in range(8)]:
            looked.result()
    sleepers.kill("worker")
    assert (sleepers.started, sleepers.processes) == (2, {})


def test_every_fault_has_its_round():
    assert {fault for _, fault, _, _ in ROUNDS} | ONLY_SOAKED == set(FAULTS)


def test_the_same_seed_plans_the_same_rounds():
    def hundred():
        return [str(rounds.plan(seed, POSTGRESQL)) for seed in range(100)]

    assert hundred() == hundred()
    assert len(set(hundred())) == 100
