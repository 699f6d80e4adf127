"""The steps of the scheduler's sweep. An error in one step, or with one of its rows, holds up no other.

Each error is logged, set aside (db/recovery/setbacks.py) and tried again later. Only a database that is away ends the
whole sweep, until the next.
"""

import logging
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis

from actors.process import logs
from db.database import is_unreachable
from db.models import Setback
from db.recovery import setbacks
from db.recovery.setbacks import WHOLE_STEP
from db.states import Sweep
from graph.errors import redact

logger = logging.getLogger(__name__)


def _do_nothing(_row: Any) -> None:
    pass


@dataclass(frozen=True)
class Step:
    """One step: finds rows and handles each, for `seconds` at most; the next sweep goes on with the rest."""

    name: Sweep
    # Returns the rows to handle, without those whose ids are given; a step without rows does its work here.
    find: Callable[[Collection[int]], Sequence[Any]]
    handle: Callable[[Any], object] = _do_nothing
    seconds: float = math.inf


def run_step(step: Step, known: Sequence[Setback]) -> None:
    """Take one step. `known`: the step's setbacks; those whose next try has not come yet are left alone."""
    apart = {setback.subject for setback in known if setbacks.is_postponed(setback)}
    if WHOLE_STEP in apart:
        return
    well: set[int] = set()
    with _isolated(step, WHOLE_STEP):
        rows = step.find(apart)
        well.add(WHOLE_STEP)
        well |= {setback.subject for setback in known} - apart - {row.id for row in rows}  # done elsewhere, or gone
        until = time.monotonic() + step.seconds
        for row in rows:
            with _isolated(step, row.id):
                step.handle(row)
                well.add(row.id)
            if time.monotonic() > until:
                break
    setbacks.delete(step.name, well & {setback.subject for setback in known})


@contextmanager
def _isolated(step: Step, subject: int) -> Iterator[None]:
    """Log and set aside an error of the body. Raises it if the database is away: nothing else works then."""
    try:
        yield
    except redis.RedisError:
        # Redis is away, and /readyz and doctor say so. Whatever needs it is due again at the next tick.
        logger.warning("Redis does not answer", exc_info=True, extra=logs.REPEATED)
    except Exception as e:
        if is_unreachable(e):
            raise
        times = setbacks.record(step.name, subject, redact(f"{type(e).__name__}: {logs.first_line(e)}")).times
        logger.exception("a step of the sweep failed", extra={"step": step.name, "row": subject, "times": times})


def once(act: Callable[[], object]) -> Callable[[Collection[int]], Sequence[Any]]:
    """Make a step's `find` of a function that has no rows."""

    def find(_apart: Collection[int]) -> Sequence[Any]:
        act()
        return ()

    return find


def without(find: Callable[[], Sequence[Any]]) -> Callable[[Collection[int]], Sequence[Any]]:
    """Make a step's `find` of a query that returns few rows, and leaves none out."""
    return lambda apart: [row for row in find() if row.id not in apart]
