"""The one base of every list: read-only, scoped to the person's tenants, quick with a million rows.

Flask-Admin's Peewee backend reads single rows past the scope, counts joined tables and loads a row's relations one by
one. Here one `_scoped` serves list, count, search, filters, export and actions; a page is found by ids alone, then its
rows are fetched joined; counts and offsets are capped.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import peewee as pw
from flask import Response, abort, request, stream_with_context
from flask_admin import expose
from flask_admin.contrib.peewee import ModelView
from flask_admin.contrib.peewee.tools import parse_like_term
from flask_admin.model.base import ViewArgs

from db.database import database
from db.models import Tenant
from web.access import allowed_tenant_ids, fetch, requires
from web.permissions import Permission

Part = TypeVar("Part", str, bytes)

COUNT_CAP = 10_000
EXPORT_CAP = 100_000
EXPORT_CHUNK = 1000
PAGE_SIZES = (20, 50, 100)


@dataclass(frozen=True)
class Choice:
    arg: str
    label: str
    options: list[tuple[str, str]]
    chosen: str


class ListView(ModelView):
    can_create = can_edit = can_delete = False
    can_view_details = False
    can_export = True
    can_set_page_size = True
    page_size = 20
    page_size_options = PAGE_SIZES
    named_filter_urls = True
    column_display_actions = False
    column_display_pk = False
    column_default_sort = ("id", True)
    action_disallowed_list: ClassVar = ["delete"]
    list_template = "admin/model/list.html"
    # Relations shown in a row: fetched in the same statement.
    related: ClassVar[tuple[pw.ForeignKeyField, ...]] = ()
    export_columns: ClassVar[tuple[str, ...]] = ()

    def is_accessible(self) -> bool:
        return True  # every exposed method declares its own permission

    @expose("/")
    @requires(Permission.SEE)
    def index_view(self) -> Any:
        return super().index_view()

    @expose("/action/", methods=("POST",))
    @requires(Permission.SEE)
    def action_view(self) -> Any:
        return super().action_view()

    @expose("/export/<export_type>/")
    @requires(Permission.SEE)
    def export(self, export_type: str) -> Any:
        if export_type != "csv":
            abort(404)
        return self._stream_csv()

    # Flask-Admin makes these routes whether they are wanted or not.
    @expose("/new/", methods=("GET", "POST"))
    @requires(Permission.SEE)
    def create_view(self) -> Any:
        abort(404)

    @expose("/edit/", methods=("GET", "POST"))
    @requires(Permission.SEE)
    def edit_view(self) -> Any:
        abort(404)

    @expose("/details/")
    @requires(Permission.SEE)
    def details_view(self) -> Any:
        abort(404)

    @expose("/delete/", methods=("POST",))
    @requires(Permission.SEE)
    def delete_view(self) -> Any:
        abort(404)

    @expose("/ajax/lookup/")
    @requires(Permission.SEE)
    def ajax_lookup(self) -> Any:
        abort(404)

    @expose("/ajax/update/", methods=("POST",))
    @requires(Permission.SEE)
    def ajax_update(self) -> Any:
        abort(404)

    def search_placeholder(self) -> str:
        return "Search"

    def get_empty_list_message(self) -> str:
        return "Nothing matches. Clear the search or the filters to see more."

    def choices(self) -> list[Choice]:
        """The filters as plain selects: no script needed, and the address says what is shown."""
        return [
            Choice(
                f"flt{number}_{self.get_filter_arg(number, one)}",
                one.name,
                self._options(one),
                self._chosen(number, one),
            )
            for number, one in enumerate(self._filters or ())
        ]

    def _options(self, one: Any) -> list[tuple[str, str]]:
        return [(str(value), str(label)) for value, label in one.get_options(self) or ()]

    def _chosen(self, number: int, one: Any) -> str:
        suffix = f"_{self.get_filter_arg(number, one)}"
        return next(
            (value for name, value in request.args.items() if name.startswith("flt") and name.endswith(suffix)), ""
        )

    def _get_list_filter_args(self) -> Any:
        """An empty select is no filter; one filter counts once."""
        found = super()._get_list_filter_args() or ()
        return [(number, name, value.replace("\x00", "")) for number, name, value in found if value.strip("\x00")]

    # --- scope ---------------------------------------------------------------------------------------------------

    def _scoped(self, query: Any) -> Any:
        ids = allowed_tenant_ids(Permission.SEE)
        if ids is None:
            return query
        column = self.model.id if self.model is Tenant else self.model.tenant
        return query.where(column.in_(ids or [-1]))

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
        query = self._matching(search, filters)
        count = query.limit(COUNT_CAP + 1).count()
        size = page_size if page_size in PAGE_SIZES else self.page_size
        offset = min(max(page or 0, 0) * size, COUNT_CAP)
        ids = [row[0] for row in self._ordered(query, sort_column, sort_desc).limit(size).offset(offset).tuples()]
        return count, self._rows(ids)

    def _matching(self, search: str | None, filters: Any) -> Any:
        """The ids' query: scope, search and filters, without an order."""
        query = self._scoped(self.model.select(self.model.id))
        joined: set[Any] = set()
        for word in (search or "").replace("\x00", "").split()[:5]:
            query = query.where(self._mentions(word))
        for number, _name, value in filters or ():
            found = self._filters[number]
            query = self._handle_join(query, found.column, joined)
            query = found.apply(query, found.clean(value))
        return query

    def _mentions(self, word: str) -> Any:
        term = parse_like_term(word)
        expression = None
        for field in self._search_fields:
            expression = (field**term) if expression is None else expression | (field**term)
        return expression

    def _handle_join(self, query: Any, field: Any, joined: set[Any]) -> Any:
        if field.model is self.model or field.model in joined:
            return query
        joined.add(field.model)
        on = next(fk for fk in self.related if fk.rel_model is field.model)
        return query.join_from(self.model, field.model, pw.JOIN.LEFT_OUTER, on=on)

    def _ordered(self, query: Any, sort_column: str | None, sort_desc: bool | None) -> Any:
        """By an indexed column; the id makes pages stable."""
        newest_first = self.model.id.desc()
        field = self._sortable_columns.get(sort_column) if sort_column else None
        if field is None or field is self.model.id:
            return query.order_by(self.model.id if field is not None and not sort_desc else newest_first)
        return query.order_by(field.desc() if sort_desc else field, newest_first)

    def _rows(self, ids: list[int]) -> list[Any]:
        if not ids:
            return []
        found = {row.id: row for row in self.get_query().where(self.model.id.in_(ids))}
        return [found[one] for one in ids if one in found]

    def _get_list_extra_args(self) -> ViewArgs:
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), COUNT_CAP)
        args.search = (args.search or "").replace("\x00", "")[:200] or None
        return args

    # --- CSV -----------------------------------------------------------------------------------------------------

    def _stream_csv(self) -> Response:
        args = self._get_list_extra_args()
        ids = self._matching(args.search, args.filters).order_by(self.model.id.desc()).limit(EXPORT_CAP).tuples()
        name = f"{self.endpoint}.csv"
        return csv_stream(name, self._lines([row[0] for row in ids]))

    def _lines(self, ids: list[int]) -> Iterator[str]:
        yield csv_line(self.export_columns)
        for begin in range(0, len(ids), EXPORT_CHUNK):
            for row in self._rows(ids[begin : begin + EXPORT_CHUNK]):
                yield csv_line(self.export_value(row, column) for column in self.export_columns)

    def export_value(self, row: Any, column: str) -> Any:
        return getattr(row, column)

    def selected(self, permission: Permission) -> list[Any]:
        """The rows a bulk action names; every one is checked before anything is done."""
        return [fetch(self.model, row_id, permission) for row_id in request.form.getlist("rowid")]


def csv_stream(name: str, lines: Iterator[str]) -> Response:
    """A download made while it is sent, whatever its length."""
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(stream_with_context(connected(lines)), mimetype="text/csv", headers=headers)


def connected(parts: Iterator[Part]) -> Iterator[Part]:
    # Flask's teardown has run by the time the body streams: the stream has a connection of its own.
    with database.connection_context() if database.is_closed() else nullcontext():
        yield from parts


def csv_line(values: Iterable[Any]) -> str:
    """One line; a value that a spreadsheet would run as a formula starts with an apostrophe."""
    out = io.StringIO()
    csv.writer(out).writerow([_harmless(value) for value in values])
    return out.getvalue()


def _harmless(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
