"""Run the work of an actor: claim the run, do the work, end the run; wait without holding a thread.

Retries are the database's, not Dramatiq's: docs/decisions/0002-own-retries.md.
"""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from actors.queue import held_claims
from actors.queue.enqueue import send
from db.database import DISK_FULL, is_disk_full
from db.runs import claims, completion
from db.runs.claims import Claim, ClaimLost
from db.states import RunKind
from graph.errors import Rejected, Throttled, Unavailable

logger = logging.getLogger(__name__)

# When Graph gives no Retry-After: 1, 2, 4 … seconds by attempt, capped, with jitter.
LONGEST_BACKOFF = 60.0
DEFAULT_THROTTLE_WAIT = 10.0
UNEXPECTED = "Something went wrong inside Tenantkeep. The worker's log has the details."


class Pause(Exception):
    """Nothing went wrong: the run waits, holding no thread, and goes on by itself. The reason is shown on its page."""

    # Waiting for people is no standing still.
    is_for_people = False

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(reason)
        self.reason, self.seconds = reason, seconds


class GivenUp(Exception):
    """The run cannot go on, and no other try of it could: it ends, with a sentence that says why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


@dataclass(frozen=True)
class Ends:
    """How work ends: once everything is done, and when it cannot be."""

    finish: Callable[[Claim], object] = completion.finish
    fail: Callable[[Claim, str, str, str | None], None] = completion.fail


WHOLE = Ends()


def work(run_id: int, kind: RunKind, do: Callable[[Claim], None], ends: Ends = WHOLE) -> None:
    """Claim the run and `do` it. A run that is ended, held by another message, or of another kind is none of ours."""
    claim = claims.take_claim(run_id, kind)
    if claim is None:
        logger.info("there is nothing to do for this message")
        return
    with held_claims.held(claim):
        try:
            _do_and_end(claim, do, ends)
        except ClaimLost:
            logger.warning("lost the claim; another worker has the run")


def _do_and_end(claim: Claim, do: Callable[[Claim], None], ends: Ends) -> None:
    try:
        if not claims.is_cancel_requested(claim):
            do(claim)
        ends.finish(claim)
    except Pause as e:
        claim.has_got_on |= e.is_for_people
        _pause(claim, e.reason, e.seconds)
    except Throttled as e:
        _wait(claim, e)
    except Unavailable as e:
        _try_again(claim, ends, e.code, e.sentence, e.request_id)
    except GivenUp as e:
        ends.fail(claim, e.code, e.sentence, None)
    except Rejected as e:
        ends.fail(claim, e.code, e.sentence, e.request_id)
    except ClaimLost:
        raise
    except Exception as e:
        # Not ours to understand here: the traceback goes to the log, the run is tried again, then given up.
        code, sentence = ("disk_full", DISK_FULL) if is_disk_full(e) else ("unexpected_error", UNEXPECTED)
        _try_again(claim, ends, code, sentence)
        raise


def _wait(claim: Claim, error: Throttled) -> None:
    seconds = DEFAULT_THROTTLE_WAIT if error.retry_after is None else error.retry_after
    reason = f"Microsoft Graph asks us to wait {seconds:.0f} s."
    if error.code == "budget":
        reason = f"Waiting {seconds:.0f} s, so as to stay within Microsoft Graph's limits."
    else:
        # All whom Graph refused come back a little apart. Our own budget lets them in one by one.
        seconds += random.uniform(0, 0.5)
    _pause(claim, reason, seconds)


def _pause(claim: Claim, reason: str, seconds: float) -> None:
    claims.wait(claim, reason, seconds)
    send(claim.run, delay_seconds=seconds)


def backoff(tries: int) -> float:
    """Seconds until another try, after so many."""
    return min(2.0**tries, LONGEST_BACKOFF) * random.uniform(0.75, 1.25)


def _try_again(claim: Claim, ends: Ends, code: str, sentence: str, request_id: str | None = None) -> None:
    seconds = backoff(claim.run.attempts)
    if claims.schedule_retry(claim, f"{sentence} Trying again in {seconds:.0f} s.", seconds):
        send(claim.run, delay_seconds=seconds)
    else:
        ends.fail(claim, code, sentence, request_id)
