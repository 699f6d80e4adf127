"""`/standards/<id>/matrix`: how each tenant that follows a standard has each of its items, and all of it as a file."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for

from actors.facade import policy_type_names
from actors.facade.csv_rows import csv_row
from actors.standings import matrix_rows
from actors.standings.matrix_rows import SeesInside
from db.models import Standard, StandardAdoption, StandardCell, StandardItem
from db.standards import matrix
from db.standards.matrix import GroupCounts, MatrixFilter
from db.states import CellState, Ring
from db.tenants import tags
from web.acts import standard_access
from web.inputs import page_number, without_nul
from web.lists.list_view import stream_download
from web.lists.numbered_page import NumberedPage
from web.security.access import allowed_tenant_ids, can, requires
from web.security.permissions import Permission

pages = Blueprint("matrix", __name__, url_prefix="/standards/<standard_id>/matrix")

# A page shows so many of both: each cell is a link and up to two buttons.
TENANTS_SHOWN, ITEMS_SHOWN, LAST_PAGE = 20, 8, 999
LONGEST_SEARCH, MOST_WORDS = 200, 8
TAGS_SHOWN = 12


@dataclass(frozen=True)
class ShownCell:
    """A cell on the page. `cell` None: nobody has looked yet, or the tenant's version does not have the item."""

    adoption: StandardAdoption
    item: StandardItem
    cell: StandardCell | None

    @property
    def state(self) -> str:
        return str(self.cell.state) if self.cell else ""

    @property
    def has_item(self) -> bool:
        """Tell whether the tenant is to have the item, as far as anybody has looked."""
        return self.cell is not None or self.adoption.checked_at is None

    @property
    def is_to_do(self) -> bool:
        return self.state in (CellState.DIFFERS, CellState.MISSING)


@dataclass(frozen=True)
class MatrixPage(NumberedPage):
    """The matrix of a standard as one reader may see it."""

    standard: Standard
    wanted: MatrixFilter
    is_by_tag: bool
    number: int
    item_number: int

    @cached_property
    def seen_ids(self) -> list[int] | None:
        return standard_access.seen_tenant_ids()

    @cached_property
    def followers(self) -> list[StandardAdoption]:
        return matrix.followers(self.standard, self.wanted, self.seen_ids)

    @cached_property
    def groups(self) -> list[GroupCounts]:
        return matrix.by_tag(self.followers) if self.is_by_tag else matrix.by_ring(self.followers)

    @property
    def shown_groups(self) -> list[GroupCounts]:
        return self.groups[:TAGS_SHOWN]

    @property
    def states(self) -> list[CellState]:
        """The states that any cell is in, the worst first."""
        return [state for state in CellState if any(state in group.states for group in self.groups)]

    @property
    def adoptions(self) -> list[StandardAdoption]:
        return self.followers[self.number * TENANTS_SHOWN : (self.number + 1) * TENANTS_SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.followers) > (self.number + 1) * TENANTS_SHOWN

    @cached_property
    def columns(self) -> list[StandardItem]:
        return matrix.columns(self.standard, self.wanted, self.followers)

    @property
    def items(self) -> list[StandardItem]:
        return self.columns[self.item_number * ITEMS_SHOWN : (self.item_number + 1) * ITEMS_SHOWN]

    @cached_property
    def rows(self) -> list[tuple[StandardAdoption, list[ShownCell]]]:
        found = matrix.cells_of(self.adoptions, {item.key for item in self.items})
        return [
            (row, [ShownCell(row, item, found.get((row.id, item.key))) for item in self.items])
            for row in self.adoptions
        ]

    # --- addresses and choices ---------------------------------------------------------------------------------------

    def _address(self, **changes: Any) -> str:
        return self._address_below("matrix.page", **changes)

    def _address_below(self, endpoint: str, **changes: Any) -> str:
        values: dict[str, Any] = {
            "ring": self.wanted.ring,
            "tag": self.wanted.folded_tag,
            "state": self.wanted.state,
            "type": self.wanted.policy_type,
            "q": " ".join(self.wanted.words),
            "item": " ".join(self.wanted.item_words),
            "group": "tag" if self.is_by_tag else "",
            "page": self.number,
            "items": self.item_number,
            **changes,
        }
        kept = {name: value for name, value in values.items() if value}
        return url_for(endpoint, standard_id=self.standard.id, **kept)

    def address_of(self, number: int) -> str:
        return self._address(page=number)

    @property
    def items_before(self) -> str:
        return self._address(items=self.item_number - 1) if self.item_number else ""

    @property
    def items_more(self) -> str:
        has_more = len(self.columns) > (self.item_number + 1) * ITEMS_SHOWN
        return self._address(items=self.item_number + 1) if has_more else ""

    @property
    def first_item(self) -> int:
        return self.item_number * ITEMS_SHOWN + 1

    def address_of_state(self, group: GroupCounts, state: str) -> str:
        """Return the matrix narrowed to a state in a ring, or in a tag."""
        place = {"tag": tags.fold(group.name)} if self.is_by_tag else {"ring": group.name}
        return self._address(state=state, page=0, items=0, **place)

    def export_address(self, export_type: str) -> str:
        return self._address_below("matrix.export", export_type=export_type, page=0, items=0, group="")

    def address_by(self, group: str) -> str:
        return self._address(group=group, page=0)

    @property
    def is_narrowed(self) -> bool:
        return self.wanted != MatrixFilter()

    @property
    def rings(self) -> list[Ring]:
        return list(Ring)

    @property
    def all_states(self) -> list[CellState]:
        return list(CellState)

    @cached_property
    def known_tags(self) -> dict[str, str]:
        return tags.known(self.seen_ids)

    @cached_property
    def policy_types(self) -> list[tuple[str, str]]:
        keys = {item.policy_type for item in matrix.columns(self.standard, MatrixFilter(), self.followers)}
        return sorted(((key, policy_type_names.title(key)) for key in keys), key=lambda row: row[1].casefold())

    def can_plan(self, tenant_id: int) -> bool:
        return can(Permission.OPERATE, tenant_id)

    def can_see(self, tenant_id: int) -> bool:
        return can(Permission.SEE, tenant_id)


