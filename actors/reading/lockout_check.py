"""The guard against locking everybody out, with the tenant at hand: a plan asks it, and each live run asks it again."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from actors.reading.answer_memory import RunMemory
from graph.read.emergency_access import find_absences
from graph.references.reference_kinds import GROUPS
from graph.references.references import fold_id
from graph.review.lockout_guard import find_lockout
from graph.transport.batch_driver import drive_one
from graph.transport.client import GraphClient
from graph.write.write_requests import PolicyContent


class LockoutCheck:
    """The guard of one plan, or of one batch of a live run.

    Whether anybody is left who is named for emergencies is asked once, and only where a policy excludes all of them.
    """

    def __init__(
        self,
        graph: GraphClient,
        break_glass: Sequence[Mapping[str, str]],
        memory: RunMemory,
        *,
        is_last_try: bool = False,
    ) -> None:
        self._graph, self.break_glass, self._memory, self._is_last_try = graph, break_glass, memory, is_last_try
        self._coming_back: set[str] = set()

    def expect(self, policy_type: str, graph_id: str) -> None:
        """Count on what the plan brings back: a group comes back with its members.

        A live run expects nothing: it asks when the group is back.
        """
        if policy_type == GROUPS:
            self._coming_back.add(fold_id(graph_id))

    def find_danger(self, policy_type: str, contents: Iterable[PolicyContent]) -> str:
        """Return why one of these contents could lock everybody out; "" where none could.

        Raises what the question who is left has to wait for.
        """
        dangers = (find_lockout(policy_type, content, self.break_glass, self._find_absences) for content in contents)
        return next(filter(None, dangers), "")

    def _find_absences(self) -> Sequence[str]:
        comes_back = any(fold_id(entry["id"]) in self._coming_back for entry in self.break_glass)
        return () if comes_back else self._absences

    @cached_property
    def _absences(self) -> Sequence[str]:
        reading = find_absences(self.break_glass, is_last_try=self._is_last_try)
        return drive_one(self._graph, reading, self._memory, is_asked_anew=True)
