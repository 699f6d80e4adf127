"""How every actor works: claim the run, do it, end it; wait without holding a thread; survive what goes wrong.

Retries are the database's: a run set aside is sent again with a delay, and by the scheduler when that message is lost.
Dramatiq's own would be lost when Redis is away at the moment an actor fails.
"""

import logging
import random
from collections.abc import Callable

from actors import claims
from actors.starting import send
from db import runs
from db.runs import Claim, ClaimLost
from graph.errors import Rejected, Throttled, Unavailable

logger = logging.getLogger(__name__)

# When Graph gives no Retry-After: 1, 2, 4 … seconds by attempt, capped, with jitter.
LONGEST_BACKOFF = 60.0
DEFAULT_THROTTLE_WAIT = 10.0


def work(run_id: int, do: Callable[[Claim], None]) -> None:
    """Claim the run and `do` it. A run that is ended, or held by another message, is none of ours."""
    claim = runs.claim(run_id)
    if claim is None:
        logger.info("run is ended or held by another message")
        return
    with claims.held(claim):
        try:
            _do_and_end(claim, do)
        except ClaimLost:
            logger.warning("lost the claim; another worker has the run")


def _do_and_end(claim: Claim, do: Callable[[Claim], None]) -> None:
    try:
        if not runs.cancel_requested(claim):
            do(claim)
        state = runs.finish(claim)
        logger.info("run ended", extra={"state": str(state)})
    except Throttled as e:
        seconds = DEFAULT_THROTTLE_WAIT if e.retry_after is None else e.retry_after
        _wait(claim, f"Microsoft Graph asks us to wait {seconds:.0f} s.", seconds + random.uniform(0, 0.5))
    except Unavailable as e:
        _try_again(claim, e.code, e.sentence, e.request_id)
    except Rejected as e:
        runs.fail(claim, e.code, e.sentence, e.request_id)
    except ClaimLost:
        raise
    except Exception:
        # Not ours to understand here: the traceback goes to the log, the run is tried again, then given up.
        _try_again(
            claim, "unexpected_error", "Something went wrong inside Tenantkeep. The worker's log has the details."
        )
        raise


def _wait(claim: Claim, reason: str, seconds: float) -> None:
    runs.wait(claim, reason, seconds)
    send(claim.run, delay_seconds=seconds)


def _try_again(claim: Claim, code: str, sentence: str, request_id: str | None = None) -> None:
    seconds = min(2.0**claim.run.attempts, LONGEST_BACKOFF) * random.uniform(0.75, 1.25)
    if runs.set_aside(claim, f"{sentence} Trying again in {seconds:.0f} s.", seconds):
        send(claim.run, delay_seconds=seconds)
    else:
        runs.fail(claim, code, sentence, request_id)