def _wanted() -> MatrixFilter:
    """Return what the address asks for; what means nothing is left out."""

    def text(name: str) -> str:
        return without_nul(request.args.get(name, ""))[:LONGEST_SEARCH].strip()

    ring, state = text("ring"), text("state")
    return MatrixFilter(
        ring if ring in list(Ring) else "",
        tags.fold(text("tag")),
        state if state in list(CellState) else "",
        text("type"),
        tuple(text("q").split()[:MOST_WORDS]),
        tuple(text("item").split()[:MOST_WORDS]),
    )


@pages.get("")
@requires(Permission.SEE_STANDARDS)
def page(standard_id: str) -> str:
    standard = standard_access.fetch_standard(standard_id)
    item_number = min(max(request.args.get("items", 0, type=int), 0), LAST_PAGE)
    is_by_tag = request.args.get("group") == "tag"
    shown = MatrixPage(standard, _wanted(), is_by_tag, page_number(LAST_PAGE), item_number)
    return render_template("standards/matrix.html", page=shown)


@pages.get("/export/<export_type>")
@requires(Permission.SEE_STANDARDS)
def export(standard_id: str, export_type: str) -> Response:
    """All cells that are meant, whatever page is shown, as CSV or JSON, read while it is sent."""
    standard = standard_access.fetch_standard(standard_id)
    if export_type not in ("csv", "json"):
        abort(404)
    rows = matrix_rows.rows_of(standard, _wanted(), standard_access.seen_tenant_ids(), sees_inside())
    lines, kind = (_csv(rows), "text/csv") if export_type == "csv" else (_json(rows), "application/json")
    return stream_download(f"standard-{standard.id}-matrix.{export_type}", lines, kind)


def sees_inside() -> SeesInside:
    """Return what tells whether the reader sees what a tenant's policies hold; it needs no request."""
    seen = allowed_tenant_ids(Permission.SEE)
    return lambda tenant_id: seen is None or tenant_id in seen


def _csv(rows: Iterator[matrix_rows.MatrixRow]) -> Iterator[str]:
    yield csv_row(matrix_rows.COLUMNS)
    for row in rows:
        yield csv_row(matrix_rows.flat(row))


def _json(rows: Iterator[matrix_rows.MatrixRow]) -> Iterator[str]:
    """Yield one JSON document, row by row."""
    yield '{"cells": ['
    for number, row in enumerate(rows):
        yield ("," if number else "") + "\n" + json.dumps(vars(row), ensure_ascii=False)
    yield "\n]}\n"
