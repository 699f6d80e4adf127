"""Pages of lists: each leads to the next by the id of its last row, so that the last costs what the first does."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from flask import request, url_for
from pydantic import Field
from typing_extensions import TypedDict

from db.database import Condition
from db.models import Tenant
from db.sql import cursor_pages
from db.sql.value_lists import is_in_if_given
from web.api import addresses
from web.api.endpoints import ApiAnswer, Arguments
from web.api.problems import FieldError, ProblemError
from web.security.access import allowed_tenant_ids, fetch, parse_row_id
from web.security.permissions import Permission

MAX_LIMIT, DEFAULT_LIMIT = 200, 50

Item = TypeVar("Item")


class PageQuery(Arguments):
    """The query that every list takes."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many items a page has.")
    cursor: str | None = Field(None, max_length=40, description="Where the page begins: from `next` of the one before.")


class PageJson(TypedDict, Generic[Item]):
    """A page of a list, the newest first, and the address of the next one; null: there is none."""

    items: list[Item]
    next: str | None


def allowed(tenant_column: Any, tenant_id: int | None = None, permission: Permission = Permission.SEE) -> Condition:
    """Return the condition that rows are of tenants in which the token has the permission: every list begins so.

    Of one alone, if given. Aborts with 404 when there is no such tenant, with 403 when it is another's.
    """
    if tenant_id is not None:
        return tenant_column == fetch(Tenant, tenant_id, permission)
    return is_in_if_given(tenant_column, allowed_tenant_ids(permission))


def allowed_and_asked_for(model: Any, query: Any) -> Condition:
    """Return `allowed`, narrowed to the tenant and the state that a query names, if it names them."""
    condition = allowed(model.tenant, query.tenant)
    if query.state is not None:
        condition &= model.state == query.state
    return condition


def page(
    select: Any,
    id_column: Any,
    query: PageQuery,
    represent: Callable[[Sequence[Any]], list[Any]],
    *,
    rising: bool = False,
) -> ApiAnswer:
    """ApiAnswer a page of the rows that `select` finds, by falling ids, or by `rising` ones.

    `represent` gets all rows of the page at once, so that it can ask for what belongs to them in one statement.
    """
    rows = cursor_pages.rows(select, id_column, after=_after(query), limit=query.limit + 1, is_rising=rising)
    items = represent(rows[: query.limit])
    return _page(items, rows[query.limit - 1].id if len(rows) > query.limit else None)


def page_of_ids(ids: Sequence[int], query: PageQuery, represent: Callable[[Sequence[int]], list[Any]]) -> ApiAnswer:
    """Answer a page of what these rising ids name."""
    begin = bisect_right(ids, _after(query) or 0)
    items = represent(ids[begin : begin + query.limit])
    if len(ids) <= begin + query.limit:
        return _page(items, None)
    return _page(items, ids[begin + query.limit - 1])


def _page(items: list[Any], last_id: int | None) -> ApiAnswer:
    """`last_id` None: it is the last page."""
    if last_id is None:
        return ApiAnswer({"items": items, "next": None})
    address = _address_after(last_id)
    return ApiAnswer({"items": items, "next": address}, {"Link": f'<{address}>; rel="next"'})


def _after(query: PageQuery) -> int | None:
    if query.cursor is None:
        return None
    number = parse_row_id(query.cursor)
    if number is None:
        wrong = FieldError(field="cursor", message="It is none that a page of this list gave.")
        raise ProblemError(400, "The address asks for a page that there is not.", [wrong])
    return number


def _address_after(last_id: int) -> str:
    """Return the address of the next page: as this one was asked for, from its last row on."""
    values: dict[str, Any] = {**request.args.to_dict(flat=False), **(request.view_args or {}), "cursor": last_id}
    return addresses.base() + url_for(request.endpoint or "", **values)
