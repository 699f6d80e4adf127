"""Readiness: how much of a tenant would come back if it were deleted now, and what of each policy."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from db.models import ReadinessItem, ReadinessReport, Tenant
from db.readiness import reports
from db.states import ReadinessVerdict
from web.api.representations.values import Id, ReferenceJson, Time, reference, time


class ReadinessJson(TypedDict):
    """A tenant's newest report. `share`: 0 to 1, of all policies those that come back by themselves. `counts`: verdict
    to number of policies. `seconds`: what a full restore takes. Null where no report was made yet; the share also where
    there was nothing to judge.
    """

    tenant: ReferenceJson
    made_at: Time | None
    share: float | None
    counts: dict[str, int]
    seconds: int | None


class ReadinessItemJson(TypedDict):
    """A policy, whether a restore would bring it back, and why not or what has to be done; "" for nothing."""

    id: Id
    policy: Id
    policy_type: str
    graph_id: str
    name: str
    verdict: ReadinessVerdict
    why: str


class ReadinessDetailsJson(ReadinessJson):
    """A tenant's newest report with a page of its policies, and the address of the next page; null: there is none."""

    items: list[ReadinessItemJson]
    next: str | None


def readiness(tenant: Tenant, report: ReadinessReport | None) -> ReadinessJson:
    return {
        "tenant": reference(tenant),
        "made_at": time(report.made_at) if report else None,
        "share": reports.share_of(report) if report else None,
        "counts": report.counts if report else {},
        "seconds": report.seconds if report else None,
    }


def items(rows: Sequence[ReadinessItem]) -> list[ReadinessItemJson]:
    return [
        {
            "id": row.id,
            "policy": row.policy_id,
            "policy_type": row.policy_type,
            "graph_id": row.policy.graph_id,
            "name": row.name,
            "verdict": ReadinessVerdict(row.verdict),
            "why": row.why,
        }
        for row in rows
    ]
