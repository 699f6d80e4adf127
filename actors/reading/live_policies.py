"""Reads the live policies that a preview's items match: some are on their way while others are being worked on.

Reading may be interrupted after any of them, and another message goes on with the rest.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import is_final, next_to_read, postpone, unfinished_items
from db.database import database
from db.models import RestoreItem, RunItem
from db.policies import snapshots
from db.restores import restore_items
from db.runs import claims, run_items
from db.runs.claims import Claim
from db.sql.value_lists import batched
from graph.content.fingerprint import fingerprint
from graph.errors import GraphError, NotFound
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading, read_policy
from graph.restore.planner import live_fingerprint
from graph.transport.batch_driver import SIDE_BY_SIDE, RequestSteps, drive
from graph.transport.client import BATCH_SIZE, GraphClient
from graph.write.write_requests import PolicyContent

# As many as go side by side. One batch is left to what the plan asks for meanwhile.
READ_AT_ONCE = (SIDE_BY_SIDE - 1) * BATCH_SIZE
NOTHING_THERE: Mapping[str, Any] = MappingProxyType({"live_content": None, "live_mark": None})
# Its fingerprint, and its content.
LiveContent = tuple[str, PolicyContent]


@dataclass(frozen=True)
class _Looks:
    """Readings under way: of those of the batch that have a match, by the ids of their rows. None: they were left."""

    batch: Mapping[RunItem, RestoreItem]
    memory: RunMemory
    coming: Future[dict[int, Reading | GraphError] | None]


class LivePolicies:
    """Finds what the target tenant has of the items of one preview.

    `target_ids`: returns the id of the policy that each of these items matches, if any.
    """

    def __init__(
        self,
        claim: Claim,
        graph: GraphClient,
        items: Sequence[RestoreItem],
        target_ids: Callable[[Sequence[RestoreItem]], list[str | None]],
    ) -> None:
        self._claim, self._graph, self._target_ids = claim, graph, target_ids
        self._items = {item.id: item for item in items}
        self._unread_ids: set[int] = set()
        # Item id -> what was read of it, until it is taken.
        self._found: dict[int, LiveContent] = {}
        # Whether Graph had some of a batch wait: the next batch is not sent then.
        self._is_interrupted = False

    def read(self) -> Iterator[None]:
        """Read them all, some batches at a time, and yield while each is on its way. Raises what makes the run wait.

        The caller works meanwhile on what was read, and at first on what it needs of the backup.
        """
        with ThreadPoolExecutor(1, initializer=database.connect) as thread:
            try:
                while todo := self._unread():
                    yield from self._read(todo, thread)
            finally:
                thread.submit(database.close)

    def is_read(self, item: RestoreItem) -> bool:
        return item.id not in self._unread_ids

    def take(self, item: RestoreItem, together: Iterable[RestoreItem]) -> LiveContent | None:
        """Return what was read of an item, once. What an earlier message read is opened `together` with what follows.

        Raises SealError.
        """
        if item.live_content_id and item.id not in self._found:
            stored = {each.id: each.live_content_id for each in together if each.id not in self._found}
            rows = snapshots.contents_by_id(stored.values())
            self._found |= {
                item_id: (rows[content_id].fingerprint, snapshots.open_content(rows[content_id]))
                for item_id, content_id in stored.items()
                if content_id
            }
        return self._found.pop(item.id, None)

    def _unread(self) -> list[RunItem]:
        rows = run_items.pending_restore_items(self._claim.run)
        self._unread_ids = {row.restore_item_id for row in rows}
        return next_to_read(rows)

    def _read(self, rows: Sequence[RunItem], thread: ThreadPoolExecutor) -> Iterator[None]:
        self._is_interrupted = False
        under_way: deque[_Looks] = deque()
        for some in batched(rows, READ_AT_ONCE):
            under_way.append(self._ask({row: self._items[row.restore_item_id] for row in some}, thread))
            if len(under_way) > 1:
                self._keep(under_way.popleft())
            yield
        while under_way:
            self._keep(under_way.popleft())
            yield

    def _ask(self, batch: Mapping[RunItem, RestoreItem], thread: ThreadPoolExecutor) -> _Looks:
        targets = dict(zip(batch, self._target_ids(list(batch.values())), strict=True))
        steps = {
            row.id: read_policy(POLICY_TYPES[row.policy_type], target, with_names=False)
            for row, target in targets.items()
            if target
        }
        memory = RunMemory(self._claim, "item")
        # The thread has this one's context: logs and traces name the run.
        return _Looks(batch, memory, thread.submit(copy_context().run, self._drive, batch, steps, memory))

    def _drive(
        self, batch: Iterable[RunItem], steps: Mapping[int, RequestSteps[Reading]], memory: RunMemory
    ) -> dict[int, Reading | GraphError] | None:
        if self._is_interrupted:
            return None
        readings = drive(self._graph, steps, memory=memory)
        self._is_interrupted = not all(is_final(row, readings.get(row.id)) for row in batch)
        return readings

    def _keep(self, looks: _Looks) -> None:
        """Save what was read. Raises what the items that have to be read again wait for."""
        readings, batch = looks.coming.result(), looks.batch
        if readings is None:
            return
        unfinished = unfinished_items(list(batch), {row: readings.get(row.id) for row in batch})
        read = [row for row in batch if row not in unfinished]
        found = {row: reading for row in read if isinstance(reading := readings.get(row.id), Reading)}
        marks = {row: fingerprint(POLICY_TYPES[row.policy_type], reading.content) for row, reading in found.items()}
        with database.atomic():
            claims.assert_claim(self._claim)
            contents = {marks[row]: reading.content for row, reading in found.items()}
            texts = {marks[row]: reading.text for row, reading in found.items()}
            content_ids = snapshots.save_contents(self._claim.run.tenant_id, contents, texts) if contents else {}
            columns = {batch[row]: live_columns(row, readings.get(row.id), marks.get(row), content_ids) for row in read}
            restore_items.record_live_states(columns)
            run_items.begin_items(self._claim, [row.id for row in read])
            looks.memory.forget([row.id for row in read])
        self._found |= {batch[row].id: (marks[row], reading.content) for row, reading in found.items()}
        self._unread_ids -= {batch[row].id for row in read}
        if read:
            claims.reset_attempts(self._claim)
        postpone(self._claim, unfinished)


def live_columns(
    row: RunItem, reading: Reading | GraphError | None, mark: str | None, content_ids: Mapping[str, int]
) -> dict[str, Any]:
    """Return what an item keeps of what was read: the plan is bound to it.

    `mark`: the fingerprint of a content, whose id is in `content_ids`.
    """
    if isinstance(reading, Reading) and mark:
        policy_type = POLICY_TYPES[row.policy_type]
        is_whole = policy_type.shifting.isdisjoint(reading.content["body"])
        live_mark = mark if is_whole else live_fingerprint(policy_type, reading.content)
        return {"live_content": content_ids[mark], "live_mark": live_mark}
    if isinstance(reading, GraphError) and not isinstance(reading, NotFound):
        # Saved, for another message may decide: the plan says so, and leaves the policy alone.
        return {**NOTHING_THERE, "reason": "unreadable", "message": reading.sentence}
    return dict(NOTHING_THERE)
