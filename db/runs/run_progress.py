"""Progress of a run: how far it has got, and why it waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import peewee as pw

from db.database import Condition
from db.models import Run, RunItem
from db.sql.value_lists import is_in
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
    return counts_of_runs([run])[run.id]


def counts_of_runs(listed: Sequence[Run]) -> dict[int, dict[str, int]]:
    """Return run id -> what `count_by_state` says of it, in one statement for all."""
    active_ids = [run.id for run in listed if run.state in ACTIVE]
    by_run = _states_of_items(active_ids) if active_ids else {}
    return {run.id: _tally(by_run[run.id]) if run.id in by_run else _totals(run) for run in listed}


def _states_of_items(run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    rows = RunItem.select(RunItem.run, RunItem.state, pw.fn.COUNT(RunItem.id)).where(is_in(RunItem.run, run_ids))
    by_run: dict[int, dict[str, int]] = {run_id: {} for run_id in run_ids}
    for run_id, state, number in rows.group_by(RunItem.run, RunItem.state).tuples():
        by_run[run_id][state] = number
    return by_run


def _totals(run: Run) -> dict[str, int]:
    return {name: getattr(run, name) for name in ("total", "done", "skipped", "failed", "uncertain")}


def _tally(counts: dict[str, int]) -> dict[str, int]:
    names = (ItemState.DONE, ItemState.SKIPPED, ItemState.FAILED, ItemState.UNCERTAIN)
    return {"total": sum(counts.values()), **{str(name): counts.get(name, 0) for name in names}}


def waiting_reasons(listed: Sequence[Run]) -> dict[int, str]:
    """Return run id -> why the run, or one of its children, is waiting, in one statement for all."""
    with_parts = [run.id for run in listed if run.parts is not None and run.state in ACTIVE and not run.waiting]
    of_parts = _waiting_parts(with_parts) if with_parts else {}
    return of_parts | {run.id: run.waiting for run in listed if run.waiting}


def _waiting_parts(parent_ids: Sequence[int]) -> dict[int, str]:
    is_waiting = is_in(Run.parent, parent_ids) & Run.claimed_by.is_null() & Run.waiting.is_null(False)
    return dict(Run.select(Run.parent, pw.fn.MIN(Run.waiting)).where(is_waiting).group_by(Run.parent).tuples())


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


@dataclass(frozen=True)
class RunItemFilter:
    """A choice of a run's items. `ended`: an outcome, a state, NOTABLE or EVERY. `words`: all in the name."""

    ended: str = EVERY
    policy_type: str = ""
    words: Sequence[str] = ()


def page_of_items(run: Run, wanted: RunItemFilter, limit: int, offset: int) -> list[RunItem]:
    """Return some of the run's items, those that need a look first."""
    is_bad = pw.Case(None, [(RunItem.state.in_(NEEDS_ATTENTION), 0)], 1)
    query = RunItem.select().where(_is_wanted(run, wanted)).order_by(is_bad, RunItem.id)
    return list(query.limit(limit).offset(offset))


def count_by_type(run: Run, wanted: RunItemFilter) -> dict[str, int]:
    """Return policy type -> how many of the run's items are meant."""
    rows = RunItem.select(RunItem.policy_type, pw.fn.COUNT(RunItem.id)).where(_is_wanted(run, wanted))
    return dict(rows.group_by(RunItem.policy_type).tuples())


def count_bad_by_type(run: Run) -> list[tuple[str, str, int]]:
    """Return (policy type, state, items) for the items that somebody has to look at, the worst states first."""
    rows = RunItem.select(RunItem.policy_type, RunItem.state, pw.fn.COUNT(RunItem.id))
    counted = rows.where((RunItem.run == run) & RunItem.state.in_(NEEDS_ATTENTION))
    found = list(counted.group_by(RunItem.policy_type, RunItem.state).tuples())
    return sorted(found, key=lambda row: NEEDS_ATTENTION.index(ItemState(row[1])))


def count_by_part(run: Run) -> dict[int, tuple[int, int]]:
    """Return part -> (items, items that somebody has to look at)."""
    is_bad = pw.Case(None, [(RunItem.state.in_(NEEDS_ATTENTION), 1)], 0)
    rows = RunItem.select(RunItem.part, pw.fn.COUNT(RunItem.id), pw.fn.SUM(is_bad)).group_by(RunItem.part)
    return {part: (count, int(bad)) for part, count, bad in rows.where(
        (RunItem.run == run) & RunItem.part.is_null(False)).tuples()}  # fmt: skip


def _is_wanted(run: Run, wanted: RunItemFilter) -> Condition:
    condition: Any = RunItem.run == run
    if wanted.ended == NOTABLE:
        condition &= RunItem.state.in_(NEEDS_ATTENTION) | RunItem.outcome.not_in(QUIET_OUTCOMES)
    elif wanted.ended in NEEDS_ATTENTION:
        condition &= RunItem.state == wanted.ended
    elif wanted.ended != EVERY:
        condition &= RunItem.outcome == wanted.ended
    if wanted.policy_type:
        condition &= RunItem.policy_type == wanted.policy_type
    for word in wanted.words:
        condition &= RunItem.name.contains(word)
    return condition


def all_items(run: Run) -> list[RunItem]:
    return list(RunItem.select().where(RunItem.run == run).order_by(RunItem.id))
