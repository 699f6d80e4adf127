"""Up to twenty items of a plan side by side: what is known of each, its order, and what became of it.

What was begun before is settled first, by reading: a create whose answer never came is adopted, never sent again while
it may still appear.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import config
from actors.plans import plan_items
from actors.queue.run_actor import Wait
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import GroupFilter, Listings, group_filter, list_policy_types
from actors.restores import safety_backup
from actors.restores.outcomes import LOOK_AGAIN_SECONDS, Outcomes
from actors.restores.write_recorder import WriteLedger
from actors.tenants import graph_clients
from db.clock import utcnow
from db.database import database
from db.models import Restore, RestoreItem, RunItem, Write
from db.policies import snapshots
from db.policies.snapshots import SnapshotDraft
from db.recovery import write_log
from db.restores import four_eyes, restore_items
from db.runs import claims, listing_cache, name_cache
from db.runs.claims import Claim
from db.states import POSSIBLY_APPLIED, ItemState, Outcome, WriteState
from graph.errors import GraphError, NotFound
from graph.policy_types.policy_type import match_key
from graph.policy_types.table import POLICY_TYPES, get_policy_type
from graph.read.readings import ListedPolicy, Reading, read_policy
from graph.references.reference_kinds import GROUPS, TOKENS
from graph.restore.executor import (
    RestoreResult,
    RestoreTask,
    approval_reason_header,
    execute_task,
    read_approval_status,
)
from graph.restore.options import GROUPS_WITH_MEMBERS, LEAVE, RestoreOptions
from graph.restore.resolver import ResolvedBy
from graph.review.lockout_guard import find_lockout
from graph.transport.batch_driver import drive
from graph.write import own_writes
from graph.write.own_writes import BegunWrite
from graph.write.write_requests import PolicyContent, chosen_id

# A look at a policy that is younger than this, with nothing written since, is not repeated.
FRESH = timedelta(seconds=20)
LOOKING = "An answer was lost. Looking for what it made."
# Longer than any wait that is honoured (graph.errors.retry_after): a list of before says nothing of today.
AT_REST = timedelta(minutes=65)
_APPROVALS = "https://intune.microsoft.com/#view/Microsoft_Intune_DeviceSettings/MultiAdminApprovalMenu/~/requests"
_REFUSED = ("rejected", "cancelled", "expired")


def approval_link(approval: str) -> str:
    return f"{_APPROVALS} (request {approval})"


class Together:
    """One chunk of a live run. `carry_out` settles what it can, and answers why the rest has to wait."""

    def __init__(self, claim: Claim, restore: Restore, rows: Mapping[int, RunItem]) -> None:
        self._restore, self._rows = restore, rows
        self._claim = claim
        self._options = RestoreOptions(**restore.options)
        self._with_assignments = self._options.assignments != LEAVE
        self._graph = graph_clients.client(restore.tenant)
        self._known_names = name_cache.seen_since(restore.tenant, restore.started_at)
        self._break_glass = four_eyes.break_glass_list(restore)
        self._writes = write_log.writes_by_item(list(rows))
        self._outcomes = Outcomes(claim, restore, rows, self._writes)
        # Item -> the ids that are there under its name before it is created.
        self._known_ids: dict[int, list[str]] = {}
        # What looks like a policy whose answer was lost, by its id.
        self._lost = RunMemory(claim, "lost")
        # Request mark -> the code of its approval.
        self._approved: dict[str, str] = {}

    def carry_out(self, items: Sequence[RestoreItem]) -> list[Exception]:
        self._ask_for_approvals()
        ready = [one for one in items if self._is_open(one) and self._has_what_it_refers_to(one)]
        ready = [one for one in ready if self._passes_the_guard(one)]
        found = self._lists(ready)
        ready = [one for one in ready if self._may_write(one, found)]
        orders = {one.id: self._order(one) for one in ready}
        memory = RunMemory(self._claim, "item", dict.fromkeys(orders, utcnow() - FRESH))
        looks = self._late_looks({one.id: one for one in ready}, orders, memory)
        ledger = WriteLedger(self._claim, orders, self._known_ids, looks)
        ended = drive(self._graph, {key: execute_task(order) for key, order in orders.items()}, ledger, memory)
        self._outcomes.take_over(
            [(one, orders[one.id], ended[one.id]) for one in ready],
            written=ledger.items(*POSSIBLY_APPLIED),
            lost=ledger.items(WriteState.UNKNOWN),
            memory=memory,
        )
        memory.forget([key for key, result in ended.items() if isinstance(result, RestoreResult)])
        return self._outcomes.later

    def _late_looks(
        self, items: Mapping[int, RestoreItem], orders: Mapping[int, RestoreTask], memory: RunMemory
    ) -> Callable[[Iterable[int]], list[SnapshotDraft]]:
        """Of items that were begun before: what was looked at just now, to be kept before it is written over."""

        def take(item_ids: Iterable[int]) -> list[SnapshotDraft]:
            looks = (
                safety_backup.late_look(self._restore, items[one], orders[one], memory) for one in sorted(item_ids)
            )
            return [one for one in looks if one]

        return take

    def _is_open(self, item: RestoreItem) -> bool:
        return item.id not in self._outcomes.settled | self._outcomes.waiting

    # --- approvals ---------------------------------------------------------------------------------------------------

    def _ask_for_approvals(self) -> None:
        """What the tenant says by now of the writes that wait for it."""
        waiting = [one for each in self._writes.values() for one in write_log.awaiting_approval(each)]
        answers = drive(self._graph, {one.id: read_approval_status(str(one.approval)) for one in waiting})
        for write in waiting:
            self._hear(write, answers[write.id])

    def _hear(self, write: Write, status: str | GraphError) -> None:
        if isinstance(status, GraphError):
            self._outcomes.wait_for_approval(write)
        elif status in _REFUSED:
            message = f"Multi Admin Approval: the request was {status} in the tenant ({approval_link(write.approval)})."
            write_log.settle(write, WriteState.REFUSED)
            if write.item_id in self._outcomes.settled:
                return  # by another of its requests, refused as well
            self._outcomes.settle(write.item, ItemState.SKIPPED, Outcome.BLOCKED, "approval_refused", message)
        elif status == "approved":
            self._approved[write.request_mark] = str(write.approval)
        elif status == "completed":
            write_log.settle(write, WriteState.FOUND)
            self._outcomes.found(write)
        else:
            self._outcomes.wait_for_approval(write)

    # --- before anything is written ----------------------------------------------------------------------------------

    def _has_what_it_refers_to(self, item: RestoreItem) -> bool:
        """What this restore itself has to make first is made. What cannot be made blocks what needs it."""
        found = [one for one in plan_items.resolutions(item) if one.is_needed]
        needed = [one.item for one in found if one.how == ResolvedBy.RESTORED and one.to is None]
        missing = [one for one in restore_items.items_by_ids(needed) if one.created_id is None]
        if not missing:
            return True
        if not restore_items.is_item_under_way(self._claim.run, missing[0]):
            message = f"It refers to “{missing[0].name}”, which could not be restored."
            self._outcomes.settle(item, ItemState.SKIPPED, Outcome.BLOCKED, "depends", message)
        return False

    def _passes_the_guard(self, item: RestoreItem) -> bool:
        """Asked again of what is written now. An override is of those that the plan held back, and of no others."""
        is_overridden = self._restore.guard_reason and item.reason == "guard"
        if is_overridden or item.content_id is None or item.policy_type != "conditionalAccessPolicies":
            return True
        danger = find_lockout(item.policy_type, self._wanted(item), self._break_glass)
        if danger:
            message = f"{danger} Preview it again: a manager can override this with a reason, before it is executed."
            self._outcomes.settle(item, ItemState.SKIPPED, Outcome.BLOCKED, "guard", message)
        return not danger

    def _lists(self, items: Sequence[RestoreItem]) -> Listings:
        """What is there just now of the policy types of which something is to be made.

        A create whose answer was lost is looked for again and again: what it made may appear late.
        """
        later_than: dict[str, datetime] = {}
        seen = listing_cache.begin_times(self._claim.run)
        for item in (one for one in items if _is_to_be_made(one)):
            lost = write_log.unanswered_create(self._writes[item.id])
            needed = _may_appear_since(lost, seen.get(item.policy_type)) if lost else self._lists_hold_since()
            later_than[item.policy_type] = max(later_than.get(item.policy_type, needed), needed)
        return list_policy_types(self._claim, self._graph, later_than, self._groups(items))

    def _groups(self, items: Sequence[RestoreItem]) -> GroupFilter:
        """What is looked for once holds for all of the restore's groups: not for these few alone."""
        has_groups = any(one.policy_type == GROUPS for one in items)
        return group_filter(restore_items.items(self._restore), {}) if has_groups else ((), ())

    def _lists_hold_since(self) -> datetime:
        """A run that goes on from write to write need not look again before each: a list of many pages takes longer
        than it would stay fresh. After a pause it looks again, and what it reads from then on holds until it writes.
        """
        now, began = utcnow(), self._claim.run.started_at
        written_at = write_log.last_sent_at(self._claim.run) or began
        return began if written_at > now - FRESH else max(written_at, now - AT_REST)

    def _may_write(self, item: RestoreItem, found: Listings) -> bool:
        """Of one that is to be made: no other of its name is there, and no earlier try of ours may have made it."""
        if not _is_to_be_made(item):
            return True
        listed = found[item.policy_type]
        if isinstance(listed, GraphError):
            self._outcomes.take_error(item, listed)
            return False
        there = self._of_its_name(item, listed.policies)
        write = write_log.unanswered_create(self._writes[item.id])
        if write is not None:
            return self._settle_create(item, write, [one for one in there if one not in write.known_ids])
        appeared = [one for one in there if one not in (item.namesakes or ())]
        appeared += self._of_its_name(item, listed.without_id) + self._in_its_place(item, listed.policies)
        if appeared:
            message = f"A policy of this name has appeared since the preview ({appeared[0]}). Nothing was written."
            self._outcomes.settle(item, ItemState.FAILED, Outcome.CONFLICT, "conflict", message)
            return False
        self._known_ids[item.id] = there
        return True

    def _in_its_place(self, item: RestoreItem, listed: Sequence[ListedPolicy]) -> list[str]:
        """What a create that names its own id would write over."""
        named = chosen_id(POLICY_TYPES[item.policy_type], self._wanted(item)).casefold()
        return [one.graph_id for one in listed if one.graph_id.casefold() == named]

    def _of_its_name(self, item: RestoreItem, listed: Sequence[ListedPolicy]) -> list[str]:
        """Those that no item of the restore is, or has made."""
        key = match_key(POLICY_TYPES[item.policy_type], self._wanted(item)["body"])
        taken = write_log.taken_ids(self._restore.id)
        return [one.graph_id for one in listed if one.key == key and one.graph_id not in taken]

    def _settle_create(self, item: RestoreItem, write: Write, found: Sequence[str]) -> bool:
        """A create was sent, and nobody knows what became of it."""
        if found:
            return self._adopt(item, write, found)
        if utcnow() < _given_up_at(write):
            self._outcomes.later.append(Wait(LOOKING, LOOK_AGAIN_SECONDS))
            return False
        write_log.settle(write, WriteState.NOT_FOUND)
        self._known_ids[item.id] = list(write.known_ids)
        return True

    def _adopt(self, item: RestoreItem, write: Write, found: Sequence[str]) -> bool:
        """Take what is as it was sent, captured as it is. What is otherwise, somebody else has made or changed."""
        readings = self._look_at(item, found)
        unread = next((one for one in readings.values() if isinstance(one, GraphError)), None)
        if unread is not None:
            self._cannot_look(item, write, unread)
            return False
        begun = self._begun(item, is_made=True)
        ours = {
            key: one
            for key, one in readings.items()
            if isinstance(one, Reading)
            and begun.explains(POLICY_TYPES[item.policy_type], one.content, with_assignments=self._with_assignments)
        }
        # Where a backup has several of one name, each takes one.
        if ours and len(ours) <= self._lost_creates(item):
            self._take(item, write, *next(iter(ours.items())))
            return True
        message = f"An answer was lost, and {len(ours)} policies of this name have appeared. Keep one in Intune."
        if not ours:
            message = (
                f"An answer was lost, and a policy of this name has appeared that is not as it was sent: {found[0]}. "
            )
            message += "Look in Intune whose it is; then preview again."
        self._outcomes.settle(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message)
        return False

    def _look_at(self, item: RestoreItem, graph_ids: Sequence[str]) -> Mapping[str, Reading | GraphError]:
        policy_type = POLICY_TYPES[item.policy_type]
        looks = {one: read_policy(policy_type, one, self._known_names) for one in graph_ids}
        return drive(self._graph, looks, memory=self._lost)

    def _cannot_look(self, item: RestoreItem, write: Write, error: GraphError) -> None:
        """A list may show what asking for it does not show yet."""
        if isinstance(error, NotFound) and utcnow() < _given_up_at(write):
            self._outcomes.later.append(Wait(LOOKING, LOOK_AGAIN_SECONDS))
        else:
            self._outcomes.take_error(item, error)

    def _take(self, item: RestoreItem, write: Write, graph_id: str, reading: Reading) -> None:
        item.created_id = graph_id
        read = safety_backup.as_read(self._restore, item, reading, self._lost.read_at(graph_id, reading))
        with database.atomic():
            claims.assert_claim(self._claim)
            snapshots.save(self._claim.run, [read])
            write_log.adopt_created_object(write, graph_id)
            self._lost.forget([graph_id])

    def _lost_creates(self, item: RestoreItem) -> int:
        """How many items of its name and type wait for what a lost answer made."""
        alike = RestoreItem.select().where(
            (RestoreItem.restore == self._restore)
            & (RestoreItem.policy_type == item.policy_type)
            & (RestoreItem.name == item.name)
            & RestoreItem.created_id.is_null()
        )
        found = write_log.writes_by_item([one.id for one in alike])
        return sum(write_log.unanswered_create(of_one) is not None for of_one in found.values())

    # --- the order ---------------------------------------------------------------------------------------------------

    def _wanted(self, item: RestoreItem) -> PolicyContent:
        needed = restore_items.items_by_ids([one.item for one in plan_items.resolutions(item)])
        created = {one.id: one.created_id for one in needed if one.created_id}
        return plan_items.content_to_write(item, self._options, created)

    def _order(self, item: RestoreItem) -> RestoreTask:
        has_begun = item.created_id is not None or write_log.may_have_been_applied(self._writes[item.id])
        return RestoreTask(
            get_policy_type(item.policy_type, with_members=self._options.groups == GROUPS_WITH_MEMBERS),
            self._wanted(item) if item.content_id else None,
            item.created_id or item.target_id,
            token=_lives_below(item),
            live_fingerprint=None if has_begun else item.live_mark,
            begun=self._begun(item, is_made=item.live_content_id is None) if has_begun else None,
            with_assignments=self._with_assignments,
            is_new=item.created_id is not None,
            live=_still_seen(item, self._writes[item.id]),
            is_written=self._rows[item.id].state == ItemState.WORKING,
            justification=approval_reason_header(self._restore.reason or ""),
            approved=self._approved,
            known=self._known_names,
        )

    def _begun(self, item: RestoreItem, *, is_made: bool) -> BegunWrite:
        """What this restore's writes to the item go from, and to."""
        if is_made:
            return own_writes.begun_creation(POLICY_TYPES[item.policy_type], self._wanted(item))
        before = snapshots.read_content(item.live_content_id)
        return (
            own_writes.begun_change(before, self._wanted(item)) if item.content_id else own_writes.begun_removal(before)
        )


