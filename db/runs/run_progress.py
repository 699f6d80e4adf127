"""Progress of a run: how far it has got, and why it waits."""

import peewee as pw

from db.models import Run, RunItem
from db.states import ACTIVE, ItemState, Outcome

# States of an item that somebody has to look at.
NEEDS_ATTENTION = (ItemState.FAILED, ItemState.UNCERTAIN, ItemState.SKIPPED)

# Outcomes that say no more than that an item was looked at.
QUIET_OUTCOMES = (Outcome.UNCHANGED, Outcome.LISTED, Outcome.MATCHES, Outcome.EXISTS, Outcome.READ)
# Which items to return: those of which there is something to say, or all.
NOTABLE, EVERY = "notable", "all"


def waiting_reason(run: Run) -> str | None:
    """Return why the run, or one of its children, is waiting; None if it is not."""
    if run.waiting or run.parts is None:
        return run.waiting
    parts = Run.select(Run.waiting).where(
        (Run.parent == run.id) & Run.claimed_by.is_null() & Run.waiting.is_null(False)
    )
    row = parts.tuples().first()
    return row[0] if row else None


def count_by_state(run: Run) -> dict[str, int]:
    """Return the items in each state now: {"total", "done", "skipped", "failed", "uncertain"}."""
    if run.state not in ACTIVE:
        return {name: getattr(run, name) for name in ("total", "done", "skipped", "failed", "uncertain")}
    rows = RunItem.select(RunItem.state, pw.fn.COUNT(RunItem.id)).where(RunItem.run == run).group_by(RunItem.state)
    counts = dict(rows.tuples())
    names = (ItemState.DONE, ItemState.SKIPPED, ItemState.FAILED, ItemState.UNCERTAIN)
    return {"total": sum(counts.values()), **{str(name): counts.get(name, 0) for name in names}}


def count_by_outcome(run: Run) -> dict[str, int]:
    rows = (
        RunItem.select(RunItem.outcome, pw.fn.COUNT(RunItem.id))
        .where((RunItem.run == run) & RunItem.outcome.is_null(False))
        .group_by(RunItem.outcome)
        .order_by(RunItem.outcome)
    )
    return dict(rows.tuples())


def has_captured(run: Run, policy_type: str) -> bool:
    """Return whether the run captured a policy of the type."""
    of_type = (RunItem.run == run) & (RunItem.policy_type == policy_type) & RunItem.snapshot.is_null(False)
    return bool(RunItem.select().where(of_type).exists())


def page_of_items(run: Run, ended: str, limit: int, offset: int) -> list[RunItem]:
    """Return some of the run's items, those that need a look first. `ended`: an outcome, a state, NOTABLE or EVERY."""
    query = RunItem.select().where(RunItem.run == run)
    if ended == NOTABLE:
        query = query.where(RunItem.state.in_(NEEDS_ATTENTION) | RunItem.outcome.not_in(QUIET_OUTCOMES))
    elif ended in NEEDS_ATTENTION:
        query = query.where(RunItem.state == ended)
    elif ended != EVERY:
        query = query.where(RunItem.outcome == ended)
    is_bad = pw.Case(None, [(RunItem.state.in_(NEEDS_ATTENTION), 0)], 1)
    return list(query.order_by(is_bad, RunItem.id).limit(limit).offset(offset))


def all_items(run: Run) -> list[RunItem]:
    return list(RunItem.select().where(RunItem.run == run).order_by(RunItem.id))
