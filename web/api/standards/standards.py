"""`/standards`: what a standard holds, its versions, and making the next one. As pages do them."""

from typing import Any

from flask import Blueprint, abort
from pydantic import Field
from typing_extensions import TypedDict

from actors.standards import making
from db.errors import Invalid
from db.models import Standard, StandardVersion, Tenant
from db.sql import cursor_pages
from db.standards import adoptions, standards, versions
from db.states import Scope, StandardSource
from web.acts import standard_access, standard_document
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.fields import RowId
from web.api.paging import PageJson, PageQuery, page
from web.api.representations.values import Id, Time
from web.security.access import current_actor, fetch, parse_row_id
from web.security.permissions import Permission

routes = Blueprint("standards", __name__)


class StandardJson(TypedDict):
    """A standard. `newest_version` null: it has none yet. `followers`: of the tenants that the token may see."""

    id: Id
    name: str
    description: str
    created_at: Time
    archived_at: Time | None
    newest_version: int | None
    items: int
    followers: int


class VersionJson(TypedDict):
    """A version of a standard. `source_name`: "" for who may not know it."""

    number: int
    made_at: Time
    source: StandardSource
    source_name: str
    based_on: int | None
    with_assignments: bool
    notes: str
    item_count: int


class StandardItemJson(TypedDict):
    """A policy of a version. Its `key` is the same in every version."""

    key: str
    policy_type: str
    name: str


class ChangedItemJson(StandardItemJson):
    """A policy that changed. `was`: its name before, where that is another."""

    differences: list[str]
    was: str | None


class SinceJson(TypedDict):
    """The difference to the version that it was made from, settings by their names."""

    version: int
    added: list[StandardItemJson]
    removed: list[StandardItemJson]
    changed: list[ChangedItemJson]


class StandardObjectJson(TypedDict):
    """A group, location, filter … of the tenant that a version was taken from."""

    kind: str
    id: str


class StandardParameterJson(TypedDict):
    """A parameter: what differs between tenants. `items`: the keys of the policies that have it."""

    name: str
    kind: str
    label: str
    default: str | int | None
    object: StandardObjectJson | None
    items: list[str]


class VersionDetailsJson(VersionJson):
    """A version with its policies. `since` null: it is the first."""

    items: list[StandardItemJson]
    parameters: list[StandardParameterJson]
    since: SinceJson | None


class StandardBody(Arguments):
    """The name of a standard, and what it is for."""

    name: str = Field("", max_length=400, description="What it is called. It has to be named.")
    description: str = Field("", max_length=2000, description="What it is for.")


class VersionBody(Arguments):
    """The next version. `after`: the number of the newest version that you have seen; 0: there is none."""

    tenant: RowId | None = Field(None, description="The tenant that its policies are taken from.")
    snapshots: list[RowId] = Field([], max_length=500, description="The snapshots to take.")
    keeps_items: bool = Field(False, description="Keep the other items of the newest version.")
    without: list[str] = Field([], max_length=500, description="With keeps_items: keys of items to leave out.")
    after: int = Field(0, ge=0, le=2**31 - 1, description="The newest version that you have seen.")
    notes: str = Field("", max_length=4000, description="What is new, and why.")
    prefix: str | None = Field(None, max_length=60, description="What names begin with; null: it is looked for.")
    words: list[str] = Field([], max_length=20, description="Texts that differ between tenants, besides those found.")
    with_assignments: bool = Field(True, description="Whether assignments belong to it.")


def _summaries(rows: list[Standard]) -> list[Any]:
    ids = [row.id for row in rows]
    newest = versions.newest_numbers(ids)
    counts = adoptions.follower_counts(ids, standard_access.seen_tenant_ids())
    return [standard_document.summary(row, newest.get(row.id), counts.get(row.id, 0)) for row in rows]


@routes.get("/standards")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=PageJson[StandardJson], query=PageQuery)
def list_standards(query: PageQuery) -> ApiAnswer:
    """List the standards that a tenant of yours follows; editors and approvers of standards see all."""
    condition = Standard.id > 0
    if standard_access.seen_tenant_ids() is not None:
        condition &= Standard.id.in_([row.id for row in standard_access.seen_standards()])
    return page(cursor_pages.select(Standard, condition), Standard.id, query, lambda rows: _summaries(list(rows)))


@routes.get("/standards/<standard_id>")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=StandardJson, has_etag=True)
def get_standard(standard_id: str) -> StandardJson:
    """Show a standard."""
    document: StandardJson = _summaries([standard_access.fetch_standard(standard_id)])[0]
    return document


@routes.post("/standards")
@endpoint(
    Permission.EDIT_STANDARDS,
    Scope.MANAGE,
    returns=StandardJson,
    body=StandardBody,
    status=201,
    headers={"Location": "The address of the standard."},
    problems=(422,),
)
def make_standard(body: StandardBody) -> ApiAnswer:
    """Make a standard, without a version yet."""
    row = standards.create(body.name, body.description, current_actor())
    return ApiAnswer(_summaries([row])[0], {"Location": f"/api/v1/standards/{row.id}"})


@routes.get("/standards/<standard_id>/versions")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=PageJson[VersionJson], query=PageQuery)
def list_versions(standard_id: str, query: PageQuery) -> ApiAnswer:
    """List the versions of a standard, the newest first."""
    condition = StandardVersion.standard == standard_access.fetch_standard(standard_id)
    select = cursor_pages.select(StandardVersion, condition)
    return page(select, StandardVersion.id, query, lambda rows: [_version(row) for row in rows])


def _version(row: StandardVersion) -> Any:
    return standard_document.version_summary(row, standard_access.source_name(row))


@routes.get("/standards/<standard_id>/versions/<version_number>")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=VersionDetailsJson, has_etag=True)
def get_version(standard_id: str, version_number: str) -> VersionDetailsJson:
    """Show a version: its policies, what differs between tenants, and what is new since the version before."""
    standard = standard_access.fetch_standard(standard_id)
    version = versions.of_number(standard, parse_row_id(version_number) or 0) or abort(404)
    return _details(standard, version)


def _details(standard: Standard, version: StandardVersion) -> VersionDetailsJson:
    earlier = versions.of_number(standard, version.based_on or version.number - 1)
    document: Any = standard_document.version_details(version, standard_access.source_name(version), earlier)
    return document


@routes.post("/standards/<standard_id>/versions")
@endpoint(
    Permission.EDIT_STANDARDS,
    Scope.MANAGE,
    returns=VersionDetailsJson,
    body=VersionBody,
    status=201,
    headers={"Location": "The address of the version."},
    problems=(422,),
)
def make_version(standard_id: str, body: VersionBody) -> ApiAnswer:
    """Make the next version, of snapshots of a tenant that the token's person manages. No tenant is written to."""
    standard = standard_access.fetch_standard(standard_id)
    tenant = fetch(Tenant, body.tenant, Permission.MANAGE) if body.tenant is not None else None
    choices = making.VersionChoices(body.notes, body.after, body.with_assignments, body.words, body.prefix)
    newest = versions.newest(standard)
    if body.keeps_items and newest is not None:
        version = making.from_version(
            standard, newest, current_actor(), choices, without=body.without, tenant=tenant, snapshot_ids=body.snapshots
        )
    elif tenant is not None:
        version = making.from_snapshots(standard, tenant, body.snapshots, current_actor(), choices)
    else:
        raise Invalid("Name the tenant that its policies are taken from.")
    address = f"/api/v1/standards/{standard.id}/versions/{version.number}"
    return ApiAnswer(_details(standard, version), {"Location": address})