def _is_to_be_made(item: RestoreItem) -> bool:
    return item.action in (Outcome.CREATE, Outcome.RECREATE) and item.created_id is None


def _given_up_at(write: Write) -> datetime:
    """When a create that nothing was seen of counts as one that made nothing."""
    given_up: datetime = write.sent_at + timedelta(seconds=config.settings().settle_seconds)
    return given_up


def _may_appear_since(write: Write, seen_at: datetime | None) -> datetime:
    """A list that began before this does not say whether a lost create made something; the last look is a new one.

    `seen_at`: when the list that was read last began. The next one begins after it, and after a moment.
    """
    now, begin = utcnow(), write.answered_at or write.sent_at
    if now >= _given_up_at(write):
        return max(begin, _given_up_at(write))
    is_due = seen_at is None or seen_at < now - timedelta(seconds=LOOK_AGAIN_SECONDS)
    return max(begin, seen_at) if seen_at and is_due else begin


def _lives_below(item: RestoreItem) -> str:
    """The token that its id names; others only refer to the token that they were made under."""
    found = (str(one.to) for one in plan_items.resolutions(item) if one.kind == TOKENS)
    return next(found, "") if "/" in item.graph_id else ""


def _still_seen(item: RestoreItem, written: Sequence[Write]) -> PolicyContent | None:
    if item.seen_content_id is None or utcnow() - item.seen_at > FRESH:
        return None
    if any(one.sent_at >= item.seen_at and one.state != WriteState.REFUSED for one in written):
        return None  # a crash came between a write and its being told: what was seen is no more
    return snapshots.read_content(item.seen_content_id)
