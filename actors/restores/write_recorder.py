"""Records the writes of a live restore: each is in the database before it is sent, and its answer when it comes.

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
from graph.read import bins
from graph.restore.executor import RestoreTask, request_hash
from graph.transport.client import REQUEST_ID, Answer, Request
from graph.write.write_requests import created_id


class WriteRecorder:
    """The write log of one batch, for graph.transport.batch_driver.

    `looks` returns drafts of what is there of some items, by their ids, to be saved before those are written.
    """

    def __init__(
        self,
        claim: Claim,
        tasks: Mapping[int, RestoreTask],
        known_ids: Mapping[int, Sequence[str]],
        looks: Callable[[Iterable[int]], list[SnapshotDraft]],
    ) -> None:
        self._claim, self._tasks, self._known_ids, self._looks = claim, tasks, known_ids, looks
        self._sent: dict[int, tuple[int, Request]] = {}
        self._ended: dict[int, WriteState] = {}

    def record_sending(self, requests: Sequence[tuple[int, Request]]) -> Sequence[int]:
        drafts = self._looks({item_id for item_id, _ in requests})
        with database.atomic():
            claims.assert_claim(self._claim)
            snapshots.save(self._claim.run, drafts)
            write_ids = write_log.record(self._claim, [self._intent(item_id, request) for item_id, request in requests])
        self._sent |= dict(zip(write_ids, requests, strict=True))
        return write_ids

    def items(self, *states: WriteState) -> set[int]:
        """Return the ids of items with a write that ended in one of these states."""
        return {self._sent[write_id][0] for write_id, state in self._ended.items() if state in states}

    def _intent(self, item_id: int, request: Request) -> WriteIntent:
        known = list(self._known_ids.get(item_id, ())) if request.creates else None
        return WriteIntent(
            item_id, request.method, request.path, request_hash(request), known, request.headers.get(REQUEST_ID)
        )

    def record_answers(self, write_ids: Sequence[int], answers: Sequence[Answer]) -> None:
        results = [self._result(write_id, answer) for write_id, answer in zip(write_ids, answers, strict=True)]
        self._ended |= {result.write_id: result.state for result in results}
        write_log.record_answers(results)
        if any(result.state == WriteState.ANSWERED for result in results):
            claims.reset_attempts(self._claim)

    def _result(self, write_id: int, answer: Answer) -> WriteAnswer:
        item_id, request = self._sent[write_id]
        if answer.error is None:
            return WriteAnswer(
                write_id, WriteState.ANSWERED, item_id=item_id, created_id=self._made(item_id, request, answer)
            )
        error = answer.error
        approval = error.approval if isinstance(error, ApprovalNeeded) else None
        return WriteAnswer(write_id, _state(answer), error.code, error.request_id, approval)

    def _made(self, item_id: int, request: Request, answer: Answer) -> str | None:
        task = self._tasks[item_id]
        if task.kept and bins.is_restore_request(task.policy_type.key, request):
            return bins.restored_id(answer.body, task.kept.graph_id)
        if not request.creates or task.want is None:
            return None
        return created_id(task.policy_type, task.want, answer.body or {}, task.token)


def _state(answer: Answer) -> WriteState:
    """Return the write's state. One that Graph or our own budget refused was not applied; any other may have been."""
    error = answer.error
    if isinstance(error, ApprovalNeeded):
        return WriteState.WAITING
    is_refused = isinstance(error, Rejected) or (isinstance(error, Throttled) and not error.is_in_doubt)
    return WriteState.REFUSED if is_refused else WriteState.UNKNOWN
