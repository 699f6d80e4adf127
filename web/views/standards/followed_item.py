"""`/standards/<id>/tenants/<tenant>/item?key=…`: one item in one tenant: which policy it is, and its exceptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from actors.standards import linking
from actors.standings.item_difference import choosable_places
from db.accounts import users
from db.errors import Invalid
from db.models import StandardAdoption, StandardException
from db.restores import mappings
from db.standards import exceptions, following_items, links
from db.standards.following_items import FollowedItem
from db.states import CellState, ExceptionKind
from db.tenants import tags
from web.acts import standard_access
from web.inputs import form_text, ticked_values, without_nul
from web.security.access import can, current_actor, deny, parse_row_id, requires
from web.security.permissions import Permission
from web.views.standards.following import back
from web.views.standards.keeping import KeepingForm, keeping_form

pages = Blueprint("followed_item", __name__, url_prefix="/standards/<standard_id>/tenants/<tenant_id>")

LONGEST_KEY = 200
NONE_OF_THEM = "none"
# Places that the form shows before it is unfolded.
MOST_UNFOLDED = 25


@dataclass(frozen=True)
class FollowedItemPage:
    """An item in a tenant. `form`: what was refused, to be typed again."""

    adoption: StandardAdoption
    item: FollowedItem
    form: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def can_see(self) -> bool:
        """Tell whether the reader may see what the tenant's policies hold and are called."""
        return can(Permission.SEE, self.adoption.tenant_id)

    @property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.adoption.tenant_id)

    @property
    def can_ask(self) -> bool:
        return can(Permission.OPERATE, self.adoption.tenant_id)

    @property
    def can_ask_by_tag(self) -> bool:
        """Tell whether the reader looks after standards, and so may ask for an exception of many tenants."""
        return can(Permission.EDIT_STANDARDS)

    @property
    def known_tags(self) -> dict[str, str]:
        return tags.known(None)

    @property
    def chosen_paths(self) -> Sequence[str]:
        """The places that were ticked in a form that was refused."""
        return self.form.getlist("path") if isinstance(self.form, MultiDict) else ()

    @property
    def can_approve(self) -> bool:
        return can(Permission.APPROVE_STANDARDS)

    @cached_property
    def keeping(self) -> KeepingForm | None:
        """The choice of what follows a change of the policy, for whoever may see the tenant."""
        return keeping_form(self.adoption, self.item.key) if self.can_see else None

    @property
    def is_unsure(self) -> bool:
        return bool(self.item.cell and self.item.cell.candidates)

    @cached_property
    def candidates(self) -> list[tuple[str, str]]:
        """(Graph id, name) of what it may be: the policies of its name, or, while there is none, of a like one."""
        if not self.can_see or self.item.policy_id:
            return []
        waiting = links.candidates_of(self.adoption).get(self.item.key)
        if waiting:
            return [(graph_id, name) for graph_id, name in waiting]
        key = (self.item.policy_type, self.item.key)
        return mappings.suggestions(self.adoption.tenant, {key: self.item.name}).get(key, [])

    @property
    def places(self) -> Sequence[Mapping[str, str]]:
        """The first places that differ, without values: none for whoever may not see the tenant."""
        return (self.item.cell.places or ()) if self.item.cell and self.can_see else ()

    @property
    def is_comparable(self) -> bool:
        """Tell whether there are two contents to be compared: then another page shows them, with their values."""
        states = (CellState.DIFFERS, CellState.EXCEPTED, CellState.STALE)
        return bool(self.item.cell and self.item.cell.state in states and self.item.policy_id and self.can_see)

    @cached_property
    def choosable(self) -> Sequence[Mapping[str, str]]:
        """All places that an exception may be about: where the policy differs now."""
        is_asked = self.can_ask and self.can_see and self.item.policy_id
        return choosable_places(self.adoption, self.item.key) if is_asked else ()

    @property
    def first_choosable(self) -> Sequence[Mapping[str, str]]:
        return self.choosable[:MOST_UNFOLDED]

    @property
    def other_choosable(self) -> Sequence[Mapping[str, str]]:
        return self.choosable[MOST_UNFOLDED : exceptions.MOST_PATHS]

    @cached_property
    def exceptions(self) -> list[StandardException]:
        return [row for row in exceptions.open_for(self.adoption) if row.item_key == self.item.key]

    @cached_property
    def people(self) -> dict[int, str]:
        shown = self.exceptions
        return users.names_by_id({row.asked_by_id for row in shown} | {row.approved_by_id for row in shown})

    @property
    def back(self) -> str:
        ids = {"standard_id": self.adoption.standard_id, "tenant_id": self.adoption.tenant_id}
        return url_for("following.page", **ids)


