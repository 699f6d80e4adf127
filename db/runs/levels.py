"""The level of a run: green is what lacks nothing that was asked for, in Python and in SQL alike."""

from collections.abc import Collection
from typing import Any

import peewee as pw

from db.database import Condition, is_sqlite
from db.models import IS_UNWELL, Run, RunItem
from db.states import ACTIVE, Level, Outcome, RunKind, RunState

# The error code of a succeeded run that lacks something, where the item that lacks it has no code of its own.
LACKING = "lacking"
_BY_STATE = {
    RunState.QUEUED: Level.RUNNING,
    RunState.RUNNING: Level.RUNNING,
    RunState.PARTIAL: Level.ATTENTION,
    RunState.FAILED: Level.BAD,
    RunState.CANCELLED: Level.NEUTRAL,
}
# Levels of runs that have ended, the best first.
OF_ENDED = (Level.GOOD, Level.ATTENTION, Level.BAD, Level.NEUTRAL)
# Outcomes that fall short of what was asked for, although nothing failed: in runs of every kind, and of some.
SHORT = (Outcome.FORBIDDEN, Outcome.BLOCKED, Outcome.LEFT_OUT)
SHORT_IN_KIND = {RunKind.BACK_UP: Outcome.NOT_AVAILABLE, RunKind.CAPTURE_SNAPSHOT: Outcome.GONE}
DIFFERS = "differs"
# The error code of a restore that is done as asked, and left a policy weaker, incomplete or assigned to nobody.
WEAKER = "weaker"


def first_lacking(run: Run) -> RunItem | None:
    """Return the first item that fell short of what the run was asked for, although nothing failed."""
    is_short = RunItem.outcome.in_([*SHORT, SHORT_IN_KIND.get(RunKind(run.kind), Outcome.FORBIDDEN)])
    if run.kind == RunKind.RESTORE:
        is_short |= RunItem.reason == DIFFERS
    item: RunItem | None = RunItem.select().where((RunItem.run == run) & is_short).order_by(RunItem.id).first()
    return item


def level_of(run: Run) -> Level:
    """Return the level. A succeeded run that lacks something has an error code: the first thing that it lacks."""
    if run.state == RunState.SUCCEEDED:
        return Level.ATTENTION if run.error_code else Level.GOOD
    return _BY_STATE[RunState(run.state)]


# The same for a statement.
IS_GOOD = (Run.state == RunState.SUCCEEDED) & Run.error_code.is_null()
# Of runs that are no parts; as Run's indexes `run_unwell…` have it, which need not read a run for it.
NEEDS_ATTENTION = IS_UNWELL & Run.state.in_([RunState.PARTIAL, RunState.FAILED, RunState.SUCCEEDED])
# The states that those indexes have, whatever else is known of a run.
_UNWELL = frozenset({RunState.PARTIAL, RunState.FAILED, RunState.CANCELLED})


def is_listed_in(states: Collection[RunState]) -> Condition:
    """Return the condition that a run is in one of the states, and no part of another."""
    is_in_state = Run.parent.is_null() & Run.state.in_(list(states))
    if not is_sqlite() or not _UNWELL.issuperset(states):
        return is_in_state
    # PostgreSQL knows how few they are, and that the indexes have them. SQLite has to be told, and would take an index
    # of states before one of whose or what they are.
    return IS_UNWELL & pw.fn.COALESCE(Run.state, Run.state).in_(list(states))


def as_column() -> Any:
    """Return the level as a column of a select."""
    cases = [(IS_GOOD, str(Level.GOOD)), (Run.state == RunState.SUCCEEDED, str(Level.ATTENTION))]
    cases += [(Run.state == str(state), str(level)) for state, level in _BY_STATE.items() if state not in ACTIVE]
    return pw.Case(None, cases, str(Level.RUNNING))
