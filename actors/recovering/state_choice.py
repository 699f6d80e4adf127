"""The state and the sets that a recovery takes: the newest that are proved, and not those with the latest names.

Recovery and the yearly proof of a key go by it alike: who proved a key opened what a recovery would take.
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from actors.recovering.source import CopySource, StateAbout, Unproved
from db.clock import utcnow
from db.errors import Invalid

CLOCKS_DIFFER = timedelta(days=1)
AHEAD = "its time has not come, so a clock was ahead when it was pushed. Give its time with --as-of, and it is taken."
OVERTAKEN = (
    "another state was pushed after it, so a clock was ahead when it was pushed. Give its time with --as-of, and it is "
    "taken."
)
UNTOLD = (
    "nothing that is signed tells its size: it is of an older version of Tenantkeep, or somebody else's. Give its time "
    "with --as-of, and it is looked at."
)


@dataclass(frozen=True)
class ChosenState:
    at: datetime
    name: str
    lines: gzip.GzipFile
    # What was tried before it, and is not what was pushed; and what has a later name and is doubted, with why.
    unproved: list[str]
    doubted: list[str] = field(default_factory=list)


@contextmanager
def open_chosen(source: CopySource, as_of: datetime | None = None) -> Iterator[ChosenState]:
    """Open the newest state that is proved. Raises Invalid when there is none."""
    states, doubts = in_order(source, as_of)
    unproved: list[str] = []
    for at, name in states:
        with ExitStack() as opened:
            try:
                lines = opened.enter_context(source.open_state(name))
            except Unproved as e:
                unproved.append(str(e))
                doubts.pop(name, None)
                continue
            doubted = [f"{other}: {doubts[other]}" for then, other in states if then > at and other in doubts]
            yield ChosenState(at, name, lines, unproved, doubted)
            return
    raise Invalid(_why_none(source, unproved, as_of))


def _why_none(source: CopySource, unproved: Sequence[str], as_of: datetime | None) -> str:
    if unproved:
        return f"No state in the store can be believed. {unproved[0]}"
    if as_of is not None:
        return "The store has no state that is old enough."
    count = len(source.sets())
    if count:
        return (
            f"The store has {count} set(s), and no state: somebody deleted all of them, or none was pushed yet. Where "
            "it keeps versions, its own tools undelete them. Sets and contents open with age: docs/copies.md."
        )
    return "The store has no state yet: there is nothing to open. A worker of the installation pushes one each day."


def in_order(source: CopySource, as_of: datetime | None = None) -> tuple[list[tuple[datetime, str]], dict[str, str]]:
    """Return (time, name) of the states, the first to be taken first, and name -> why of those that are doubted."""
    states = [(at, name) for at, name in source.states() if as_of is None or at <= as_of]
    doubts = _doubts(source, states, as_of)
    # Those last: what was pushed after them may have an older name.
    return sorted(states, key=lambda state: state[1] in doubts), doubts


def _doubts(source: CopySource, states: Sequence[tuple[datetime, str]], as_of: datetime | None) -> dict[str, str]:
    """Return the states that are not to be taken for the newest by their names, with why; none that was asked for."""
    told = {name: _about(source, name) for _, name in states}
    overtaken = {other for about in told.values() if about for other in about.overtaken}
    doubts = {}
    for at, name in states:
        if as_of is not None and as_of in {at, at.replace(second=0)}:
            continue
        if as_of is None and at > utcnow() + CLOCKS_DIFFER:
            doubts[name] = AHEAD
        elif name in overtaken:
            doubts[name] = OVERTAKEN
        elif told[name] is None:
            doubts[name] = UNTOLD
    return doubts


def _about(source: CopySource, name: str) -> StateAbout | None:
    try:
        return source.about_state(name)
    except Unproved:
        return None
