"""One change of one object, before it is told in the words of a log."""

from dataclasses import dataclass
from datetime import UTC, datetime

from graph.simulator.audit.doers import RecordedDoer
from graph.simulator.store.state import Object


@dataclass(frozen=True)
class Touch:
    """`path`: the collection. `before` is None for what was made, `after` for what was removed.

    `lag_s`: the records are to be seen so many seconds after the time they carry.
    """

    path: str
    object_id: str
    before: Object | None
    after: Object | None
    doer: RecordedDoer
    correlation: str
    at: datetime
    is_assignment: bool = False
    lag_s: float | None = None

    @property
    def shown(self) -> Object:
        """The object as it is, or was."""
        return self.after if self.after is not None else self.before or {}

    @property
    def operation(self) -> str:
        if self.before is None:
            return "Create"
        return "Delete" if self.after is None else "Patch"

    @property
    def name(self) -> str:
        return name_of(self.shown) or "<null>"


def name_of(item: Object) -> str:
    return str(item.get("displayName") or item.get("name") or item.get("profileName") or item.get("tokenName") or "")


def graph_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
