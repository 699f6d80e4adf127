"""The items of a run: made with it, worked on under its claim, and finished once each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import peewee as pw

from db.clock import utcnow
from db.database import Condition, database
from db.models import Policy, Run, RunItem, Snapshot
from db.runs.claims import Claim, assert_claim, held_by
from db.sql.inserts import insert_rows
from db.sql.updates import update_rows
from db.sql.value_lists import is_in
from db.states import UNSETTLED, ItemState, Outcome, RunState


class AlreadySettled(Exception):
    """An item was settled before although the claim holds: a defect of ours. The run is tried again without it."""


@dataclass(frozen=True)
class NewRunItem:
    policy_type: str
    name: str
    policy_id: int | None = None
    graph_id: str | None = None
    # Settled before it began: its list shows that this snapshot still holds.
    unchanged_id: int | None = None
    restore_item_id: int | None = None


def add_items(run: Run, items: Sequence[NewRunItem]) -> None:
    """Add items to a run; those of a child run belong to its parent and have its part number."""
    now = utcnow()
    rows = [
        {
            "run": run.parent_id or run.id,
            "part": run.part,
            "policy_type": item.policy_type,
            "name": item.name,
            "policy": item.policy_id,
            "graph_id": item.graph_id,
            "state": ItemState.DONE if item.unchanged_id else ItemState.PENDING,
            "outcome": Outcome.UNCHANGED if item.unchanged_id else None,
            "snapshot": item.unchanged_id,
            "ended_at": now if item.unchanged_id else None,
            "restore_item_id": item.restore_item_id,
        }
        for item in items
    ]
    insert_rows(RunItem, rows)


def add_item(run: Run, item: NewRunItem) -> RunItem:
    """Add one item that is settled at once, and return it."""
    whole = run.parent_id or run.id
    return RunItem.create(run=whole, part=run.part, policy_type=item.policy_type, name=item.name[:1000])


def unsettled_items(run: Run) -> list[RunItem]:
    """Return the run's unsettled items; for a child run only its own."""
    with_policies = RunItem.select(RunItem, Policy).join(Policy, pw.JOIN.LEFT_OUTER)
    return list(with_policies.where(is_item_of(run) & RunItem.state.in_(UNSETTLED)).order_by(RunItem.id))


def items_to_read(run: Run) -> list[RunItem]:
    """Return the items that `unsettled_items` returns, with no more of them and their policies than a reading needs."""
    columns = (RunItem.id, RunItem.run, RunItem.policy, RunItem.policy_type, RunItem.graph_id, RunItem.name,
               RunItem.state, RunItem.tries, Policy.id, Policy.tenant, Policy.policy_type, Policy.graph_id, Policy.name,
               Policy.index_version, Policy.last_captured_at)  # fmt: skip
    with_policies = RunItem.select(*columns).join(Policy, pw.JOIN.LEFT_OUTER)
    return list(with_policies.where(is_item_of(run) & RunItem.state.in_(UNSETTLED)).order_by(RunItem.id))


def pending_restore_items(run: Run) -> list[RunItem]:
    """Return the run's items that nobody has begun, with no more of them than a preview's reading needs."""
    columns = (RunItem.id, RunItem.run, RunItem.policy_type, RunItem.tries, RunItem.restore_item_id)
    of_run = is_item_of(run) & (RunItem.state == ItemState.PENDING)
    return list(RunItem.select(*columns).where(of_run).order_by(RunItem.id))


def unsettled_restore_items(run: Run) -> list[tuple[int, int]]:
    """Return (id, id of its restore item) of the run's unsettled items."""
    query = RunItem.select(RunItem.id, RunItem.restore_item_id).where(is_item_of(run) & RunItem.state.in_(UNSETTLED))
    return list(query.order_by(RunItem.id).tuples())


def unsettled_keys(run: Run) -> list[tuple[int, str, str | None]]:
    """Return (id, policy type, Graph id) of the items that `unsettled_items` returns, for who needs no more."""
    mine = RunItem.select(RunItem.id, RunItem.policy_type, RunItem.graph_id).where(is_item_of(run))
    return list(mine.where(RunItem.state.in_(UNSETTLED)).order_by(RunItem.id).tuples())


def is_item_of(run: Run) -> Condition:
    """Return the condition that an item belongs to this run; for a child run only its own do."""
    if run.parent_id is None:
        return RunItem.run == run
    return (RunItem.run == run.parent_id) & (RunItem.part == run.part)


def begin_items(claim: Claim, item_ids: Sequence[int]) -> None:
    """Mark items as under way: an interrupted run has to know."""
    if not item_ids:
        return
    RunItem.update(state=ItemState.WORKING).where(
        is_in(RunItem.id, item_ids) & RunItem.state.in_(UNSETTLED) & _is_claimed(claim)
    ).execute()


# Reason of an item that is brought back with its id: until its state is settled it may be on against the plan.
POSSIBLY_ON = "possibly_on"


def set_item_reason(claim: Claim, item: RunItem, reason: str | None) -> None:
    """Note on an item under way what a later message of the run has to know."""
    RunItem.update(reason=reason).where((RunItem.id == item.id) & _is_claimed(claim)).execute()
    item.reason = reason


def _is_claimed(claim: Claim) -> Condition:
    return pw.fn.EXISTS(Run.select(Run.id).where(held_by(claim)))


class ItemDetails(TypedDict, total=False):
    """The reason why an item ended as it did, and the snapshot that it led to."""

    reason: str | None
    message: str | None
    request_id: str | None
    snapshot_id: int | None


