"""The rows of rehearsals: made with their run, kept up by it, and ended with it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import has_come, utcnow
from db.database import Condition
from db.models import Rehearsal, RehearsalFinding, RehearsalSample, Restore, Run, Tenant
from db.sql.value_lists import batched, is_in
from db.states import RehearsalState, RunKind, RunState

# So many failures of a step have rows, and as many remarks. One more is counted: a lost key would be a finding for
# every content. Each step has room of its own, for what has no row cannot keep a rehearsal from having passed.
FINDINGS_KEPT = 500
# How often a run of its own tries to remove what is left in a lab, and the pause between two tries.
REMOVAL_TRIES = 4
REMOVAL_PAUSE = timedelta(minutes=10)

_STATES = {
    RunState.SUCCEEDED: RehearsalState.PASSED,
    RunState.PARTIAL: RehearsalState.FINDINGS,
    RunState.FAILED: RehearsalState.FAILED,
    RunState.CANCELLED: RehearsalState.CANCELLED,
}


@dataclass(frozen=True)
class NewFinding:
    """`code` is for programs, `message` one sentence for people, with no secret in it."""

    code: str
    message: str
    policy_type: str | None = None
    graph_id: str | None = None
    name: str | None = None
    is_failure: bool = True


def begin(run: Run, lab_id: int | None) -> Rehearsal:
    """Make the row of a new run, in the transaction that makes the run."""
    rehearsal: Rehearsal = Rehearsal.create(tenant=run.tenant_id, run_id=run.id, lab_id=lab_id)
    return rehearsal


def find_of_run(run: Run) -> Rehearsal | None:
    """Return the rehearsal that a run does, or whose lab it clears."""
    rehearsal: Rehearsal | None = Rehearsal.get_or_none(
        (Rehearsal.run_id == run.id) | (Rehearsal.removal_run_id == run.id)
    )
    return rehearsal


def by_ids(rehearsal_ids: Iterable[int | None]) -> dict[int, Rehearsal]:
    """Return rehearsal id -> rehearsal, of those that are kept."""
    rows = Rehearsal.select().where(is_in(Rehearsal.id, list(filter(None, rehearsal_ids))))
    return {rehearsal.id: rehearsal for rehearsal in rows}


def note(rehearsal: Rehearsal, **columns: Any) -> None:
    """Write columns of the row, here and in the database. In a transaction that has asserted the run's claim."""
    Rehearsal.update(**columns).where(Rehearsal.id == rehearsal.id).execute()
    for name, value in columns.items():
        setattr(rehearsal, name, value)


def mark_restore(restore: Restore, rehearsal: Rehearsal) -> None:
    """Say of a draft that it is a part of the rehearsal, in the transaction that makes it."""
    Restore.update(rehearsal_id=rehearsal.id).where(Restore.id == restore.id).execute()


def add_findings(rehearsal: Rehearsal, step: str, found: Sequence[NewFinding]) -> None:
    """Keep what a step found: the first rows, and how many there are. In a transaction with the run's claim."""
    if not found:
        return
    rows = [
        {
            "rehearsal": rehearsal.id,
            "step": step,
            "is_failure": finding.is_failure,
            "code": finding.code[:60],
            "message": finding.message[:1000],
            "policy_type": finding.policy_type,
            "graph_id": finding.graph_id,
            "name": finding.name and finding.name[:1000],
        }
        for finding in _with_room(rehearsal, step, found)
    ]
    for some in batched(rows):
        RehearsalFinding.insert_many(some).execute()
    note(rehearsal, findings=rehearsal.findings + len(found))


def _with_room(rehearsal: Rehearsal, step: str, found: Sequence[NewFinding]) -> list[NewFinding]:
    kept: list[NewFinding] = []
    of_step = (RehearsalFinding.rehearsal == rehearsal) & (RehearsalFinding.step == step)
    for is_failure in (True, False):
        of_kind = [finding for finding in found if finding.is_failure == is_failure]
        there = RehearsalFinding.select().where(of_step & (RehearsalFinding.is_failure == is_failure)).count()
        kept += of_kind[: max(0, FINDINGS_KEPT - there)]
    return kept


