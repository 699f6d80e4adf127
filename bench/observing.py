"""The cost of being seen: of a count, of handing counts to Redis, and of a span: `python -m bench.observing`."""

import time
from collections.abc import Callable

import config
from actors.process import counters, tracing
from actors.process.meters import GRAPH_METER
from actors.process.tracing import SpanKind
from actors.queue.broker import locks
from bench import stage
from tests.support import servers

TIMES = 20_000
# Calls to Graph of a first backup of 900 policies, and their parts: docs/benchmarks.md.
CALLS, PARTS = 60, 990


def main() -> None:
    with stage.engines() as urls:
        stage.bind(urls["SQLite"])
        print("| what | without traces | with |\n| -- | -- | -- |")
        figures = [measure()]
        config.use({"TENANTKEEP_OTLP_URL": f"http://127.0.0.1:{servers.free_port()}"})
        tracing.use(config.settings())
        figures.append(measure())
        for what in figures[0]:
            print(f"| {what} | {' | '.join(f'{of[what]:.1f}' for of in figures)} |")
    print("\nMicroseconds; of a backup milliseconds. Nobody listens at the collector's address.")


def measure() -> dict[str, float]:
    count = _microseconds(lambda: counters.count("runs_ended", "policy.sync", "succeeded"))
    call = _microseconds(_call)
    part = _microseconds(lambda: GRAPH_METER.answered_part("intune", "200"))
    return {
        "a count": count,
        "a call to Graph": call,
        "a part of a $batch": part,
        "a span": _microseconds(_span),
        "handing 200 counts to Redis": _microseconds(_flush, 50),
        "a first backup of 900 policies, ms": (CALLS * call + PARTS * part) / 1000,
    }


def _call() -> None:
    with GRAPH_METER.calling("batch", "POST") as sent:
        sent.status = "200"


def _span() -> None:
    with tracing.span("works", SpanKind.CLIENT):
        pass


def _flush() -> None:
    for number in range(200):
        counters.count("graph_requests", f"service {number}", "200")
    counters.flush(locks)


def _microseconds(act: Callable[[], None], times: int = TIMES) -> float:
    began = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - began) / times * 1e6


if __name__ == "__main__":
    main()
