"""The guard against locking everybody out, as a live run asks it again of all that it is about to write."""

from collections.abc import Sequence
from datetime import timedelta

from actors.queue.run_actor import Wait
from actors.reading.answer_memory import RunMemory
from actors.reading.lockout_check import LockoutCheck
from actors.restores import publishing_delays
from actors.restores.outcomes import LOOK_AGAIN_SECONDS, OutcomeRecorder
from db.clock import utcnow
from db.models import Restore, RestoreItem
from db.restores import four_eyes
from db.runs.claims import Claim
from db.states import ItemState, Outcome
from graph.errors import GraphError
from graph.read.bins import ACCESS, GROUPS
from graph.transport.client import GraphClient
from graph.write.write_requests import PolicyContent

# Who is left for emergencies is asked again after this time: a run may go on for hours.
HOLDS_FOR = timedelta(seconds=20)
_NOT_SHOWN_YET = "Waiting until the members of “{}” are shown. It was brought back just now."


class LiveGuard:
    """The guard of one batch."""

    def __init__(self, claim: Claim, restore: Restore, graph: GraphClient, recorder: OutcomeRecorder) -> None:
        self._claim, self._restore, self._recorder = claim, restore, recorder
        self._lately = RunMemory(claim, "emergency", {None: utcnow() - HOLDS_FOR})
        self._lockouts = LockoutCheck(graph, four_eyes.break_glass_list(restore), self._lately)

    def judges(self, item: RestoreItem) -> bool:
        """Tell whether the item is to be judged. An override counts only for items that the plan held back."""
        is_overridden = self._restore.guard_reason and item.reason == "guard"
        return item.policy_type == ACCESS and item.content_id is not None and not is_overridden

    def lets_pass(self, item: RestoreItem, contents: Sequence[PolicyContent]) -> bool:
        """Tell whether the item may be written now; if not, finish it, or note what it waits for."""
        try:
            danger = self._lockouts.find_danger(item.policy_type, contents)
        except GraphError as e:
            self._recorder.record_error(item, e)
            return False
        if danger and (group := self._group_just_back(item)):
            self._lately.forget([None])
            self._recorder.retry_later(Wait(_NOT_SHOWN_YET.format(group), LOOK_AGAIN_SECONDS))
        elif danger:
            message = f"{danger} Preview it again: a manager can override this with a reason, before it is executed."
            self._recorder.finish_item(item, ItemState.SKIPPED, Outcome.BLOCKED, "guard", message)
        return not danger

    def _group_just_back(self, item: RestoreItem) -> str:
        """Return the name of a group that it leaves out and that this run brought back; "" where there is none.

        Its members may not be shown yet.
        """
        made = publishing_delays.created_by_run(item, self._claim.run, None)
        return next((needed.name for needed in made if needed.policy_type == GROUPS and needed.is_young), "")
