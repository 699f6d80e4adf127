"""Rehearsals of restores: what was done, by which runs, and what was found."""

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

from db.models import Rehearsal, RehearsalFinding, RehearsalSample
from db.rehearsals import rehearsals
from db.states import DocumentFormat, RehearsalState
from web.api.representations.values import Id, ReferenceJson, Time, reference, time, time_or_none


class RehearsalJson(TypedDict):
    """A rehearsal. `run`, `backup_set` and `plan_restore` may be gone by now. `plan`: what a restore of everything
    would do, action to number of policies; null where it was not planned. `failures`: how many findings are faults.
    """

    id: Id
    tenant: ReferenceJson
    state: RehearsalState
    run: Id | None
    backup_set: Id | None
    plan_restore: Id | None
    contents_total: int | None
    contents_checked: int
    plan: dict[str, int] | None
    has_lab: bool
    lab_cleared_at: Time | None
    findings: int
    failures: int
    created_at: Time
    ended_at: Time | None


class RehearsalFindingJson(TypedDict):
    """A finding of a rehearsal: a fault, or a remark on what needs a hand."""

    step: str
    is_failure: bool
    code: str
    message: str
    policy_type: str | None
    graph_id: str | None
    name: str | None


class RehearsalSampleJson(TypedDict):
    """A policy that was restored into the lab. `differences`: the number of fields that are otherwise than planned."""

    policy_type: str
    graph_id: str
    name: str
    outcome: str | None
    differences: int | None
    is_removed: bool


class RehearsalDetailsJson(RehearsalJson):
    """A rehearsal with what it found, faults first, and what went into the lab. The first of each are kept."""

    items: list[RehearsalFindingJson]
    samples: list[RehearsalSampleJson]


class RehearsalReportJson(TypedDict):
    """The report as a file. `content` is its text, or, where `encoding` is base64, its bytes."""

    format: DocumentFormat
    file_name: str
    encoding: str
    content: str


def listed(rows: Sequence[Rehearsal]) -> list[RehearsalJson]:
    counts = rehearsals.count_findings([row.id for row in rows])
    return [_rehearsal(row, counts) for row in rows]


def _rehearsal(row: Rehearsal, counts: Mapping[tuple[int, bool], int]) -> RehearsalJson:
    return {
        "id": row.id,
        "tenant": reference(row.tenant),
        "state": RehearsalState(row.state),
        "run": row.run_id,
        "backup_set": row.backup_set_id,
        "plan_restore": row.plan_restore_id,
        "contents_total": row.contents_total,
        "contents_checked": row.contents_checked,
        "plan": row.plan_counts,
        "has_lab": row.lab_id is not None,
        "lab_cleared_at": time_or_none(row.lab_cleared_at),
        "findings": row.findings,
        "failures": counts.get((row.id, True), 0),
        "created_at": time(row.created_at),
        "ended_at": time_or_none(row.ended_at),
    }


def details(row: Rehearsal, most: int) -> RehearsalDetailsJson:
    """`most`: so many findings of each sort."""
    found = [
        *rehearsals.findings_of(row, failures=True, limit=most),
        *rehearsals.findings_of(row, failures=False, limit=most),
    ]
    samples = [_sample(sample) for sample in rehearsals.samples_of(row)]
    return {**listed([row])[0], "items": [_finding(finding) for finding in found], "samples": samples}


def _finding(row: RehearsalFinding) -> RehearsalFindingJson:
    return {
        "step": row.step,
        "is_failure": row.is_failure,
        "code": row.code,
        "message": row.message,
        "policy_type": row.policy_type,
        "graph_id": row.graph_id,
        "name": row.name,
    }


def _sample(row: RehearsalSample) -> RehearsalSampleJson:
    return {
        "policy_type": row.policy_type,
        "graph_id": row.graph_id,
        "name": row.name,
        "outcome": row.outcome,
        "differences": row.differences,
        "is_removed": row.is_removed,
    }
