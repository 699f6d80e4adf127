"""`/standards/`: the standards that somebody may see, and a page for each: its versions, and who follows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from db.models import Standard, StandardVersion
from db.standards import adoptions, standards, versions
from web.acts import standard_access
from web.inputs import form_text, page_number
from web.lists.numbered_page import NumberedPage
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, requires
from web.security.permissions import Permission

pages = Blueprint("standards", __name__, url_prefix="/standards")

SHOWN, LAST_PAGE = 30, 999
VERSIONS_SHOWN = 10


@dataclass(frozen=True)
class StandardsPage(NumberedPage):
    """The standards that the reader may see, by name, with their newest versions."""

    standards: list[Standard]
    number: int

    @property
    def rows(self) -> list[Standard]:
        return self.standards[self.number * SHOWN : (self.number + 1) * SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.standards) > (self.number + 1) * SHOWN

    def address_of(self, number: int) -> str:
        return url_for("standards.index", page=number)

    @cached_property
    def newest(self) -> dict[int, StandardVersion]:
        return versions.newest_numbers([row.id for row in self.rows])

    @cached_property
    def follower_counts(self) -> dict[int, int]:
        """Count those of the followers that the reader may see: no total tells of another tenant."""
        return adoptions.follower_counts([row.id for row in self.rows], standard_access.seen_tenant_ids())

    @property
    def may_edit(self) -> bool:
        return can(Permission.EDIT_STANDARDS)


@pages.get("/")
@requires(Permission.SEE_STANDARDS)
def index() -> str:
    return _index()


def _index() -> str:
    page = StandardsPage(standard_access.seen_standards(), page_number(LAST_PAGE))
    return render_template("standards/index.html", page=page)


@pages.post("/")
@requires(Permission.EDIT_STANDARDS)
def create() -> Any:
    with refusals_flashed():
        made = standards.create(form_text("name", 400), request.form.get("description", ""), current_actor())
        flash("Made. Take its first version from a tenant where it was tried, or from an import.", "success")
        return redirect(url_for("standards.page", standard_id=made.id), 303)
    return _index(), 400


@dataclass(frozen=True)
class StandardPage(NumberedPage):
    """A standard with its versions, the newest first."""

    standard: Standard
    versions: list[StandardVersion]
    number: int
    has_more: bool

    def address_of(self, number: int) -> str:
        return url_for("standards.page", standard_id=self.standard.id, page=number)

    @property
    def may_edit(self) -> bool:
        return can(Permission.EDIT_STANDARDS)

    @property
    def is_archived(self) -> bool:
        return self.standard.archived_at is not None

    @cached_property
    def follower_count(self) -> int:
        counts = adoptions.follower_counts([self.standard.id], standard_access.seen_tenant_ids())
        return counts.get(self.standard.id, 0)

    @property
    def limits(self) -> Mapping[str, tuple[int, int]]:
        return standards.LIMITS

    @property
    def is_whole(self) -> bool:
        return standard_access.seen_tenant_ids() is None

    def source_of(self, version: StandardVersion) -> str:
        return standard_access.source_name(version)


@pages.get("/<standard_id>")
@requires(Permission.SEE_STANDARDS)
def page(standard_id: str) -> str:
    return _page(standard_access.fetch_standard(standard_id))


def _page(standard: Standard) -> str:
    number = page_number(LAST_PAGE)
    rows = versions.newest_first(standard, VERSIONS_SHOWN + 1, number * VERSIONS_SHOWN)
    shown = StandardPage(standard, rows[:VERSIONS_SHOWN], number, len(rows) > VERSIONS_SHOWN)
    return render_template("standards/page.html", page=shown)


@pages.post("/<standard_id>")
@requires(Permission.EDIT_STANDARDS)
def change(standard_id: str) -> Response:
    """Change what it is called, and the numbers of its roll-outs. Fields that are not sent stay."""
    standard = standard_access.fetch_standard(standard_id)
    fields = ("name", "description", *standards.LIMITS)
    with refusals_flashed():
        values = {name: request.form[name] for name in fields if name in request.form}
        standards.change(standard, current_actor(), **values)
        flash("Saved.", "success")
    return _back(standard)


@pages.post("/<standard_id>/archive")
@requires(Permission.EDIT_STANDARDS)
def archive(standard_id: str) -> Response:
    standard = standard_access.fetch_standard(standard_id)
    with refusals_flashed():
        standards.archive(standard, current_actor())
        flash("Archived. What tenants have of it stays as it is.", "success")
    return _back(standard)


@pages.post("/<standard_id>/take-up")
@requires(Permission.EDIT_STANDARDS)
def take_up(standard_id: str) -> Response:
    standard = standard_access.fetch_standard(standard_id)
    with refusals_flashed():
        standards.take_up_again(standard, current_actor())
        flash("Taken up again.", "success")
    return _back(standard)


def _back(standard: Standard) -> Any:
    return redirect(url_for("standards.page", standard_id=standard.id), 303)
