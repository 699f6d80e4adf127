"""A night of many tenants, in simulated time: when the first, the middle and the last of them is backed up.

Nothing is sent and nobody waits: messages, threads and Graph's answers are events of a virtual clock, while when each
tenant starts, which queue a message goes to, what a worker takes first, how many parts of a tenant go side by side and
how much Graph takes are the product's own. "Before" is one queue for everything, first come first served.

What a message costs was measured (docs/benchmarks.md): HTTP calls of 80 ms, and a process's one core.

`python -m bench.night 2000 --core SECONDS`: so many tenants of as many policies each, none of them changed, and what
bench/scale.py measured of a tenant: who starts when, how many are under way at once, and when the night ends.
"""

import argparse
import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from statistics import median, quantiles

from actors.queue.broker import PRIORITY
from actors.queue.enqueue import queue_for
from actors.queue.queue_names import BULK, UNDER_WAY
from actors.scheduler import TICK_SECONDS
from db.runs import child_runs
from db.states import RunState
from db.tenants import schedules
from graph.transport import rate_limits
from graph.transport.client import BATCH_SIZE

PROCESSES, TENANTS = 2, (500, 2_000, 10_000)
THREADS = 8
PREFETCHED = 2 * THREADS  # of each queue, as Dramatiq does
LATENCY = 0.08
POLL = 0.05  # until a worker sees what was put into an empty queue, on average
# Of an ordinary night: a policy is read again once a week, and a few were changed.
ORDINARY, EVERYTHING = 1 / 7 + 0.02, 1.0
# One tenant in fifty is told by Graph to come back later, with every fifth message.
THROTTLED_ONE_IN, REFUSED_ONE_IN, RETRY_AFTER = 50, 5, 30.0
# Messages in which a part that asks Conditional Access, one request a second, gets its four lists.
TURNS = 4
WINDOW_SECONDS = 180
COLUMNS = ("tenants", "processes × threads", "read", "order", "first", "median", "last", "a tenant takes", "95 %")


@dataclass
class Tenant:
    number: int
    policies: int
    to_read: int
    is_throttled: bool
    # Seconds of a core that all of it takes, where that was measured.
    core: float | None = None
    starts: float = 0.0
    begun: float | None = None
    ended: float = 0.0
    waiting_parts: int = 0
    under_way: int = 0
    refusals: int = 0
    sent: deque = field(default_factory=deque)

    def wait_for_budget(self, now: float, requests: int) -> float:
        """Seconds until Graph's limit lets so many through; taken when it is 0."""
        most, seconds = rate_limits.LIMITS[rate_limits.INTUNE]
        while self.sent and self.sent[0][0] <= now - seconds:
            self.sent.popleft()
        if sum(count for _, count in self.sent) + requests > most:
            return self.sent[0][0] + seconds - now
        self.sent.append((now, requests))
        return 0.0

    def is_refused(self) -> bool:
        self.refusals += self.is_throttled
        return self.is_throttled and self.refusals % REFUSED_ONE_IN == 1


@dataclass(frozen=True)
class Message:
    """A message of a parent run to be planned, of a child run to be read, or of one that asks slowly and needs more
    turns.
    """

    tenant: Tenant
    policies: int = 0
    turns: int = 0

    @property
    def is_whole(self) -> bool:
        return not (self.policies or self.turns)


@dataclass(frozen=True)
class Order:
    name: str
    spread: Callable[[Tenant], float]
    queue: Callable[[Message], str]
    priority: Callable[[Message], int]


BEFORE = Order(
    "before",
    spread=lambda tenant: schedules.jitter(tenant.number, 0).total_seconds(),
    queue=lambda message: BULK,
    priority=lambda message: 0,
)
NOW = Order(
    "now",
    spread=lambda tenant: schedules.jitter(tenant.number, tenant.policies).total_seconds(),
    queue=lambda message: queue_for(BULK, RunState.QUEUED) if message.is_whole else UNDER_WAY,
    priority=lambda message: PRIORITY[BULK if message.is_whole else UNDER_WAY],
)


@dataclass
class Process:
    idle: int = THREADS
    core_free_at: float = 0.0
    fetched: list = field(default_factory=list)
    outstanding: dict = field(default_factory=dict)


