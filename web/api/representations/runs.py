"""Runs and their items. What a run says of itself is what `tenantkeep run show --json` says."""

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from actors.queue.enqueue import EnqueuedRun
from db.models import Run, RunItem
from db.runs import run_progress
from db.states import ItemState, Outcome, RunKind, RunState
from web.api import addresses
from web.api.representations.values import Id, ReferenceJson, Time, reference_or_none, time, time_or_none
from web.presentation.run_document import error_document, item_document, run_document


class RunCountsJson(TypedDict):
    """The number of items that the run has, and of those that ended so."""

    total: int
    done: int
    skipped: int
    failed: int
    uncertain: int


class RunErrorJson(TypedDict):
    """The reason that the run is not wholly good: a code that stays, and a sentence."""

    code: str
    message: str | None


class RunJson(TypedDict):
    """A run: one attempt at work. `tenant` is the tenant's name; `waiting` says why nothing happens just now."""

    id: Id
    kind: RunKind
    tenant: str
    tenant_id: Id
    policy: Id | None
    state: RunState
    waiting: str | None
    counts: RunCountsJson
    restore: Id | None
    error: RunErrorJson | None
    requested_by: ReferenceJson | None
    origin: str
    retry_of: Id | None
    created_at: Time
    started_at: Time | None
    ended_at: Time | None
    url: str


class RunItemJson(TypedDict):
    """One policy's part in a run; of a sync, one policy type's."""

    policy_type: str
    graph_id: str | None
    name: str
    state: ItemState
    outcome: Outcome | None
    reason: str | None
    message: str | None


class ListedRunItemJson(RunItemJson):
    """An item in the list of a run's items, with the snapshot that it made or found unchanged."""

    id: Id
    policy: Id | None
    snapshot: Id | None


class RunDetailsJson(RunJson):
    """A run with all its items. `outcomes`: how many ended with each outcome."""

    outcomes: dict[str, int]
    backup_set: Id | None
    items: list[RunItemJson]


class StartedRunJson(TypedDict):
    """The answer to a start: the run, and whether it is new or was under way already."""

    run: RunJson
    is_new: bool


def runs(listed: Sequence[Run]) -> list[RunJson]:
    """Represent the runs of a page; each has its tenant and its requester."""
    counts, waiting = run_progress.counts_of_runs(listed), run_progress.waiting_reasons(listed)
    return [_run(run, counts[run.id], waiting.get(run.id)) for run in listed]


def _run(run: Run, counts: dict[str, int], waiting: str | None) -> Any:
    return {
        "id": run.id,
        "kind": run.kind,
        "tenant": run.tenant.name,
        "state": run.state,
        "waiting": waiting,
        "counts": counts,
        "restore": run.restore_id,
        "error": error_document(run),
        **_facts(run),
    }


def details(run: Run) -> RunDetailsJson:
    document: Any = {**run_document(run), **_facts(run)}
    return document


def _facts(run: Run) -> dict[str, Any]:
    """Return what the command's document has no place for."""
    return {
        "tenant_id": run.tenant_id,
        "policy": run.policy_id,
        "requested_by": reference_or_none(run.requested_by),
        "origin": run.origin,
        "retry_of": run.retry_of_id,
        "created_at": time(run.created_at),
        "started_at": time_or_none(run.started_at),
        "ended_at": time_or_none(run.ended_at),
        "url": address(run.id),
    }


def address(run_id: int) -> str:
    return addresses.whole("runs.get_run", run_id=run_id)


def items(listed: Sequence[RunItem]) -> list[ListedRunItemJson]:
    return [_item(item) for item in listed]


def _item(item: RunItem) -> Any:
    return {"id": item.id, "policy": item.policy_id, "snapshot": item.snapshot_id, **item_document(item)}


def started(start: EnqueuedRun) -> StartedRunJson:
    [run] = runs([Run.get_by_id(start.run.id)])
    return {"run": run, "is_new": start.is_new}
