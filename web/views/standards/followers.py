"""`/standards/<id>/tenants/`: who follows a standard, in which ring, by which tag, and how it stands there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from db.accounts import users
from db.errors import Invalid
from db.models import Standard, StandardAdoption, StandardException, StandardTag
from db.standards import adoptions, exceptions, following_tags
from db.states import CellState, Ring
from db.tenants import tags
from web.acts import standard_access
from web.inputs import form_text, page_number
from web.lists import tenant_field
from web.lists.numbered_page import NumberedPage
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, parse_row_id, requires
from web.security.permissions import Permission

pages = Blueprint("followers", __name__, url_prefix="/standards/<standard_id>")

SHOWN, LAST_PAGE = 25, 999
EXCEPTIONS_SHOWN = 8
# What needs somebody, in the order in which a row names it.
NEEDS_EYES = (CellState.DIFFERS, CellState.MISSING, CellState.UNSURE, CellState.NOT_READABLE, CellState.STALE)


@dataclass(frozen=True)
class FollowersPage(NumberedPage):
    """A standard with those of its followers that the reader may see."""

    standard: Standard
    followers: list[StandardAdoption]
    number: int

    @property
    def rows(self) -> list[StandardAdoption]:
        return self.followers[self.number * SHOWN : (self.number + 1) * SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.followers) > (self.number + 1) * SHOWN

    def address_of(self, number: int) -> str:
        return url_for("followers.index", standard_id=self.standard.id, page=number)

    def needs_eyes(self, row: StandardAdoption) -> list[tuple[CellState, int]]:
        """Return the states that somebody has to look at, with how many items are in each."""
        counts: Mapping[str, int] = row.counts or {}
        return [(state, counts[state]) for state in NEEDS_EYES if counts.get(state)]

    def aligned(self, row: StandardAdoption) -> int:
        counts: Mapping[str, int] = row.counts or {}
        return counts.get(CellState.ALIGNED, 0)

    @property
    def is_whole(self) -> bool:
        return standard_access.seen_tenant_ids() is None

    @property
    def rings(self) -> list[Ring]:
        return list(Ring)

    @property
    def can_adopt(self) -> bool:
        return self.standard.archived_at is None and can(Permission.MANAGE)

    @property
    def tenant_names(self) -> list[str]:
        return tenant_field.proposed_names(Permission.MANAGE)

    @property
    def can_tag(self) -> bool:
        return can(Permission.ADMINISTER)

    @cached_property
    def tags(self) -> list[StandardTag]:
        """The tags by which tenants follow, for whoever sees all tenants: a tag may be a customer's name."""
        return following_tags.of_standard(self.standard) if self.is_whole else []

    @property
    def known_tags(self) -> dict[str, str]:
        return tags.known(None)

    @cached_property
    def exceptions(self) -> list[StandardException]:
        found = exceptions.open_of(self.standard, standard_access.seen_tenant_ids())
        return sorted(found, key=lambda row: row.approved_at is not None)

    @property
    def shown_exceptions(self) -> list[StandardException]:
        return self.exceptions[:EXCEPTIONS_SHOWN]

    @cached_property
    def item_names(self) -> dict[str, str]:
        return exceptions.item_names(self.standard, [row.item_key for row in self.shown_exceptions])

    @cached_property
    def people(self) -> dict[int, str]:
        shown = self.shown_exceptions
        return users.names_by_id({row.asked_by_id for row in shown} | {row.approved_by_id for row in shown})

    @property
    def can_approve(self) -> bool:
        return can(Permission.APPROVE_STANDARDS)


@pages.get("/tenants/")
@requires(Permission.SEE_STANDARDS)
def index(standard_id: str) -> str:
    standard = standard_access.fetch_standard(standard_id)
    found = adoptions.followers(standard, None, standard_access.seen_tenant_ids())
    page = FollowersPage(standard, found, page_number(LAST_PAGE))
    return render_template("standards/followers.html", page=page)


@pages.post("/tenants/")
@requires(Permission.MANAGE)
def adopt(standard_id: str) -> Response:
    """Let the tenant that was typed follow: whoever manages it decides that."""
    standard = standard_access.fetch_standard(standard_id, Permission.MANAGE)
    with refusals_flashed():
        tenant = tenant_field.typed_tenant(request.form.get("tenant", ""), Permission.MANAGE)
        adoption = adoptions.adopt(standard, tenant, ring_of_form(), current_actor())
        flash(f"{tenant.name} follows “{standard.name}” now. Nothing was written to it.", "success")
        return redirect(url_for("following.page", standard_id=standard.id, tenant_id=adoption.tenant_id), 303)
    return _back(standard)


def ring_of_form() -> Ring:
    """Raises Invalid."""
    text = request.form.get("ring", "")
    if text not in list(Ring):
        raise Invalid(f"Choose one of the rings: {', '.join(Ring)}.")
    return Ring(text)


@pages.post("/tags/")
@requires(Permission.ADMINISTER)
def set_tag(standard_id: str) -> Response:
    """Let every tenant with the tag follow."""
    standard = standard_access.fetch_standard(standard_id)
    with refusals_flashed():
        followed = following_tags.set_tag(standard, form_text("tag"), ring_of_form(), current_actor())
        flash(f"Every tenant tagged “{followed.tag}” follows within half a minute, also those tagged later.", "success")
    return _back(standard)


@pages.post("/tags/<tag_id>/remove")
@requires(Permission.ADMINISTER)
def remove_tag(standard_id: str, tag_id: str) -> Response:
    standard = standard_access.fetch_standard(standard_id)
    followed = following_tags.find(standard, parse_row_id(tag_id) or 0) or abort(404)
    following_tags.remove_tag(followed, current_actor())
    flash(f"Tenants follow by the tag “{followed.tag}” no longer. Nothing is changed in them.", "success")
    return _back(standard)


def _back(standard: Standard) -> Any:
    return redirect(url_for("followers.index", standard_id=standard.id), 303)
