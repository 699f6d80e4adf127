"""`/standards/{id}/matrix`: how each tenant has each item of a standard, as its newest snapshots say."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from actors.standings import matrix_rows
from db.models import StandardAdoption, StandardCell
from db.sql import cursor_pages
from db.standards import matrix
from db.standards.matrix import GroupCounts, MatrixFilter
from db.states import CellState, Ring, Scope
from db.tenants import tags
from web.acts import standard_access
from web.api.endpoints import ApiAnswer, endpoint
from web.api.fields import RowId
from web.api.paging import PageJson, PageQuery, page
from web.api.representations.values import Id, ReferenceJson, Time, time, time_or_none
from web.security.access import can
from web.security.permissions import Permission

routes = Blueprint("matrix_cells", __name__)


class MatrixCellJson(TypedDict):
    """An item of a standard in a tenant. Only `aligned` is as the standard wants it; what could not be read never is.

    `why`, `places` (the first that differ, in words), `policy`, `snapshot` and `change` are for who sees the tenant.
    """

    id: Id
    tenant: ReferenceJson
    ring: Ring
    version: int | None
    item_key: str
    policy_type: str
    item: str
    state: CellState
    since: Time
    differences: int
    exception: Id | None
    looked_at: Time | None
    why: str
    places: list[str]
    policy: Id | None
    snapshot: Id | None
    change: Id | None


class GroupJson(TypedDict):
    """A ring or a tag ("" for tenants without one): how many tenants, and how many of their items are in each state.

    `unlooked`: tenants that nobody has looked at yet, so that none of their items is counted.
    """

    name: str
    tenants: int
    unlooked: int
    states: dict[str, int]


class MatrixSummaryJson(TypedDict):
    """A matrix counted: by ring, and by tag, where a tenant counts in each of its tags."""

    rings: list[GroupJson]
    tags: list[GroupJson]


class MatrixQuery(PageQuery):
    """The filters of a matrix."""

    tenant: RowId | None = Field(None, description="Only this tenant.")
    ring: Ring | None = Field(None, description="Only tenants in this ring.")
    tag: str | None = Field(None, max_length=40, description="Only tenants with this tag, in any case.")
    state: CellState | None = Field(None, description="Only items in this state.")
    policy_type: str | None = Field(None, max_length=80, description="Only items of this policy type.")


@routes.get("/standards/<standard_id>/matrix")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=PageJson[MatrixCellJson], query=MatrixQuery)
def list_cells(standard_id: str, query: MatrixQuery) -> ApiAnswer:
    """List how the tenants of yours that follow a standard have its items. Nothing is asked of the tenants."""
    standard = standard_access.fetch_standard(standard_id)
    wanted = MatrixFilter(ring=query.ring or "", folded_tag=tags.fold(query.tag or ""))
    followers = {row.id: row for row in matrix.followers(standard, wanted, standard_access.seen_tenant_ids())}
    ids = [key for key, row in followers.items() if query.tenant in (None, row.tenant_id)]
    rows = cursor_pages.select(StandardCell, matrix.is_cell_of(ids, query.state or "", query.policy_type or ""))
    numbers = {version.id: version.number for version in standard.versions}

    def represent(found: Sequence[StandardCell]) -> list[Any]:
        return [_cell(followers[cell.adoption_id], cell, numbers) for cell in found]

    return page(rows, StandardCell.id, query, represent)


def _cell(adoption: StandardAdoption, cell: StandardCell, numbers: dict[int, int]) -> MatrixCellJson:
    inside = can(Permission.SEE, adoption.tenant_id)
    row = matrix_rows.row_of(adoption, cell, numbers, inside=inside)
    return {
        "id": cell.id,
        "tenant": {"id": row.tenant, "name": row.tenant_name},
        "ring": Ring(row.ring),
        "version": row.version,
        "item_key": row.item_key,
        "policy_type": row.policy_type,
        "item": row.item,
        "state": CellState(row.state),
        "since": time(cell.since_at),
        "differences": row.differences,
        "exception": row.exception,
        "looked_at": time_or_none(adoption.checked_at),
        "why": row.why,
        "places": row.places,
        "policy": row.policy,
        "snapshot": row.snapshot,
        "change": row.change,
    }


@routes.get("/standards/<standard_id>/matrix/summary")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=MatrixSummaryJson)
def get_matrix_summary(standard_id: str) -> MatrixSummaryJson:
    """Count a matrix by ring and by tag: of the tenants of yours, and never as one figure."""
    standard = standard_access.fetch_standard(standard_id)
    rows = matrix.followers(standard, MatrixFilter(), standard_access.seen_tenant_ids())
    return {"rings": _groups(matrix.by_ring(rows)), "tags": _groups(matrix.by_tag(rows))}


def _groups(groups: Sequence[GroupCounts]) -> list[GroupJson]:
    return [
        {"name": group.name, "tenants": group.tenants, "unlooked": group.unlooked, "states": dict(group.states)}
        for group in groups
    ]
