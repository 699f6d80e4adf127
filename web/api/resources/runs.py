"""`/runs`: what goes on and what went on, cancelling it, and trying again what failed."""

from flask import Blueprint
from pydantic import Field

from db.errors import Invalid
from db.models import Run, RunItem
from db.sql import cursor_pages, time_ranges
from db.states import ItemState, RunKind, RunState, Scope
from web.acts import run_acts
from web.api.endpoints import ApiAnswer, endpoint
from web.api.fields import GivenTime, RowId, naive_utc
from web.api.paging import PageJson, PageQuery, allowed_and_asked_for, page
from web.api.representations import runs
from web.api.representations.runs import ListedRunItemJson, RunDetailsJson, RunJson
from web.api.representations.starting import STARTS, start_once
from web.security.access import current_actor, fetch
from web.security.permissions import Permission

routes = Blueprint("runs", __name__)


class RunQuery(PageQuery):
    """The filters of runs."""

    tenant: RowId | None = Field(None, description="Only runs of this tenant.")
    state: RunState | None = Field(None, description="Only runs in this state.")
    kind: RunKind | None = Field(None, description="Only runs of this kind.")
    since: GivenTime | None = Field(None, description="Only runs that were asked for at this time or later.")
    until: GivenTime | None = Field(None, description="Only runs that were asked for before this time.")


@routes.get("/runs")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[RunJson], query=RunQuery, problems=(404,))
def list_runs(query: RunQuery) -> ApiAnswer:
    """List runs, the newest first."""
    condition = allowed_and_asked_for(Run, query) & Run.parent.is_null()
    if query.kind is not None:
        condition &= Run.kind == query.kind
    if query.since is not None:
        condition &= time_ranges.since(Run.created_at, naive_utc(query.since))
    if query.until is not None:
        condition &= time_ranges.before(Run.created_at, naive_utc(query.until))
    return page(cursor_pages.select(Run, condition, Run.tenant, Run.requested_by), Run.id, query, runs.runs)


@routes.get("/runs/<run_id>")
@endpoint(Permission.SEE, Scope.READ, returns=RunDetailsJson, has_etag=True)
def get_run(run_id: str) -> RunDetailsJson:
    """Show a run and all its items. What it says is what `tenantkeep run show --json` says, and some facts more."""
    return runs.details(fetch(Run, run_id, Permission.SEE))


class RunItemQuery(PageQuery):
    """The filters of a run's items."""

    state: ItemState | None = Field(None, description="Only items in this state.")


@routes.get("/runs/<run_id>/items")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[ListedRunItemJson], query=RunItemQuery)
def list_run_items(run_id: str, query: RunItemQuery) -> ApiAnswer:
    """List a run's items, in the order in which they were made."""
    condition = RunItem.run == fetch(Run, run_id, Permission.SEE)
    if query.state is not None:
        condition &= RunItem.state == query.state
    return page(cursor_pages.select(RunItem, condition), RunItem.id, query, runs.items, rising=True)


@routes.post("/runs/<run_id>/cancel")
@endpoint(Permission.OPERATE, Scope.START, returns=RunDetailsJson)
def cancel_run(run_id: str) -> RunDetailsJson:
    """Ask a run to stop at its next item. One that has ended stays as it is."""
    run = fetch(Run, run_id, Permission.OPERATE)
    run_acts.cancel(run, current_actor())
    return runs.details(Run.get_by_id(run.id))


@routes.post("/runs/<run_id>/retry-failed")
@endpoint(Permission.OPERATE, Scope.START, **STARTS)
def retry_failed_of_run(run_id: str) -> ApiAnswer:
    """Read what a backup could not read, and add it to its backup set.

    What a live restore could not write is tried again at its restore: `/restores/{restore_id}/retry-failed`.
    """
    run = fetch(Run, run_id, Permission.OPERATE)
    run_acts.require_may_retry(run)
    if run.kind == RunKind.RESTORE:
        raise Invalid(f"This wrote to a tenant: try it again at /restores/{run.restore_id}/retry-failed.")
    return start_once(lambda: run_acts.retry_failed(run, current_actor()))
