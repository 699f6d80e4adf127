"""`/changes`: what changed in the tenants, by whom, and deciding about it."""

from flask import Blueprint
from pydantic import Field

from actors.keeping import putting_back
from db.changes import decisions, ignored_fields
from db.models import Change
from db.sql import cursor_pages, time_ranges
from db.states import ChangeKind, ChangeState, Scope, Severity
from db.tenants import tags
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.fields import GivenTime, RowId, naive_utc
from web.api.paging import PageJson, PageQuery, allowed_and_asked_for, page
from web.api.representations import changes
from web.api.representations.changes import ChangeDetailsJson, ChangeJson
from web.api.representations.starting import MAKES, make_once
from web.security.access import current_actor, fetch
from web.security.permissions import Permission

routes = Blueprint("changes", __name__)

REFUSALS = (422,)


class ChangeQuery(PageQuery):
    """The filters of changes."""

    tenant: RowId | None = Field(None, description="Only changes in this tenant.")
    policy: RowId | None = Field(None, description="Only changes of this policy.")
    policy_type: str | None = Field(None, max_length=80, description="Only changes of policies of this type.")
    state: ChangeState | None = Field(None, description="Only changes in this state.")
    severity: Severity | None = Field(None, description="Only changes that are so grave.")
    kind: ChangeKind | None = Field(None, description="Only changes of this kind.")
    tag: str | None = Field(None, max_length=40, description="Only changes in tenants with this tag, in any case.")
    since: GivenTime | None = Field(None, description="Only changes that were seen at this time or later.")
    until: GivenTime | None = Field(None, description="Only changes that were seen before this time.")


class ReasonBody(Arguments):
    """The reason of a decision."""

    reason: str = Field("", max_length=decisions.LONGEST_REASON, description="A ticket or a sentence.")


class AcceptBody(ReasonBody):
    """The reason that it may be so, and until when."""

    until: GivenTime | None = Field(None, description="Open again from then on; null: for good.")


class IgnoreBody(Arguments):
    """A place that is ignored from now on."""

    path: str = Field(max_length=ignored_fields.LONGEST_PATH, description="As `differences` of the change has it.")


@routes.get("/changes")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[ChangeJson], query=ChangeQuery, problems=(404,))
def list_changes(query: ChangeQuery) -> ApiAnswer:
    """List changes, the newest first, each with who did it."""
    condition = allowed_and_asked_for(Change, query)
    columns = (Change.policy, Change.severity, Change.kind, Change.policy_type)
    values = (query.policy, query.severity, query.kind, query.policy_type)
    for column, value in zip(columns, values, strict=True):
        if value is not None:
            condition &= column == value
    if query.tag is not None:
        condition &= tags.is_of_tenant_with(Change.tenant, tags.fold(query.tag))
    if query.since is not None:
        condition &= time_ranges.since(Change.seen_at, naive_utc(query.since))
    if query.until is not None:
        condition &= time_ranges.before(Change.seen_at, naive_utc(query.until))
    rows = cursor_pages.select(Change, condition, Change.policy, Change.tenant, Change.decided_by)
    return page(rows, Change.id, query, changes.changes)


@routes.get("/changes/<change_id>")
@endpoint(Permission.SEE, Scope.READ, returns=ChangeDetailsJson, has_etag=True)
def get_change(change_id: str) -> ChangeDetailsJson:
    """Show a change: who did it, where it differs, and what was decided about it."""
    return changes.details(fetch(Change, change_id, Permission.SEE))


def _as_it_is_now(change: Change) -> ChangeDetailsJson:
    return changes.details(Change.get_by_id(change.id))


@routes.post("/changes/<change_id>/accept")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=ChangeDetailsJson, body=AcceptBody, problems=REFUSALS)
def accept_change(change_id: str, body: AcceptBody) -> ChangeDetailsJson:
    """Accept that the policy differs from what was approved as it does now. It takes a reason."""
    change = fetch(Change, change_id, Permission.MANAGE)
    decisions.accept([change], current_actor(), body.reason, body.until and naive_utc(body.until))
    return _as_it_is_now(change)


@routes.post("/changes/<change_id>/reopen")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=ChangeDetailsJson, problems=REFUSALS)
def reopen_change(change_id: str) -> ChangeDetailsJson:
    """Open an accepted change again."""
    change = fetch(Change, change_id, Permission.MANAGE)
    decisions.reopen([change], current_actor())
    return _as_it_is_now(change)


@routes.post("/changes/<change_id>/approve")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=ChangeDetailsJson, body=ReasonBody, problems=REFUSALS)
def approve_change(change_id: str, body: ReasonBody) -> ChangeDetailsJson:
    """Approve what the policy changed to: this is what it should be from now on."""
    change = fetch(Change, change_id, Permission.MANAGE)
    decisions.approve([change], current_actor(), body.reason)
    return _as_it_is_now(change)


@routes.post("/changes/<change_id>/ignore")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=ChangeDetailsJson, body=IgnoreBody, problems=REFUSALS)
def ignore_place_of_change(change_id: str, body: IgnoreBody) -> ChangeDetailsJson:
    """Ignore one of the places in which the change differs, in policies of its type, in its tenant, from now on.

    The changes of that type are assessed again a moment later.
    """
    change = fetch(Change, change_id, Permission.MANAGE)
    ignored_fields.add_of_change(change, body.path, current_actor())
    return _as_it_is_now(change)


@routes.post("/changes/<change_id>/put-back")
@endpoint(Permission.OPERATE, Scope.START, **MAKES)
def put_back_change(change_id: str) -> ApiAnswer:
    """Draft a restore of what was approved of the policy, or where nothing was, of what it was before.

    Of one that differs from a standard, of what the standard wants.

    Preview it, and execute it, as any other.
    """
    change = fetch(Change, change_id, Permission.OPERATE)
    return make_once(lambda: putting_back.draft([change], current_actor()))