def replace_findings(rehearsal: Rehearsal, step: str, found: Sequence[NewFinding]) -> None:
    """Like `add_findings`, in place of what a message of the step found that came before: a step may be done twice."""
    of_step = (RehearsalFinding.rehearsal == rehearsal) & (RehearsalFinding.step == step)
    deleted = RehearsalFinding.delete().where(of_step).execute()
    if deleted:
        note(rehearsal, findings=rehearsal.findings - deleted)
    add_findings(rehearsal, step, found)


def has_failures(rehearsal: Rehearsal, step: str) -> bool:
    rows = RehearsalFinding.select().where(RehearsalFinding.rehearsal == rehearsal)
    return bool(rows.where((RehearsalFinding.step == step) & RehearsalFinding.is_failure).exists())


def findings_of(
    rehearsal: Rehearsal,
    *,
    failures: bool,
    limit: int | None = None,
    offset: int = 0,
    steps: Collection[str] = (),
) -> list[RehearsalFinding]:
    """Return the findings in their order, of the named steps alone where there are some."""
    rows = RehearsalFinding.select().where(RehearsalFinding.rehearsal == rehearsal)
    rows = rows.where(RehearsalFinding.is_failure == failures).order_by(RehearsalFinding.id)
    if steps:
        rows = rows.where(RehearsalFinding.step.in_(list(steps)))
    return list(rows.limit(limit).offset(offset))


def count_remarks(rehearsal: Rehearsal) -> dict[str, int]:
    """Return step -> number of its kept remarks."""
    rows = RehearsalFinding.select(RehearsalFinding.step, pw.fn.COUNT(RehearsalFinding.id))
    rows = rows.where((RehearsalFinding.rehearsal == rehearsal) & ~RehearsalFinding.is_failure)
    return dict(rows.group_by(RehearsalFinding.step).tuples())


def count_findings(rehearsal_ids: Iterable[int]) -> dict[tuple[int, bool], int]:
    """Return (rehearsal id, whether it is a failure) -> number of kept findings."""
    columns = (RehearsalFinding.rehearsal, RehearsalFinding.is_failure)
    rows = RehearsalFinding.select(*columns, pw.fn.COUNT(RehearsalFinding.id))
    rows = rows.where(RehearsalFinding.rehearsal.in_(list(rehearsal_ids))).group_by(*columns)
    return {(rehearsal_id, bool(is_failure)): count for rehearsal_id, is_failure, count in rows.tuples()}


def keeps_all_failures(rehearsal: Rehearsal) -> bool:
    """Tell whether all failures that were found have rows; else there are at least as many as are kept."""
    rows = RehearsalFinding.select(RehearsalFinding.step, RehearsalFinding.is_failure, pw.fn.COUNT(RehearsalFinding.id))
    rows = rows.where(RehearsalFinding.rehearsal == rehearsal)
    counts = list(rows.group_by(RehearsalFinding.step, RehearsalFinding.is_failure).tuples())
    has_full_step = any(is_failure and count >= FINDINGS_KEPT for _, is_failure, count in counts)
    return not has_full_step or rehearsal.findings <= sum(count for _, _, count in counts)


# --- samples ---------------------------------------------------------------------------------------------------------


def save_samples(rehearsal: Rehearsal, rows: Sequence[dict[str, Any]]) -> None:
    """Keep what the lab was given, once. In a transaction with the run's claim."""
    RehearsalSample.delete().where(RehearsalSample.rehearsal == rehearsal).execute()
    for some in batched(rows):
        RehearsalSample.insert_many([{**row, "rehearsal": rehearsal.id} for row in some]).execute()


def samples_of(rehearsal: Rehearsal) -> list[RehearsalSample]:
    rows = RehearsalSample.select().where(RehearsalSample.rehearsal == rehearsal)
    return list(rows.order_by(RehearsalSample.id))


