"""`/restores` and bringing a tenant back: asking for them, reading their plans. Acts that write: restore_acts.py."""

from datetime import UTC, timedelta
from typing import Any, Literal

from flask import Blueprint, abort
from pydantic import Field

import actors.plans.preview
from actors.changes import bringing_back
from actors.facade import policy_type_names
from actors.plans import drafts, option_choices
from actors.queue.enqueue import EnqueuedRun
from db.clock import past, utcnow
from db.errors import Invalid
from db.models import BackupSet, Restore, RestoreItem, Snapshot, Tenant
from db.sql import cursor_pages
from db.states import Outcome, RestoreState, Scope
from web import inputs
from web.acts import restore_acts
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.fields import GivenTime, RowId, naive_utc
from web.api.paging import PageJson, PageQuery, allowed_and_asked_for, page, page_of_ids
from web.api.problems import FieldError, ProblemError
from web.api.representations import damages, restores
from web.api.representations.damages import DamageJson
from web.api.representations.restores import (
    PlannedItemJson,
    RestoreDetailsJson,
    RestoreItemJson,
    RestoreJson,
)
from web.api.representations.starting import MAKES, STARTS, make_once, start_once
from web.security.access import current_actor, fetch
from web.security.permissions import Permission

routes = Blueprint("restores", __name__)

MOST_SNAPSHOTS, MOST_TYPES = 20_000, 500
# The contents of each are opened, and read out.
MOST_PLANNED_ITEMS = 50
# Of whoever changed a tenant.
LONGEST_NAME = 300


class OptionsBody(Arguments):
    """The options of a restore; what is left out is as a form proposes it for such a tenant."""

    assignments: Literal["made", "leave", "exact", "none"] | None = Field(
        None, description="Restore them where a policy is made again, leave them, restore them all, or remove them."
    )
    existing: Literal["update", "skip", "copy"] | None = Field(
        None, description="What happens to those that are there."
    )
    prefix: str = Field("", max_length=option_choices.LONGEST_PREFIX, description="Of the copies' names.")
    conditional_access: Literal["as captured", "report only", "off"] | None = Field(
        None, description="The state of policies of Conditional Access that were on."
    )
    drop_missing: bool = Field(False, description="Leave assignments out whose group cannot be found.")
    groups: Literal["no", "kept", "empty", "members"] | None = Field(
        None,
        description="Make groups again that are gone: not at all, only bring back what Entra keeps, without members, "
        "or with the backup's.",
    )
    deleted: Literal["undelete", "new"] | None = Field(
        None, description="Bring back what Microsoft still keeps deleted, with its id, or make new ones."
    )

    def as_form(self) -> dict[str, str]:
        """Return the options as the form of the page has them."""
        chosen: dict[str, Any] = self.model_dump(exclude_none=True)
        return {**chosen, "drop_missing": option_choices.DROP_MISSING if self.drop_missing else ""}


class RestoreBody(Arguments):
    """A restore to draft: a backup set or some of it, or one snapshot; the tenant, and the options."""

    backup_set: RowId | None = Field(None, description="The backup set that it is from.")
    snapshot: RowId | None = Field(None, description="In place of a backup set: one snapshot.")
    snapshots: list[RowId] = Field([], max_length=MOST_SNAPSHOTS, description="Of the set: only these snapshots.")
    policy_types: list[str] = Field([], max_length=MOST_TYPES, description="Of the set: only these policy types.")
    tenant: RowId | None = Field(None, description="The tenant to restore to; null: the one that it is from.")
    options: OptionsBody = Field(default_factory=lambda: OptionsBody.model_validate({}))


class RestoreQuery(PageQuery):
    """The filters of restores."""

    tenant: RowId | None = Field(None, description="Only restores to this tenant.")
    state: RestoreState | None = Field(None, description="Only restores in this state.")


@routes.get("/restores")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[RestoreJson], query=RestoreQuery, problems=(404,))
def list_restores(query: RestoreQuery) -> ApiAnswer:
    """List restores, the newest first."""
    condition = allowed_and_asked_for(Restore, query)
    return page(cursor_pages.select(Restore, condition, Restore.tenant), Restore.id, query, restores.listed)


@routes.get("/restores/<restore_id>")
@endpoint(Permission.SEE, Scope.READ, returns=RestoreDetailsJson, has_etag=True)
def get_restore(restore_id: str) -> RestoreDetailsJson:
    """Show a restore: its plan in numbers and a sentence, what it leaves weaker, and its runs."""
    return restores.details(fetch(Restore, restore_id, Permission.SEE))


@routes.post("/restores")
@endpoint(Permission.OPERATE, Scope.START, body=RestoreBody, **MAKES)
def make_restore(body: RestoreBody) -> ApiAnswer:
    """Draft a restore. Nothing is read or written yet: preview it next.

    Between two tenants it takes somebody who manages both.
    """
    source = _source(body)
    tenant = source.tenant if body.tenant is None else fetch(Tenant, body.tenant, Permission.OPERATE)
    if body.tenant is None:
        fetch(Tenant, source.tenant_id, Permission.OPERATE)
    restore_acts.require_source_access(source.tenant.directory_id, tenant)
    unknown = sorted(set(body.policy_types) - set(policy_type_names.titles()))
    if unknown:
        wrong = FieldError(field="policy_types", message=f"There is no policy type {unknown[0]}.")
        raise ProblemError(422, errors=[wrong])
    options = option_choices.parse_options(body.options.as_form(), own_tenant=source.tenant_id == tenant.id)
    return make_once(lambda: _draft(source, tenant, options, body))


