"""The stints of runs: when each, and each part of a large one, was worked on, and what it waited for in between.

A run that never waited has none: its own times say it all.
"""

from collections.abc import Sequence
from datetime import datetime

import peewee as pw

from db.clock import utcnow
from db.models import Run, Stint

# Of one run or part; a wait after that is added to the newest. So a run that asks every minute for an approval that
# takes days leaves no more.
MOST_STINTS = 40
LOST = "Its worker stopped; another one takes over."
LONGEST_REASON = 200


def record(run: Run, began_at: datetime | None, waits_for: str | None = None, seconds: float = 0) -> None:
    """Record that work on a run, or a part, stops now: it is done, or it waits so many seconds for something.

    In a transaction, before a part's own row is taken: the row of the whole comes first (db/sql/lock_order.py).
    """
    now, reason = utcnow(), waits_for and waits_for[:LONGEST_REASON]
    before = list(_of_part(run)) if waits_for else []
    if len(before) >= MOST_STINTS:
        newest = max(before, key=lambda stint: stint.id)
        waited = max((now - newest.ended_at).total_seconds(), newest.wait_seconds)
        changed = {"wait_seconds": waited + seconds, "times": Stint.times + 1, "waits_for": reason}
        Stint.update(changed).where(Stint.id == newest.id).execute()
        return
    Stint.create(
        run=run.parent_id or run.id,
        part=run.part,
        queued_at=run.created_at,
        began_at=began_at,
        ended_at=now,
        waits_for=reason,
        wait_seconds=seconds,
    )


def record_end(run: Run, began_at: datetime) -> None:
    """Record the last stint of a run that ends, where it waited before."""
    if run.parts is None and _of_part(run).exists():
        record(run, began_at)


def of_run(run: Run) -> Sequence[Stint]:
    """Return the stints of a run and of its parts, in the order in which they ended."""
    return list(Stint.select().where(Stint.run == run).order_by(Stint.id))


def parts_under_way(run: Run) -> Sequence[Run]:
    """Return the parts of a run that have not ended."""
    return list(Run.select().where(Run.parent == run.id).order_by(Run.part))


def _of_part(run: Run) -> pw.ModelSelect:
    is_part = Stint.part.is_null() if run.part is None else Stint.part == run.part
    return Stint.select().where((Stint.run == (run.parent_id or run.id)) & is_part)
