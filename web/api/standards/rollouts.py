"""`/rollouts`: asking for one, confirming its plans, pausing, stopping and rolling back. As pages do them."""

from collections.abc import Sequence
from typing import Any, Literal

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from actors.rollouts import rolling_out
from db.errors import Invalid
from db.models import RollOut, Standard, StandardVersion
from db.restores import approvals
from db.rollouts import rollout_tenants
from db.sql import cursor_pages
from db.standards import versions
from db.states import Ring, RollOutKind, RollOutState, Scope
from web.acts import rollout_access, rollout_document, standard_access
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.idempotency import TAKES, once
from web.api.paging import PageJson, PageQuery, page
from web.api.representations.values import Id, ReferenceJson, Time
from web.security.access import current_actor
from web.security.permissions import Permission

routes = Blueprint("rollouts", __name__)

REFUSALS = (422,)


class RolloutJson(TypedDict):
    """A roll-out of a standard's version to a ring. `message`: why it stopped; "" for a token of some tenants."""

    id: Id
    standard: ReferenceJson
    version: int
    ring: Ring
    kind: RollOutKind
    state: RollOutState
    message: str
    reason: str
    at_once: int
    stop_percent: int
    asked_at: Time
    confirmed_at: Time | None
    ended_at: Time | None


class RolloutTenantJson(TypedDict):
    """A tenant's part. `counts`: action, or outcome once it was written -> number of policies. `conflicts`: policies
    that another hand changed, and that are left alone. `restore` and `undo` may be gone by now.
    `overridden_reason`: why it comes although the tenant's manager objects.
    """

    tenant: ReferenceJson
    state: str
    restore: Id | None
    undo: Id | None
    counts: dict[str, int]
    conflicts: int
    message: str
    objection: str | None
    overridden_reason: str | None


class RolloutDetailsJson(RolloutJson):
    """A roll-out with those of its tenants that the token may see. `planned`: so many of them have a plan that is
    carried out once it is confirmed. `fingerprint`: of all its plans, to be sent back when they are confirmed; for
    who may see them all.
    """

    fingerprint: str | None
    planned: int
    counts: dict[str, int]
    tenants: list[RolloutTenantJson]


class RolloutQuery(PageQuery):
    """The filters of roll-outs."""

    standard: int | None = Field(None, ge=1, description="Only roll-outs of this standard.")
    state: RollOutState | None = Field(None, description="Only roll-outs in this state.")


class AskBody(Arguments):
    """The version and the ring that it is to go to."""

    version: int = Field(ge=1, description="The number of the version.")
    ring: Literal["pilot", "early", "all"] = Field(description="The ring whose tenants get it.")
    kind: Literal["roll_out", "switch_on"] = Field(
        "roll_out", description="Roll it out, or switch on what arrived report-only with it."
    )
    early: str = Field(
        "",
        max_length=approvals.MAX_REASON_LENGTH,
        description="Why it comes before the ring before it was looked at for long enough. Without it that is refused.",
    )


class RolloutReasonBody(Arguments):
    """The reason."""

    reason: str = Field(
        max_length=approvals.MAX_REASON_LENGTH, description="A ticket or a sentence, kept with the roll-out."
    )


class ConfirmBody(RolloutReasonBody):
    """The plans that are meant, how many tenants have one, and the reason."""

    expected_fingerprint: str = Field(
        min_length=1,
        max_length=64,
        description="The `fingerprint` that was read. Of any other plans nothing is written.",
    )
    confirm_tenants: int = Field(ge=1, description="How many tenants have a plan: `planned`, as it was read.")


def _now(rollout: RollOut) -> RolloutDetailsJson:
    now = rollout_access.fetch_rollout(rollout.id)
    tenant_ids = standard_access.seen_tenant_ids()
    parts = rollout_access.parts_of(now, tenant_ids)
    document: Any = rollout_document.details(now, parts, is_whole=tenant_ids is None)
    return document


@routes.get("/rollouts")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=PageJson[RolloutJson], query=RolloutQuery)
def list_rollouts(query: RolloutQuery) -> ApiAnswer:
    """List roll-outs that reach a tenant of yours, the newest first."""
    tenant_ids = standard_access.seen_tenant_ids()
    condition = RollOut.id > 0
    if tenant_ids is not None:
        condition &= RollOut.id.in_(rollout_tenants.ids_that_reach(tenant_ids))
    if query.standard is not None:
        condition &= RollOut.standard == query.standard
    if query.state is not None:
        condition &= RollOut.state == query.state

    def represent(found: Sequence[RollOut]) -> list[Any]:
        return [rollout_document.summary(row, is_whole=tenant_ids is None) for row in found]

    rows = cursor_pages.select(RollOut, condition, RollOut.standard, RollOut.version)
    return page(rows, RollOut.id, query, represent)


@routes.get("/rollouts/<rollout_id>")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=RolloutDetailsJson, has_etag=True)
def get_rollout(rollout_id: str) -> RolloutDetailsJson:
    """Show a roll-out with those of its tenants that the token may see, and what is planned or was done in each."""
    return _now(rollout_access.fetch_rollout(rollout_id))