def _source(body: RestoreBody) -> Any:
    """Fetch the backup set or the snapshot that the body names: exactly one of both."""
    if (body.backup_set is None) == (body.snapshot is None):
        wrong = FieldError(field="backup_set", message="Name a backup set or a snapshot, and not both.")
        raise ProblemError(422, errors=[wrong])
    if body.snapshot is None:
        return fetch(BackupSet, body.backup_set, Permission.SEE)
    if body.snapshots or body.policy_types:
        wrong = FieldError(field="snapshots", message="A choice is made of a backup set; a snapshot is one policy.")
        raise ProblemError(422, errors=[wrong])
    return fetch(Snapshot, body.snapshot, Permission.SEE)


def _draft(source: Any, tenant: Tenant, options: dict[str, Any], body: RestoreBody) -> Restore:
    if isinstance(source, Snapshot):
        return drafts.from_snapshot(source, tenant, options, current_actor())
    return drafts.from_backup_set(
        source, tenant, options, current_actor(), snapshot_ids=body.snapshots, policy_types=body.policy_types
    )


@routes.post("/restores/<restore_id>/preview")
@endpoint(Permission.OPERATE, Scope.START, **STARTS)
def preview_restore(restore_id: str) -> ApiAnswer:
    """Look at the tenant and plan what a live restore would do. It writes nothing, and discards an earlier plan."""
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    return start_once(lambda: actors.plans.preview.start(restore, current_actor()))


class RestoreItemQuery(PageQuery):
    """The filters of a restore's items."""

    action: Outcome | None = Field(None, description="Only items that the plan treats so.")


class PlanQuery(RestoreItemQuery):
    """The filters of a plan's items: each is read out whole, so a page has fewer."""

    limit: int = Field(20, ge=1, le=MOST_PLANNED_ITEMS, description="How many items a page has.")


@routes.get("/restores/<restore_id>/items")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[RestoreItemJson], query=RestoreItemQuery)
def list_restore_items(restore_id: str, query: RestoreItemQuery) -> ApiAnswer:
    """List a restore's items: what its plan does with each, and what became of it."""
    rows = cursor_pages.select(RestoreItem, _items(fetch(Restore, restore_id, Permission.SEE), query))
    return page(rows, RestoreItem.id, query, restores.items, rising=True)


@routes.get("/restores/<restore_id>/plan")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[PlannedItemJson], query=PlanQuery)
def read_plan(restore_id: str, query: PlanQuery) -> ApiAnswer:
    """Read a plan out: of each item every setting that is overwritten, and every line that is written, masked."""
    restore = fetch(Restore, restore_id, Permission.SEE)
    rows = cursor_pages.select(RestoreItem, _items(restore, query))
    return page(rows, RestoreItem.id, query, restores.planned_items, rising=True)


def _items(restore: Restore, query: RestoreItemQuery) -> Any:
    condition = RestoreItem.restore == restore
    return condition if query.action is None else condition & (RestoreItem.action == query.action)


@routes.get("/restores/<restore_id>/items/<item_id>")
@endpoint(Permission.SEE, Scope.READ, returns=PlannedItemJson, has_etag=True)
def get_restore_item(restore_id: str, item_id: str) -> PlannedItemJson:
    """Read one item of a plan out, as `/restores/{restore_id}/plan` does."""
    restore = fetch(Restore, restore_id, Permission.SEE)
    item = fetch(RestoreItem, item_id, Permission.SEE)
    if item.restore_id != restore.id:
        abort(404)
    return restores.planned_items([item])[0]


class BringBackQuery(PageQuery):
    """The moment, and whose acts are meant."""

    at: GivenTime | None = Field(None, description="The moment; a day ago where none is given.")
    by: str = Field("", max_length=LONGEST_NAME, description="Only what this person or app did.")


class BringBackBody(Arguments):
    """A moment that the tenant is brought back to, whose acts are meant, and what becomes of what was added since."""

    at: str = Field(max_length=60, description="The moment, in UTC or with a zone.", examples=["2026-11-27T03:00:00Z"])
    by: str = Field("", max_length=LONGEST_NAME, description="Only what this person or app did, as `culprits` has it.")
    removes_added: bool = Field(False, description="Also remove what was added since. It is captured first.")


@routes.get("/tenants/<tenant_id>/bring-back")
@endpoint(Permission.SEE, Scope.READ, returns=DamageJson, query=BringBackQuery)
def get_damage(tenant_id: str, query: BringBackQuery) -> ApiAnswer:
    """Show what was deleted, changed or added in a tenant since a moment, by whom, the urgent first."""
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    try:
        at = past(utcnow() - timedelta(days=1) if query.at is None else naive_utc(query.at))
    except Invalid as e:
        wrong = FieldError(field="at", message=str(e))
        raise ProblemError(400, "The address asks for something that there is not.", [wrong]) from e
    damage = bringing_back.find(tenant, at)
    meant = [deed for deed in damage.deeds if not query.by or deed.is_by(query.by)]
    listed = page_of_ids(
        range(1, len(meant) + 1), query, lambda numbers: damages.deeds([meant[number - 1] for number in numbers])
    )
    return ApiAnswer({**damages.damage(damage, meant), **listed.document}, listed.headers)


@routes.post("/tenants/<tenant_id>/bring-back")
@endpoint(Permission.OPERATE, Scope.START, body=BringBackBody, **STARTS)
def bring_tenant_back(tenant_id: str, body: BringBackBody) -> ApiAnswer:
    """Draft one restore that brings a tenant back to a moment, and start its preview; `restore` of the run is it.

    It writes nothing. Look at the plan, then execute it as any other.
    """
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    at = inputs.parse_past_time(body.at, UTC)

    def start() -> EnqueuedRun:
        damage = bringing_back.find(tenant, at)
        draft = bringing_back.draft(damage, current_actor(), by=body.by, removes_added=body.removes_added)
        return actors.plans.preview.start(draft, current_actor())

    return start_once(start)
