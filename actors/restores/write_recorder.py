"""The ledger of a live restore: each write is in the database before it is sent, and so is its answer.

Why: docs/decisions/0011-write-log.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from db.database import database
from db.policies import snapshots
from db.policies.snapshots import SnapshotDraft
from db.recovery import write_log
from db.recovery.write_log import WriteAnswer, WriteIntent
from db.runs import claims
from db.runs.claims import Claim
from db.states import WriteState
from graph.errors import ApprovalNeeded, Rejected, Throttled
from graph.restore.executor import RestoreTask, request_hash
from graph.transport.client import Answer, Request
from graph.write.write_requests import created_id


class WriteLedger:
    """`looks`: what is to be kept of some items before they are written."""

    def __init__(
        self,
        claim: Claim,
        orders: Mapping[int, RestoreTask],
        known_ids: Mapping[int, Sequence[str]],
        looks: Callable[[Iterable[int]], list[SnapshotDraft]],
    ) -> None:
        self._claim, self._orders, self._known_ids, self._looks = claim, orders, known_ids, looks
        self._sent: dict[int, tuple[int, Request]] = {}
        self._ended: dict[int, WriteState] = {}

    def record_sending(self, requests: Sequence[tuple[int, Request]]) -> Sequence[int]:
        reads = self._looks({item_id for item_id, _ in requests})
        with database.atomic():
            claims.assert_claim(self._claim)
            snapshots.save(self._claim.run, reads)
            marks = write_log.record(self._claim, [self._intent(item_id, request) for item_id, request in requests])
        self._sent |= dict(zip(marks, requests, strict=True))
        return marks

    def items(self, *states: WriteState) -> set[int]:
        """Those with a write that ended in one of these."""
        return {self._sent[mark][0] for mark, state in self._ended.items() if state in states}

    def _intent(self, item_id: int, request: Request) -> WriteIntent:
        known = list(self._known_ids.get(item_id, ())) if request.creates else None
        return WriteIntent(item_id, request.method, request.path, request_hash(request), known)

    def record_answers(self, marks: Sequence[int], answers: Sequence[Answer]) -> None:
        results = [self._result(mark, answer) for mark, answer in zip(marks, answers, strict=True)]
        self._ended |= {one.write_id: one.state for one in results}
        write_log.record_answers(results)
        if any(one.state == WriteState.ANSWERED for one in results):
            claims.reset_attempts(self._claim)

    def _result(self, mark: int, answer: Answer) -> WriteAnswer:
        item_id, request = self._sent[mark]
        if answer.error is None:
            return WriteAnswer(
                mark, WriteState.ANSWERED, item_id=item_id, created_id=self._made(item_id, request, answer)
            )
        error = answer.error
        approval = error.approval if isinstance(error, ApprovalNeeded) else None
        return WriteAnswer(mark, _state(answer), error.code, error.request_id, approval)

    def _made(self, item_id: int, request: Request, answer: Answer) -> str | None:
        order = self._orders[item_id]
        if not request.creates or order.want is None:
            return None
        return created_id(order.policy_type, order.want, answer.body or {}, order.token)


def _state(answer: Answer) -> WriteState:
    """What Graph or our own budget refused was not applied; whatever else has no answer may have been."""
    error = answer.error
    if isinstance(error, ApprovalNeeded):
        return WriteState.WAITING
    is_refused = isinstance(error, Rejected) or (isinstance(error, Throttled) and not error.is_in_doubt)
    return WriteState.REFUSED if is_refused else WriteState.UNKNOWN