def note_differences(counted: Mapping[int, int]) -> None:
    """Keep how many fields of each sample, by its id, are otherwise than planned."""
    for sample_id, count in counted.items():
        RehearsalSample.update(differences=count).where(RehearsalSample.id == sample_id).execute()


def note_removed(rehearsal: Rehearsal, lab_object_ids: Sequence[str | None]) -> None:
    """Keep which of the samples are no longer in the lab."""
    gone = RehearsalSample.lab_object_id.in_([object_id for object_id in lab_object_ids if object_id])
    RehearsalSample.update(is_removed=True).where((RehearsalSample.rehearsal == rehearsal) & gone).execute()


def last_rehearsed(tenant: Tenant) -> dict[tuple[str, str], int]:
    """Return (policy type, Graph id) -> the last rehearsal that restored it into a lab."""
    columns = (RehearsalSample.policy_type, RehearsalSample.graph_id)
    rows = RehearsalSample.select(*columns, pw.fn.MAX(RehearsalSample.rehearsal)).join(Rehearsal)
    rows = rows.where(Rehearsal.tenant == tenant).group_by(*columns)
    return {(policy_type, graph_id): rehearsal_id for policy_type, graph_id, rehearsal_id in rows.tuples()}


# --- the end ---------------------------------------------------------------------------------------------------------


def on_run_ended(run: Run, state: RunState) -> None:
    """End the rehearsal with its run, in the transaction that ends the run. What is left in the lab is due to go."""
    if run.kind != RunKind.REHEARSE:
        return
    rehearsal = find_of_run(run)
    if rehearsal is None:
        return
    columns: dict[str, Any] = {}
    if run.id == rehearsal.run_id:
        columns |= {"state": _STATES[state], "ended_at": utcnow()}
    is_left = rehearsal.lab_restore_id is not None and rehearsal.lab_cleared_at is None
    if is_left and rehearsal.removal_tries < REMOVAL_TRIES:
        columns["removal_due_at"] = utcnow() + rehearsal.removal_tries * REMOVAL_PAUSE
    if columns:
        note(rehearsal, **columns)


def removals_due(now: datetime, excluded_ids: Collection[int] = (), limit: int = 100) -> list[Rehearsal]:
    """Return ended rehearsals that left something in their lab, and whose time to remove it has come."""
    is_time = has_come(Rehearsal.removal_due_at, now, REMOVAL_TRIES * REMOVAL_PAUSE)
    due = is_time & Rehearsal.id.not_in(list(excluded_ids))
    return list(
        Rehearsal.select(Rehearsal, Tenant).join(Tenant).where(due).order_by(Rehearsal.removal_due_at).limit(limit)
    )


def claim_removal(rehearsal: Rehearsal) -> bool:
    """Take the removal that is due, in the transaction that makes its run. False: another scheduler was quicker."""
    is_due = (Rehearsal.id == rehearsal.id) & (Rehearsal.removal_due_at == rehearsal.removal_due_at)
    taken = Rehearsal.update(removal_due_at=None, removal_tries=Rehearsal.removal_tries + 1).where(is_due)
    return bool(taken.execute())


# --- lists -----------------------------------------------------------------------------------------------------------


def of_tenant(tenant: Tenant, limit: int, offset: int = 0) -> list[Rehearsal]:
    """Return the rehearsals of a tenant, the newest first."""
    rows = Rehearsal.select().where(Rehearsal.tenant == tenant).order_by(Rehearsal.id.desc())
    return list(rows.limit(limit).offset(offset))


def newest_passed(tenant: Tenant) -> Rehearsal | None:
    passed: Rehearsal | None = _of_state(tenant, Rehearsal.state == RehearsalState.PASSED)
    return passed


def _of_state(tenant: Tenant, condition: Condition) -> Any:
    return Rehearsal.select().where((Rehearsal.tenant == tenant) & condition).order_by(Rehearsal.id.desc()).first()