def failure_columns(code: str, message: str, request_id: str | None) -> dict[str, Any]:
    """Return the columns of an item that an error ends now."""
    return {
        "state": ItemState.FAILED,
        "outcome": Outcome.ERROR,
        "reason": code,
        "message": message[:1000],
        "request_id": request_id,
        "ended_at": utcnow(),
    }


def finish_item(
    claim: Claim, item: RunItem, state: ItemState, outcome: Outcome, **details: Unpack[ItemDetails]
) -> None:
    """Record what became of an item, once."""
    message = details.get("message")
    settled = (
        RunItem.update(
            state=state,
            outcome=outcome,
            reason=details.get("reason"),
            message=message and message[:1000],
            request_id=details.get("request_id"),
            snapshot=details.get("snapshot_id"),
            ended_at=utcnow(),
        )
        .where((RunItem.id == item.id) & RunItem.state.in_(UNSETTLED) & _is_claimed(claim))
        .execute()
    )
    _require_finished(claim, settled, 1)


def finish_alike(
    claim: Claim, item_ids: Sequence[int], outcome: Outcome, reason: str | None, message: str | None
) -> None:
    """Finish many items that are done, each with this outcome, reason and message."""
    settled = (
        RunItem.update(
            state=ItemState.DONE,
            outcome=outcome,
            reason=reason,
            message=message and message[:1000],
            request_id=None,
            snapshot=None,
            ended_at=utcnow(),
        )
        .where(is_in(RunItem.id, item_ids) & RunItem.state.in_(UNSETTLED) & _is_claimed(claim))
        .execute()
    )
    _require_finished(claim, settled, len(item_ids))


def finish_captured_items(claim: Claim, outcome: Outcome, snapshots: Mapping[int, int]) -> None:
    """Finish many items that were read. `snapshots`: item id -> snapshot id."""
    if not snapshots:
        return
    is_unchanged = outcome == Outcome.UNCHANGED
    values = {
        item_id: [snapshot_id, f"Nothing changed since snapshot {snapshot_id}." if is_unchanged else None]
        for item_id, snapshot_id in snapshots.items()
    }
    condition, parameters = _is_unsettled_and_claimed(claim)
    settled = update_rows(
        [RunItem.snapshot, RunItem.message],
        values,
        {RunItem.state: ItemState.DONE, RunItem.outcome: outcome, RunItem.ended_at: utcnow()},
        condition=condition,
        parameters=parameters,
    )
    _require_finished(claim, settled, len(snapshots))


def _is_unsettled_and_claimed(claim: Claim) -> tuple[str, list[Any]]:
    """Return SQL that holds for unsettled items while the claim does, and its parameters."""
    marked, states = database.param, [str(state) for state in sorted(UNSETTLED)]
    is_unsettled = f'"run_item"."state" IN ({", ".join([marked] * len(states))})'
    is_held = " AND ".join(f'"run"."{column}" = {marked}' for column in ("id", "state", "claimed_by"))
    condition = " ".join((is_unsettled, "AND EXISTS", '(SELECT 1 FROM "run" WHERE', is_held, ")"))
    return condition, [*states, claim.run.id, str(RunState.RUNNING), claim.token]


def _require_finished(claim: Claim, settled: int, expected: int) -> None:
    """Raises ClaimLost or AlreadySettled unless all were finished."""
    if settled != expected:
        assert_claim(claim)
        raise AlreadySettled(f"run {claim.run.id}: {settled} of {expected} items were still to be settled")
    claim.has_progressed = True


def count_try(claim: Claim, item_ids: Sequence[int]) -> None:
    """Count a try whose answers were not to be had."""
    if item_ids:
        RunItem.update(tries=RunItem.tries + 1).where(is_in(RunItem.id, item_ids) & _is_claimed(claim)).execute()


def snapshot_references(run: Run) -> list[dict[str, Any]]:
    """Return what the snapshots that this run's items have got refer to."""
    of_run = RunItem.select(RunItem.snapshot).where((RunItem.run == run) & RunItem.snapshot.is_null(False))
    rows = Snapshot.select(Snapshot.references).where(Snapshot.id.in_(of_run))
    return [row.references for row in rows]


def graph_ids_of_type(run_id: int, policy_type: str) -> set[str]:
    """Return the Graph ids of the run's items of this policy type."""
    items = RunItem.select(RunItem.graph_id).where((RunItem.run == run_id) & (RunItem.policy_type == policy_type))
    return {row[0] for row in items.tuples()}


def of_run(run: Run) -> list[RunItem]:
    """Return all items of the run, oldest first."""
    return list(RunItem.select().where(RunItem.run == run).order_by(RunItem.id))


def first_of_outcome(run: Run, outcome: Outcome) -> RunItem | None:
    mine = (RunItem.run == run) & (RunItem.outcome == outcome)
    return RunItem.select().where(mine).order_by(RunItem.id).first()


def name_item(item: RunItem, name: str, graph_id: str) -> None:
    """Give an item the name and id of its content, once that is known."""
    RunItem.update(name=name, graph_id=graph_id).where(RunItem.id == item.id).execute()


def leave_out_finished(run: Run, message: str) -> None:
    """Turn the run's done items into skipped ones: nothing came of them after all."""
    done = (RunItem.run == run) & (RunItem.state == ItemState.DONE)
    RunItem.update(state=ItemState.SKIPPED, outcome=Outcome.LEFT_OUT, message=message).where(done).execute()