def _item(adoption: StandardAdoption, key: str) -> FollowedItem:
    """Return the item, of the newest version or the one that the tenant is held to.

    Aborts with 404 where neither has it; without a key it leads to the list of them.
    """
    key = without_nul(key)[:LONGEST_KEY]
    if not key:
        abort(back(adoption))
    found = following_items.items_of(adoption, linking.versions_of(adoption))
    return next((row for row in found if row.key == key), None) or abort(404)


@pages.get("/item")
@requires(Permission.SEE_STANDARDS)
def page(standard_id: str, tenant_id: str) -> str:
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.SEE_STANDARDS)
    item = _item(adoption, request.args.get("key", ""))
    return render_template("standards/followed_item.html", page=FollowedItemPage(adoption, item))


@pages.post("/link")
@requires(Permission.MANAGE)
def set_link(standard_id: str, tenant_id: str) -> Any:
    """Say which of the tenant's policies the item is, or that it is none of them."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    item = _item(adoption, request.form.get("key", ""))
    chosen, typed = form_text("graph_id"), form_text("typed_id")
    try:
        if not (chosen or typed):
            raise Invalid("Choose a policy, or say that it is none of them.")
        is_none = not typed and chosen == NONE_OF_THEM
        linking.confirm_link(adoption, item.key, None if is_none else typed or chosen, current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        return _refused(adoption, item)
    flash("Saved. It is not asked again, whatever the names become.", "success")
    return _back(adoption, item)


@pages.post("/exceptions")
@requires(Permission.OPERATE)
def ask(standard_id: str, tenant_id: str) -> Any:
    """Ask for an exception of this tenant; an editor of standards also for every tenant with a tag."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.OPERATE)
    item, tag = _item(adoption, request.form.get("key", "")), form_text("tag")
    if tag and not can(Permission.EDIT_STANDARDS):
        deny(Permission.EDIT_STANDARDS, everywhere=True)
    try:
        exceptions.ask(
            adoption.standard,
            item.key,
            _kind(request.form.get("kind", "")),
            form_text("reason", exceptions.LONGEST_REASON),
            current_actor(),
            tenant=None if tag else adoption.tenant,
            tag=tag,
            paths=[without_nul(path) for path in ticked_values(request.form, "path", exceptions.MOST_PATHS)],
            until=end_of_day(request.form.get("until", "")),
        )
    except Invalid as e:
        flash(str(e), "danger")
        return _refused(adoption, item)
    flash("Asked for. It holds once an approver of standards approves it.", "success")
    return _back(adoption, item)


@pages.post("/exceptions/<exception_id>/end")
@requires(Permission.MANAGE)
def end(standard_id: str, tenant_id: str, exception_id: str) -> Response:
    """End an exception of this tenant, or take back what was asked for: who manages the tenant may."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    found = exceptions.find(parse_row_id(exception_id) or 0)
    if found is None or found.tenant_id is None:
        abort(404)
    if found.standard_id != adoption.standard_id or found.tenant_id != adoption.tenant_id:
        standard_access.fetch_adoption(found.standard_id, found.tenant_id, Permission.MANAGE)
        abort(404)
    try:
        exceptions.end(found, current_actor(), form_text("reason", exceptions.LONGEST_REASON))
        flash("The exception has ended.", "success")
    except Invalid as e:
        flash(str(e), "danger")
    return redirect(
        url_for(
            "followed_item.page", standard_id=adoption.standard_id, tenant_id=adoption.tenant_id, key=found.item_key
        ),
        303,
    )


def _kind(text: str) -> ExceptionKind:
    if text not in list(ExceptionKind):
        raise Invalid("Choose whether the whole policy is left out, or some settings are otherwise.")
    return ExceptionKind(text)


def end_of_day(text: str) -> datetime | None:
    """Return the end of the day that was typed, in UTC; None for none. Raises Invalid."""
    if not text.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(without_nul(text).strip()), time(23, 59, 59))
    except ValueError:
        raise Invalid(f"“{text[:40]}” is no day. Write it like 2027-01-31.") from None


def _refused(adoption: StandardAdoption, item: FollowedItem) -> tuple[str, int]:
    page = FollowedItemPage(adoption, item, request.form)
    return render_template("standards/followed_item.html", page=page), 400


def _back(adoption: StandardAdoption, item: FollowedItem) -> Response:
    ids = {"standard_id": adoption.standard_id, "tenant_id": adoption.tenant_id}
    return redirect(url_for("followed_item.page", **ids, key=item.key), 303)
