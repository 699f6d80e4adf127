"""The order in which states are tried: the newest that was pushed, and not the one with the latest name.

Recovery and the yearly proof of a key go by it alike: who proved a key opened what a recovery would take.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from actors.recovering.source import CopySource, StateAbout, Unproved
from db.clock import utcnow

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
