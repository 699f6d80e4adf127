"""The one base of every list: read-only, scoped to the person's tenants, quick with a million rows.

One `_scoped` serves list, count, search, filters, export and actions. Why not Flask-Admin's own:
docs/decisions/0024-lists-have-one-base.md.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any, ClassVar, TypeVar

import peewee as pw
from flask import Response, abort, redirect, request, stream_with_context
from flask_admin import expose
from flask_admin.contrib.peewee import ModelView
from flask_admin.model.base import ViewArgs
from flask_babel import gettext
from markupsafe import Markup

from actors.facade.csv_rows import csv_row
from db.database import database, is_sqlite
from db.models import Tenant, User
from db.names import work_names
from db.sql import time_ranges, value_lists
from db.sql.value_lists import is_in
from web.inputs import ticked_values, without_nul
from web.lists import filters, preferences
from web.lists.filters import Filter
from web.presentation.links import safe_redirect_path
from web.security.access import allowed_tenant_ids, fetch, parse_row_id, requires
from web.security.permissions import Permission

Chunk = TypeVar("Chunk", str, bytes)

# Counting goes on no further than this.
COUNT_CAP = 10_000
EXPORT_CAP = 100_000
PAGE_SIZES = (20, 40)


class ListView(ModelView):
    can_create = can_edit = can_delete = False
    can_view_details = False
    can_export = True
    can_set_page_size = True
    page_size = 20
    page_size_options: tuple[int, ...] = PAGE_SIZES
    column_display_actions = False
    column_display_pk = False
    action_disallowed_list: ClassVar = ["delete"]
    list_template = "admin/model/list.html"
    # Relations shown in a row: fetched in the same statement.
    related: ClassVar[tuple[pw.ForeignKeyField, ...]] = ()
    export_columns: ClassVar[tuple[str, ...]] = ()
    # Of column_list, what is shown only to those who choose it. The first column is always there.
    hidden_columns: ClassVar[tuple[str, ...]] = ()
    filters: ClassVar[tuple[Filter, ...]] = ()
    # What one may search for; "" where there is nothing to search.
    search_hint = ""
    # The column that sorts when none was asked for; without one the newest come first.
    sorted_by: ClassVar[str | None] = None
    # Whether that column sorts backwards then.
    sorted_backwards = False
    # That order in words, and what leads back and forth in it.
    order_words = "newest first"
    page_words = ("Newer", "Older")
    # After a search, which reads names as it goes, counting goes less far.
    search_cap = 1000
    # Its rows have names of their own, as db/names makes them: `called`.
    has_names = False
    # What to do when there is not a single row, filter or no filter.
    nothing_yet = ""
    # What it takes to do to a row what the buttons below the list do.
    acts_need = Permission.OPERATE
    # The time that "From" and "To" are about. It rises with the id.
    day_field: ClassVar[pw.Field | None] = None

    def is_accessible(self) -> bool:
        return True  # every exposed method declares its own permission

    @expose("/")
    @requires(Permission.SEE)
    def index_view(self) -> Any:
        return super().index_view()

    @expose("/action/", methods=("POST",))
    @requires(Permission.SEE)
    def action_view(self) -> Any:
        self.handle_action(return_view="index_view")  # else it would look at "url" itself, which may be anything
        return redirect(safe_redirect_path(request.form.get("url")) or self.get_url(".index_view"), 303)

    @expose("/export/<export_type>/")
    @requires(Permission.SEE)
    def export(self, export_type: str) -> Any:
        if export_type != "csv":
            abort(404)
        return self._stream_csv()

    @expose("/columns/", methods=("POST",))
    @requires(Permission.SEE)
    def columns_view(self) -> Any:
        """Remember which columns this person wants; none ticked means as the list has them by itself."""
        ticked_names = set(request.form.getlist("column"))
        chosen = [name for name, _ in self._list_columns if name in ticked_names]
        preferences.choose_columns(self.endpoint, chosen or None)
        return redirect(safe_redirect_path(request.form.get("url")) or self.get_url(".index_view"), 303)

    # Flask-Admin makes a route of each of these that is a method: there is no such page for anybody.
    create_view: Any = None
    edit_view: Any = None
    details_view: Any = None
    delete_view: Any = None
    ajax_lookup: Any = None
    ajax_update: Any = None

    def render(self, template: str, **kwargs: Any) -> Any:
        first = self._list_columns[0][0]
        shown = preferences.chosen_columns(self.endpoint) or self.columns_by_itself(kwargs["data"])
        narrowed = self._get_list_extra_args()
        count_cap = self.search_cap if narrowed.search else COUNT_CAP
        last_page = _last_page(min(kwargs["count"], count_cap), kwargs["page_size"])
        return super().render(
            template,
            **kwargs
            | {
                "list_columns": [pair for pair in self._list_columns if pair[0] in shown or pair[0] == first],
                "every_column": self._list_columns,
                "only_tenant": self._only_tenant(),
                "is_narrowed": self._is_narrowed(),
                "count_cap": count_cap,
                "page": min(kwargs["page"], last_page),
                "last_page": last_page,
                **self._order_shown(kwargs["sort_column"], kwargs["sort_desc"]),
                "export_url": self.get_url(".export", export_type="csv", search=narrowed.search, **narrowed.extra_args),
            },
        )

    def columns_by_itself(self, rows: list[Any]) -> list[str]:
        """Return the columns to show of these rows to who has chosen none."""
        return [name for name, _ in self._list_columns if name not in self.hidden_columns]

    def _order_shown(self, column: Any, is_backwards: Any) -> dict[str, Any]:
        """Return the order that the headings show: the list's own where none was asked for."""
        if column is not None or self.sorted_by is None or self.sorted_by not in self._sortable_columns:
            return {"sort_column": column, "sort_desc": is_backwards}
        return {"sort_column": self.column_number(self.sorted_by), "sort_desc": self.sorted_backwards}

    def tenant_of(self, row: Any) -> int:
        return int(row.id if self.model is Tenant else row.tenant_id)

    def column_number(self, name: str) -> int:
        """Return the number of a column, by which addresses sort."""
        return [column for column, _ in self._list_columns].index(name)

    def _only_tenant(self) -> Tenant | None:
        return None if self.model is Tenant else filters.asked_tenant()[0]

    def _is_narrowed(self) -> bool:
        """Would “Clear” show more?"""
        args = ("search", *filters.DAYS[:2], *(list_filter.arg for list_filter in self.filters))
        tenant, is_asked = filters.asked_tenant() if self.model is not Tenant else (None, False)
        return any(request.args.get(name) for name in args) or (is_asked and tenant is None)

    def get_empty_list_message(self) -> str | Markup:
        tenant = self._only_tenant()
        if self._is_narrowed():
            address = self.get_url(".index_view", tenant=request.args.get("tenant") if tenant else None)
            clear = Markup('<a href="{}">{}</a>').format(address, gettext("Clear filters"))
            return Markup(" ").join(part for part in (gettext("No results."), self.suggestion(), clear) if part)
        if tenant:
            address = self.get_url(".index_view", tenant=filters.EVERY_TENANT)
            nothing = gettext("Nothing of %(tenant)s.", tenant=tenant.name)
            return Markup('{} <a href="{}">{}</a>').format(nothing, address, gettext("Show all tenants"))
        return self.nothing_yet

    def suggestion(self) -> str | Markup:
        """Return what to search for in place of what nothing was found for."""
        return ""

    # --- scope ---------------------------------------------------------------------------------------------------

    def _scoped(self, query: Any) -> Any:
        ids = allowed_tenant_ids(Permission.SEE)
        if ids is None:
            return query
        column = self.model.id if self.model is Tenant else self.model.tenant
        return query.where(is_in(column, ids))

    def get_query(self) -> Any:
        query = self.model.select(self.model, *(fk.rel_model for fk in self.related))
        for fk in self.related:
            query = query.join_from(self.model, fk.rel_model, pw.JOIN.LEFT_OUTER, on=fk)
        return self._scoped(query)

    # --- pages ---------------------------------------------------------------------------------------------------

    def get_list(
        self,
        page: int | None,
        sort_column: str | None,
        sort_desc: bool | None,
        search: str | None,
        filters: Any,
        execute: bool = True,
        page_size: int | None = None,
    ) -> tuple[int, list[Any]]:
        query = self._matching(search)
        count_cap = self.search_cap if search else COUNT_CAP
        count = query.limit(count_cap + 1).count()
        size, offset = self.page_bounds(page, page_size, min(count, count_cap))
        ids = [row[0] for row in self._ordered(query, sort_column, sort_desc).limit(size).offset(offset).tuples()]
        return count, self._rows(ids)

    def page_bounds(self, page: int | None, page_size: int | None, count: int) -> tuple[int, int]:
        """Return how many rows the page has, and how many come before it."""
        size = page_size if page_size in self.page_size_options else self.page_size
        return size, min(page or 0, _last_page(count, size)) * size

    def _matching(self, search: str | None) -> Any:
        """Select the ids: scope, search and filters, without an order."""
        query = self._scoped(self.model.select(self.model.id))
        for word in (search or "").split()[:5] if self.search_hint else ():
            query = query.where(self._matches_word(word))
        for list_filter in self.filters:
            value = list_filter.chosen()
            if value:
                query = query.where(list_filter.condition(value))
        return self._narrow_to_days(self._narrow_to_tenant(query))

    def tenant_ids(self) -> list[int] | None:
        """Return the tenants whose rows may be shown; None for all."""
        tenant, is_asked = filters.asked_tenant()
        return [tenant.id if tenant else -1] if is_asked else allowed_tenant_ids(Permission.SEE)

    def _narrow_to_tenant(self, query: Any) -> Any:
        if self.model is Tenant:
            return query
        tenant, is_asked = filters.asked_tenant()
        return query.where(self.model.tenant == (tenant.id if tenant else -1)) if is_asked else query

    def _narrow_to_days(self, query: Any) -> Any:
        begin, end = filters.asked_days()
        if self.day_field is not None and begin:
            query = query.where(time_ranges.since(self.day_field, begin))
        if self.day_field is not None and end:
            query = query.where(time_ranges.before(self.day_field, end))
        return query

    def _matches_word(self, word: str) -> Any:
        """Return the condition of rows that a word of a search matches. Here: the row with that id."""
        return self.model.id == (parse_row_id(word) or -1)

    def _ordered(self, query: Any, sort_column: str | None, sort_desc: bool | None) -> Any:
        """Sort by an indexed column, empty values first, or else the newest row first.

        Equal ones go by their id, which makes pages stable, in the same direction: so an index of both is read either
        way, and nothing is sorted.
        """
        name = self._sortable_columns.get(sort_column) if sort_column else self.sorted_by
        is_backwards = bool(sort_desc if sort_column else self.sorted_backwards) if name else True
        by_id = self.model.id.desc() if is_backwards else self.model.id.asc()
        field = getattr(self.model, name) if name else self.model.id
        return query.order_by(*([] if field is self.model.id else [_sort_order(field, is_backwards)]), by_id)

    def _rows(self, ids: list[int]) -> list[Any]:
        if not ids:
            return []
        rows = {row.id: row for row in self.get_query().where(self.model.id.in_(ids))}
        for row_id, called in (work_names.names_of(rows.values()) if self.has_names else {}).items():
            rows[row_id].called = called
        return [rows[row_id] for row_id in ids if row_id in rows]

    def _get_list_extra_args(self) -> ViewArgs:
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), COUNT_CAP)
        args.search = without_nul(args.search or "")[:200] or None
        known = {list_filter.arg for list_filter in self.filters} | {"tenant", *filters.DAYS}
        args.extra_args = {name: value for name, value in args.extra_args.items() if name in known and value}
        return args

    # --- CSV -----------------------------------------------------------------------------------------------------

    def _stream_csv(self) -> Response:
        args = self._get_list_extra_args()
        ids = self._matching(args.search).order_by(self.model.id.desc()).limit(EXPORT_CAP).tuples()
        name = f"{self.endpoint}.csv"
        return stream_download(name, self._lines([row[0] for row in ids]))

    def _lines(self, ids: list[int]) -> Iterator[str]:
        yield csv_row(self.export_columns)
        for chunk in value_lists.batched(ids):
            for row in self._rows(chunk):
                yield csv_row(self.export_value(row, column) for column in self.export_columns)

    def export_value(self, row: Any, column: str) -> Any:
        value = getattr(row, column)
        return value.name if isinstance(value, User) else value

    def selected(self, permission: Permission) -> list[Any]:
        """Fetch the rows that a bulk action names; every one is checked before anything is done."""
        return [
            fetch(self.model, row_id, permission) for row_id in ticked_values(request.form, "rowid", max(PAGE_SIZES))
        ]


def _last_page(count: int, page_size: int) -> int:
    """Return the number of the last page that can be looked at: who asks for one beyond it gets that."""
    return max(count - 1, 0) // page_size


def _sort_order(field: Any, is_backwards: bool) -> Any:
    """Sort empty values first: PostgreSQL has to be told what SQLite does by itself."""
    if is_sqlite() or not field.null:
        return field.desc() if is_backwards else field.asc()
    return field.desc(nulls="LAST") if is_backwards else field.asc(nulls="FIRST")


def stream_download(name: str, lines: Iterator[str], mimetype: str = "text/csv") -> Response:
    """Return a download made while it is sent, whatever its length."""
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(stream_with_context(with_connection(lines)), mimetype=mimetype, headers=headers)


def with_connection(parts: Iterator[Chunk]) -> Iterator[Chunk]:
    # Flask's teardown has run by the time the body streams: the stream has a connection of its own.
    with database.connection_context() if database.is_closed() else nullcontext():
        yield from parts
