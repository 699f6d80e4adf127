"""`python -m tests.faults.launch SHIFT PROCESS`: `tenantkeep web|worker|scheduler`, its times short, its clock wrong.

SHIFT is in seconds. The clock is set before anything of ours is imported; it may be moved later, and statements are
watched for seams (tests/faults/seams.py).
What is shorter than in production, so that a round takes seconds, is in `shorten`.
"""

import importlib
import os
import socket
import sys
import time
from datetime import datetime, timedelta
from uuid import uuid4

from tests.faults import seams

BEAT_SECONDS, STALE_SECONDS = 1, 5
# More than in production: a stage goes through in minutes what an installation does in years, on a busy machine.
MAX_ATTEMPTS = 10
UNSENT_SECONDS, LOST_SECONDS = 1, 3
TICK_SECONDS, LEASE_SECONDS = 0.5, 2.5
TRY_AGAIN_SECONDS = 3
# As in production, longer than a few contents are on their way.
LEFT_SECONDS = 10
LONGEST_BACKOFF, LOOK_AGAIN_SECONDS, APPROVAL_POLL_SECONDS = 2.0, 0.5, 1.0
REDELIVERED_MS = 5_000
# Longer than a worker may be frozen, as in production: whoever looks for a lost create must outwait its writer.
SETTLE_SECONDS = 8
NO_LIMIT = (10_000, 1.0)
# As in production, the first is longer than claims hold, and the last shorter than a lost create is looked for.
SILENT_SECONDS, SILENT_TRANSACTION_SECONDS, UNACKNOWLEDGED_SECONDS = 6, 6, 5


def main():
    shift, program = sys.argv[1:3]
    sys.argv = sys.argv[2:]
    set_clock(float(shift), program)
    seams.watch()
    sys.exit(PROGRAMS[program]())


def set_clock(seconds, program):
    """Every clock that a process of ours looks at; `datetime.now` cannot be replaced itself."""
    true = time.time
    time.time = lambda: true() + seconds + seams.step_of_clock(program)
    clock = importlib.import_module("db.clock")

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(time.time(), tz)

    clock.datetime = Shifted


def shorten():
    """Shorten the times of this process, and of those that it forks."""
    from db.runs import claims

    # First, because others take these by name when they are imported.
    claims.BEAT_SECONDS, claims.STALE_SECONDS, claims.MAX_ATTEMPTS = BEAT_SECONDS, STALE_SECONDS, MAX_ATTEMPTS
    from actors import scheduler
    from actors.copies import contents, tending
    from actors.queue import broker, run_actor
    from actors.rehearsals import awaited_runs
    from actors.restores import live_batch, outcomes
    from db import database
    from db.copies import copied_sets, looks, sent_contents
    from db.recovery import lost_runs
    from db.rehearsals import rehearsals
    from graph.transport import deadline, rate_limits

    database.SILENT_SECONDS, database.SILENT_TRANSACTION_SECONDS = SILENT_SECONDS, SILENT_TRANSACTION_SECONDS
    deadline.UNACKNOWLEDGED_SECONDS = UNACKNOWLEDGED_SECONDS
    lost_runs.UNSENT_SECONDS, lost_runs.LOST_SECONDS = UNSENT_SECONDS, LOST_SECONDS
    scheduler.TICK_SECONDS, scheduler.LEASE_SECONDS = TICK_SECONDS, LEASE_SECONDS
    run_actor.LONGEST_BACKOFF = LONGEST_BACKOFF
    outcomes.LOOK_AGAIN_SECONDS = live_batch.LOOK_AGAIN_SECONDS = LOOK_AGAIN_SECONDS
    outcomes.APPROVAL_POLL_SECONDS = APPROVAL_POLL_SECONDS
    broker.broker.heartbeat_timeout = REDELIVERED_MS
    sent_contents.PATIENCE = timedelta(seconds=LEFT_SECONDS)
    contents.ON_THEIR_WAY_SECONDS = LOOK_AGAIN_SECONDS
    copied_sets.TRY_AGAIN = tending.LOOK_AGAIN = looks.CLAIM = timedelta(seconds=TRY_AGAIN_SECONDS)
    rehearsals.REMOVAL_PAUSE = timedelta(seconds=TRY_AGAIN_SECONDS)
    awaited_runs._PAUSES, awaited_runs.LONGEST_PAUSE = (), LOOK_AGAIN_SECONDS
    rate_limits.LIMITS.update(dict.fromkeys(rate_limits.LIMITS, NO_LIMIT))


def _tenantkeep():
    from web.commands import main

    sys.argv = ["tenantkeep", *sys.argv]
    return main()


def _scheduler():
    shorten()
    return _tenantkeep()


def _worker():
    """Dramatiq and its children come through here too."""
    module, launched = importlib.import_module("actors.worker"), list(sys.orig_argv[:4])
    command = module._command
    module._command = lambda options: [
        *launched,
        *("tests.faults.app" if word == "actors.app" else word for word in command(options)[3:]),
    ]
    module.PAUSE_SECONDS = 0.1
    return _tenantkeep()


def _dramatiq():
    """With all that the worker processes import, before they are forked: else each of them does it for itself."""
    shorten()
    importlib.import_module("actors.all_actors")
    from dramatiq import cli

    return cli.main()


def be_another_process():
    """Take names of its own for this worker process, which has those of its master."""
    from actors.queue import broker, middleware

    middleware.PROCESS_NAME = f"{socket.gethostname()}:{os.getpid()}"
    broker.broker.broker_id = str(uuid4())


PROGRAMS = {
    "web": _tenantkeep,
    "worker": _worker,
    "scheduler": _scheduler,
    "dramatiq": _dramatiq,
}

if __name__ == "__main__":
    main()
