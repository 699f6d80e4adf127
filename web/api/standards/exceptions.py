"""`/standards/{id}/exceptions`: what tenants have otherwise, asked for, approved and ended. As pages do it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from flask import Blueprint, abort
from pydantic import Field
from typing_extensions import TypedDict

import config
from db.models import StandardException
from db.sql import cursor_pages
from db.standards import exceptions
from db.states import ExceptionKind, Scope
from web.acts import following_document, standard_access
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.fields import GivenTime, naive_utc
from web.api.paging import PageJson, PageQuery, allowed, page
from web.api.representations.values import Id, ReferenceJson, Time
from web.security.access import current_actor, parse_row_id
from web.security.permissions import Permission

routes = Blueprint("standard_exceptions", __name__)

REFUSALS = (422,)
_REASON: Any = Field(max_length=exceptions.LONGEST_REASON, description="A ticket or a sentence, kept with it.")


class ExceptionJson(TypedDict):
    """An item that a tenant, or every tenant with a tag, has otherwise. `paths`: where the tenant's own values stay,
    of `otherwise`. `approved_at` null: it does not hold yet. `until` null: for good.
    """

    id: Id
    tenant: ReferenceJson | None
    tag: str | None
    item: str
    kind: ExceptionKind
    paths: list[str]
    reason: str
    until: Time | None
    asked_at: Time
    approved_at: Time | None
    ended_at: Time | None


class ExceptionBody(Arguments):
    """The exception that is asked for."""

    key: str = Field(min_length=1, max_length=200, description="The key of the item.")
    kind: Literal["leave_out", "otherwise"] = Field("leave_out", description="The whole item, or some of its settings.")
    paths: list[str] = Field([], max_length=exceptions.MOST_PATHS, description="Of `otherwise`: the settings.")
    reason: str = _REASON
    until: GivenTime | None = Field(None, description="When it ends by itself.")


class EndBody(Arguments):
    """The reason."""

    reason: str = _REASON


@routes.get("/standards/<standard_id>/exceptions")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=PageJson[ExceptionJson], query=PageQuery)
def list_exceptions(standard_id: str, query: PageQuery) -> ApiAnswer:
    """List the exceptions that hold or are asked for, of your tenants; those of tags too, for who sees every tenant."""
    standard = standard_access.fetch_standard(standard_id)
    condition = (StandardException.standard == standard) & StandardException.ended_at.is_null()
    condition &= allowed(StandardException.tenant, permission=Permission.SEE_STANDARDS)

    def represent(rows: Sequence[StandardException]) -> list[Any]:
        return following_document.exception_list(rows)

    return page(cursor_pages.select(StandardException, condition), StandardException.id, query, represent)


@routes.post("/standards/<standard_id>/tenants/<tenant_id>/exceptions")
@endpoint(Permission.OPERATE, Scope.MANAGE, returns=ExceptionJson, body=ExceptionBody, status=201, problems=REFUSALS)
def ask_for_exception(standard_id: str, tenant_id: str, body: ExceptionBody) -> ExceptionJson:
    """Ask that a tenant may have an item otherwise. It holds once an approver of standards approves it."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.OPERATE)
    asked = exceptions.ask(
        adoption.standard,
        body.key,
        ExceptionKind(body.kind),
        body.reason,
        current_actor(),
        tenant=adoption.tenant,
        paths=body.paths,
        until=_until(body.until),
    )
    return _now(asked)


def _until(at: datetime | None) -> datetime | None:
    return None if at is None else naive_utc(at)


@routes.post("/standards/<standard_id>/exceptions/<exception_id>/approve")
@endpoint(Permission.APPROVE_STANDARDS, Scope.MANAGE, returns=ExceptionJson, problems=REFUSALS)
def approve_exception(standard_id: str, exception_id: str) -> ExceptionJson:
    """Put an exception in force, as another person than who asked for it."""
    found = _found(standard_id, exception_id)
    exceptions.approve(found, current_actor(), needs_another=config.settings().rollout_four_eyes)
    return _now(found)


@routes.post("/standards/<standard_id>/exceptions/<exception_id>/end")
@endpoint(Permission.APPROVE_STANDARDS, Scope.MANAGE, returns=ExceptionJson, body=EndBody, problems=REFUSALS)
def end_exception(standard_id: str, exception_id: str, body: EndBody) -> ExceptionJson:
    """End an exception, or refuse one that was asked for."""
    found = _found(standard_id, exception_id)
    exceptions.end(found, current_actor(), body.reason)
    return _now(found)


def _found(standard_id: str, exception_id: str) -> StandardException:
    standard = standard_access.fetch_standard(standard_id)
    found = exceptions.find(parse_row_id(exception_id) or 0)
    return found if found is not None and found.standard_id == standard.id else abort(404)


def _now(row: StandardException) -> ExceptionJson:
    document: Any = following_document.exception(StandardException.get_by_id(row.id))
    return document