class Night:
    def __init__(self, tenants: Sequence[Tenant], processes: int, order: Order) -> None:
        self.order, self.processes = order, [Process() for _ in range(processes)]
        self.queues: dict[str, deque] = {BULK: deque(), UNDER_WAY: deque()}
        self.events: list = []
        self.tie = count()
        self.left = len(tenants)
        for tenant in tenants:
            tenant.starts = -(-order.spread(tenant) // TICK_SECONDS) * TICK_SECONDS
            self._at(tenant.starts, self._put, Message(tenant))
        for number, process in enumerate(self.processes):
            self._at(POLL * number / processes, self._poll, process)

    def run(self) -> None:
        while self.left:
            now, _, act, arguments = heapq.heappop(self.events)
            act(now, *arguments)

    def _at(self, when: float, act: Callable, *arguments: object) -> None:
        heapq.heappush(self.events, (when, next(self.tie), act, arguments))

    def _put(self, _now: float, message: Message) -> None:
        self.queues[self.order.queue(message)].append(message)

    def _poll(self, now: float, process: Process) -> None:
        for name, queue in self.queues.items():
            while queue and process.outstanding.get(name, 0) < PREFETCHED:
                message = queue.popleft()
                process.outstanding[name] = process.outstanding.get(name, 0) + 1
                heapq.heappush(process.fetched, (self.order.priority(message), next(self.tie), message))
        self._take(now, process)
        self._at(now + POLL, self._poll, process)

    def _take(self, now: float, process: Process) -> None:
        while process.idle and process.fetched:
            message = heapq.heappop(process.fetched)[2]
            process.idle -= 1
            calls, core = _cost(message)
            later = self._must_wait(now, message)
            self._at(now + LATENCY * calls, self._compute, process, message, core, later)

    def _must_wait(self, now: float, message: Message) -> float:
        """Seconds; 0: it is let through."""
        if message.policies and message.tenant.is_refused():
            return RETRY_AFTER
        return message.tenant.wait_for_budget(now, message.policies)

    def _compute(self, now: float, process: Process, message: Message, core: float, later: float) -> None:
        process.core_free_at = max(process.core_free_at, now) + (0.01 if later else core)
        self._at(process.core_free_at, self._done, process, message, later)

    def _done(self, now: float, process: Process, message: Message, later: float) -> None:
        process.idle += 1
        process.outstanding[self.order.queue(message)] -= 1
        if later:
            self._at(now + later, self._put, message)
        elif message.is_whole:
            self._hand_out(now, message.tenant)
        elif message.turns > 1:
            a_turn = rate_limits.usual_pace(rate_limits.CONDITIONAL_ACCESS)[1]
            self._at(now + a_turn, self._put, Message(message.tenant, turns=message.turns - 1))
        else:
            self._end_part(now, message)
        self._take(now, process)

    def _hand_out(self, now: float, tenant: Tenant) -> None:
        tenant.begun = now
        tenant.waiting_parts = -(-tenant.to_read // BATCH_SIZE)
        tenant.under_way = 1
        self._put(now, Message(tenant, turns=TURNS))
        for _ in range(child_runs.CHILDREN_AT_ONCE):
            self._begin_part(now, tenant)

    def _begin_part(self, now: float, tenant: Tenant) -> None:
        if tenant.waiting_parts:
            tenant.waiting_parts -= 1
            tenant.under_way += 1
            self._put(now, Message(tenant, policies=BATCH_SIZE))

    def _end_part(self, now: float, message: Message) -> None:
        tenant = message.tenant
        tenant.under_way -= 1
        if message.policies:
            self._begin_part(now, tenant)
        if not tenant.under_way:
            tenant.ended = now
            self.left -= 1


def _cost(message: Message) -> tuple[int, float]:
    """(HTTP calls one after the other, seconds of a core)."""
    if message.is_whole:
        core = message.tenant.core
        return 5, 0.05 + message.tenant.policies * 0.0001 if core is None else core
    return 1, 0.01 + message.policies * 0.003


def tenants(number: int, share: float) -> Iterator[Tenant]:
    """Half of them have fewer than 150 policies, one in twenty more than 900, a few several thousand."""
    chance = random.Random(number)
    for index in range(number):
        policies = min(int(chance.lognormvariate(5.0, 1.1)) + 10, 10_000)
        yield Tenant(index + 1, policies, round(policies * share), index % THROTTLED_ONE_IN == 0)


def night(number: int, processes: int, share: float, order: Order) -> list[Tenant]:
    """The tenants in the order in which they ended."""
    found = list(tenants(number, share))
    Night(found, processes, order).run()
    return sorted(found, key=lambda one: one.ended)


def main() -> None:
    asked = _asked()
    if asked.core is not None:
        print_measured(asked.tenants, asked.policies, asked.core, asked.processes)
        return
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for number in TENANTS:
        for read, share in (("what changed", ORDINARY), ("everything", EVERYTHING)):
            for order in (BEFORE, NOW):
                _print(number, read, order, night(number, PROCESSES, share, order))
    for order in (BEFORE, NOW):
        at_once = replace(order, spread=lambda tenant: 0.0)
        _print_order(order, night(200, 1, EVERYTHING, at_once))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.night", description=__doc__)
    parser.add_argument("tenants", type=int, nargs="?", default=2_000, help="with --core")
    parser.add_argument("--policies", type=int, default=500)
    parser.add_argument("--core", type=float, help="seconds of a core that a tenant takes, as bench.scale measured")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    return parser.parse_args()


def print_measured(number: int, policies: int, core: float, processes: int) -> None:
    """Print the night of so many tenants that cost as much as one was measured to: its timetable."""
    found = [Tenant(index, policies, 0, is_throttled=False, core=core) for index in range(1, number + 1)]
    Night(found, processes, NOW).run()
    last = max(tenant.ended for tenant in found)
    waited = [tenant.begun - tenant.starts for tenant in found]
    print(f"Simulated, not measured: {number:,} tenants of {policies} policies, {core:.2f} s of a core each, through "
          f"{processes} processes of {THREADS} threads. The last is backed up at {_clock(last)}; from its start to its "
          f"listing one waits {median(waited):.1f} s at the median, {quantiles(waited, n=20)[-1]:.1f} s at the 95th "
          f"percentile.\n")  # fmt: skip
    print("| window | start | are backed up | most under way at once |\n|--|--|--|--|")
    for begin in range(0, int(last) + 1, WINDOW_SECONDS):
        end = begin + WINDOW_SECONDS
        starts = sum(begin <= tenant.starts < end for tenant in found)
        ended = sum(begin <= tenant.ended < end for tenant in found)
        print(f"| {_clock(begin)} to {_clock(end)} | {starts:,} | {ended:,} | {_most_at_once(found, begin, end)} |")


def _most_at_once(found: Sequence[Tenant], begin: float, end: float) -> int:
    """Return how many tenants at most were started and not yet backed up at any moment of a window."""
    steps = sorted([(tenant.starts, 1) for tenant in found] + [(tenant.ended, -1) for tenant in found])
    under_way = most = 0
    for moment, step in steps:
        if moment >= end:
            break
        under_way += step
        most = under_way if moment < begin else max(most, under_way)
    return most


def _print(number: int, read: str, order: Order, ended: Sequence[Tenant]) -> None:
    taken = [backup.ended - backup.begun for backup in ended]
    moments = (ended[0].ended, median(backup.ended for backup in ended), ended[-1].ended)
    cells = (f"{number:,}", f"{PROCESSES} × {THREADS}", read, order.name, *map(_clock, moments))
    print(f"| {' | '.join(cells)} | {median(taken):.0f} s | {quantiles(taken, n=20)[-1]:.0f} s |", flush=True)


def _clock(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{2 + minutes // 60:02}:{minutes % 60:02}:{int(seconds % 60):02}"


def _print_order(order: Order, ended: Sequence[Tenant]) -> None:
    print(
        f"\n200 tenants started at once, one process, {order.name}. In the order in which they ended, the last at",
        end=" ",
    )
    print(f"{ended[-1].ended:.0f} s, the median at {median(backup.ended for backup in ended):.0f} s:")
    print(" ".join(str(backup.number) for backup in ended))


if __name__ == "__main__":
    main()
