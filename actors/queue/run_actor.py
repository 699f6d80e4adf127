"""Run the work of an actor: claim the run, do the work, end the run; wait without holding a thread.

Retries are the database's, not Dramatiq's: docs/decisions/0002-own-retries.md.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from actors.process import logs, tracing
from actors.process.tracing import SpanKind
from actors.queue import held_claims
from actors.queue.enqueue import enqueue
from db.database import DISK_FULL, is_disk_full
from db.runs import claims, completion
from db.runs.claims import Claim, ClaimLost
from db.states import RunKind
from graph.errors import Rejected, Throttled, Unavailable

logger = logging.getLogger(__name__)

# Seconds. Without a Retry-After from Graph: 1, 2, 4 … by attempt, up to this, with jitter.
LONGEST_BACKOFF = 60.0
DEFAULT_THROTTLE_WAIT = 10.0
UNEXPECTED_ERROR = "Something went wrong inside Tenantkeep. The worker's log has the details."


class Wait(Exception):
    """The run has to wait, though nothing went wrong. It holds no thread meanwhile; its page shows the reason."""

    # A wait for people does not count against the run's attempts.
    is_for_people = False

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.reason, self.seconds = reason, seconds


class GivenUp(Exception):
    """The run cannot go on, and no other attempt could: it ends with this sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@dataclass(frozen=True)
class Completion:
    """The functions that end a run: `finish` when everything is done, `fail` when it cannot be."""

    finish: Callable[[Claim], object] = completion.finish
    fail: Callable[[Claim, str, str, str | None], None] = completion.fail


DEFAULT_COMPLETION = Completion()


def run_claimed(
    run_id: int, kind: RunKind, do: Callable[[Claim], None], completion: Completion = DEFAULT_COMPLETION
) -> None:
    """Claim the run, `do` its work, and end it. Does nothing if it has ended, is held, or is of another kind."""
    claim = claims.take_claim(run_id, kind)
    if claim is None:
        logger.info("there is nothing to do for this message")
        return
    logs.bind_also(request_id=claim.run.asked_in)
    run = claim.run
    numbers = {"tenantkeep.run": run.id, "tenantkeep.tenant": run.tenant_id, "tenantkeep.request": run.asked_in}
    with held_claims.holding(claim), tracing.span(kind, SpanKind.CONSUMER, run.trace, numbers):
        try:
            _do_and_complete(claim, do, completion)
        except ClaimLost:
            logger.warning("lost the claim; another worker has the run")


def _do_and_complete(claim: Claim, do: Callable[[Claim], None], completion: Completion) -> None:
    try:
        if not claim.run.cancel_requested_at:
            do(claim)
        completion.finish(claim)
    except Wait as e:
        claim.has_progressed |= e.is_for_people
        _set_aside(claim, e.reason, e.seconds)
    except Throttled as e:
        _wait_for_graph(claim, e)
    except Unavailable as e:
        _try_again(claim, completion, e.code, e.sentence, e.request_id)
    except GivenUp as e:
        completion.fail(claim, e.code, e.sentence, None)
    except Rejected as e:
        completion.fail(claim, e.code, e.sentence, e.request_id)
    except ClaimLost:
        raise
    except Exception as e:
        # Any other error: the traceback goes to the log, the run is tried again, and given up after some attempts.
        code, sentence = ("disk_full", DISK_FULL) if is_disk_full(e) else ("unexpected_error", UNEXPECTED_ERROR)
        _try_again(claim, completion, code, sentence)
        raise


def _wait_for_graph(claim: Claim, error: Throttled) -> None:
    seconds = DEFAULT_THROTTLE_WAIT if error.retry_after is None else error.retry_after
    reason = f"Microsoft limit reached, continuing in {seconds:.0f} s."
    if error.code != "budget":
        # Runs that Graph refused together come back a little apart. Our own budget lets them in one by one.
        seconds += random.uniform(0, 0.5)
    _set_aside(claim, reason, seconds)


def _set_aside(claim: Claim, reason: str, seconds: float) -> None:
    claims.wait(claim, reason, seconds)
    enqueue(claim.run, delay_seconds=seconds)


def backoff_seconds(tries: int) -> float:
    """Return how long to wait after so many tries."""
    return min(2.0**tries, LONGEST_BACKOFF) * random.uniform(0.75, 1.25)


def _try_again(claim: Claim, completion: Completion, code: str, sentence: str, request_id: str | None = None) -> None:
    seconds = backoff_seconds(claim.run.attempts)
    if claims.schedule_retry(claim, f"{sentence} Trying again in {seconds:.0f} s.", seconds):
        enqueue(claim.run, delay_seconds=seconds)
    else:
        completion.fail(claim, code, sentence, request_id)