@routes.post("/standards/<standard_id>/rollouts")
@endpoint(
    Permission.EDIT_STANDARDS,
    Scope.START,
    returns=RolloutDetailsJson,
    body=AskBody,
    status=201,
    headers={"Location": "The address of the roll-out."},
    takes=TAKES,
    problems=(400, 409, 422),
)
def ask_for_rollout(standard_id: str, body: AskBody) -> ApiAnswer:
    """Ask for a roll-out. It is planned for each tenant of the ring, and nothing is written until it is confirmed."""
    standard = standard_access.fetch_standard(standard_id)
    version, kind = _version(standard, body.version), RollOutKind(body.kind)

    def ask() -> ApiAnswer:
        rollout = rolling_out.ask(standard, version, Ring(body.ring), current_actor(), kind=kind, early=body.early)
        return ApiAnswer(_now(rollout), {"Location": f"/api/v1/rollouts/{rollout.id}"})

    return once(ask)


def _version(standard: Standard, number: int) -> StandardVersion:
    version = versions.of_number(standard, number)
    if version is None:
        raise Invalid(f"“{standard.name}” has no version {number}.")
    return version


@routes.post("/rollouts/<rollout_id>/confirm")
@endpoint(Permission.APPROVE_STANDARDS, Scope.RESTORE, returns=RolloutDetailsJson, body=ConfirmBody, problems=REFUSALS)
def confirm_rollout(rollout_id: str, body: ConfirmBody) -> RolloutDetailsJson:
    """Have exactly the plans that were read carried out, some tenants at a time. As another person than who asked."""
    rollout = rollout_access.fetch_rollout(rollout_id)
    count, plan = body.confirm_tenants, body.expected_fingerprint
    rolling_out.confirm(rollout, current_actor(), body.reason, tenants=count, plan=plan)
    return _now(rollout)


@routes.post("/rollouts/<rollout_id>/preview")
@endpoint(Permission.EDIT_STANDARDS, Scope.START, returns=RolloutDetailsJson, problems=REFUSALS)
def plan_rollout_again(rollout_id: str) -> RolloutDetailsJson:
    """Have all plans made anew, before they are confirmed."""
    rollout = rollout_access.fetch_rollout(rollout_id)
    rolling_out.preview_again(rollout, current_actor())
    return _now(rollout)


@routes.post("/rollouts/<rollout_id>/pause")
@endpoint(Permission.APPROVE_STANDARDS, Scope.RESTORE, returns=RolloutDetailsJson, problems=REFUSALS)
def pause_rollout(rollout_id: str) -> RolloutDetailsJson:
    """Begin in no further tenant. What was begun goes on to its end."""
    rollout = rollout_access.fetch_rollout(rollout_id)
    rolling_out.pause(rollout, current_actor())
    return _now(rollout)


@routes.post("/rollouts/<rollout_id>/go-on")
@endpoint(Permission.APPROVE_STANDARDS, Scope.RESTORE, returns=RolloutDetailsJson, problems=REFUSALS)
def let_rollout_go_on(rollout_id: str) -> RolloutDetailsJson:
    """Let a paused roll-out go on."""
    rollout = rollout_access.fetch_rollout(rollout_id)
    rolling_out.go_on(rollout, current_actor())
    return _now(rollout)


@routes.post("/rollouts/<rollout_id>/take-up")
@endpoint(Permission.EDIT_STANDARDS, Scope.START, returns=RolloutDetailsJson, problems=REFUSALS)
def take_rollout_up(rollout_id: str) -> RolloutDetailsJson:
    """Plan a roll-out that stopped anew for the tenants that are left. It is confirmed anew before it writes."""
    rollout = rollout_access.fetch_rollout(rollout_id)
    rolling_out.take_up(rollout, current_actor())
    return _now(rollout)


@routes.post("/rollouts/<rollout_id>/stop")
@endpoint(Permission.EDIT_STANDARDS, Scope.START, returns=RolloutDetailsJson, body=RolloutReasonBody, problems=REFUSALS)
def stop_rollout(rollout_id: str, body: RolloutReasonBody) -> RolloutDetailsJson:
    """End it: nothing further begins, and what was written stays. One that was confirmed takes an approver."""
    rollout = rollout_access.fetch_rollout(rollout_id)
    rollout_access.require_may_stop(rollout)
    rolling_out.stop(rollout, current_actor(), body.reason)
    return _now(rollout)


@routes.post("/rollouts/<rollout_id>/roll-back")
@endpoint(
    Permission.APPROVE_STANDARDS, Scope.RESTORE, returns=RolloutDetailsJson, body=RolloutReasonBody, problems=REFUSALS
)
def roll_rollout_back(rollout_id: str, body: RolloutReasonBody) -> RolloutDetailsJson:
    """Undo what it wrote in each tenant, the newest first. What another hand changed since is left as it is."""
    rollout = rollout_access.fetch_rollout(rollout_id)
    rolling_out.roll_back(rollout, current_actor(), body.reason)
    return _now(rollout)
