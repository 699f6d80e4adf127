"""`make soak`, or `python -m tests.faults.soak --minutes N`: rounds of works and faults for as long as told.

A line for each round, and the figures at the end; exit code 1 when anything was violated. Every round has a seed of its
own, one more than the round's before: `--seed N` begins with the round of that seed.
"""

import argparse
import base64
import os
import random
import secrets
import signal
import sys
import time

ENGINES = ("sqlite", "postgresql", "hosts")


def main():
    options = _options()
    # Asked to end, it takes its processes with it.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    _use_settings()
    from tests.faults.rounds import Figures

    seed = random.randrange(10**6) if options.seed is None else options.seed
    engines = ENGINES if options.engine == "all" else (options.engine,)
    figures = Figures()
    for kind in engines:
        figures += _soak(kind, seed, options.minutes * 60 / len(engines), options)
    _tell(figures)
    return 1 if figures.violations else 0


def _options():
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--engine", choices=[*ENGINES, "all"], default="all")
    parser.add_argument("--seed", type=int, help="of the first round; another each time unless given")
    parser.add_argument("--rounds", type=int, help="no more than so many on each engine")
    parser.add_argument("--work", help="always this one")
    parser.add_argument("--fault", help="always this one")
    parser.add_argument("--moment", help="always this one")
    return parser.parse_args()


def _use_settings():
    """Before anything of ours is imported, as tests/support/environment.py does."""
    for name in [name for name in os.environ if name.startswith("TENANTKEEP_")]:
        del os.environ[name]
    os.environ.update(
        TENANTKEEP_SECRET_KEY=secrets.token_hex(16),
        TENANTKEEP_ENCRYPTION_KEYS=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )


def _soak(kind, seed, seconds, options):
    from tests.faults import hosts, rounds, stage
    from tests.support import servers

    figures, deadline = rounds.Figures(), time.monotonic() + seconds
    if kind != stage.SQLITE and servers.postgresql_binaries() is None:
        print("No PostgreSQL here: nothing is known of it.")
        return figures
    if kind == stage.HOSTS and (reason := hosts.reason_for_none()):
        print(f"Nothing is known of two hosts: {reason}.")
        return figures
    chosen = {"work": options.work, "fault": options.fault, "moment": options.moment}
    with stage.opened(kind, lost_answers=0.05) as opened:
        while time.monotonic() < deadline and figures.rounds < (options.rounds or 10**9):
            planned = rounds.plan(seed + figures.rounds, kind, **chosen)
            began = time.monotonic()
            played = rounds.play(opened, planned)
            outcome = "; ".join(played.violations) or "all true"
            print(f"{kind}, {planned}: {outcome} ({time.monotonic() - began:.1f} s)", flush=True)
            figures += played
            if any(one.startswith("stuck") for one in played.violations):
                break  # what is stuck would be so in every round that follows
        if figures.violations:
            opened.keep_logs()
    return figures


def _tell(figures):
    print(f"\nrounds {figures.rounds}, kills survived {figures.killed}, runs ended {figures.runs}, items checked "
          f"{figures.items}, violations {len(figures.violations)}")  # fmt: skip
    for name, count in sorted(figures.faults.items()):
        print(f"{count:5} {name}")


if __name__ == "__main__":
    sys.exit(main())
