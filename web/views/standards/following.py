"""`/standards/<id>/tenants/<tenant>`: how a tenant follows a standard: ring, parameters, which policy is which."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from actors.standards import linking, parameter_values
from actors.standards.parameter_values import ParameterHere
from db.accounts import users
from db.errors import Invalid
from db.models import Standard, StandardAdoption, StandardException, Tenant
from db.standards import adoptions, exceptions, following_items
from db.standards.following_items import FollowedItem
from db.states import CellState, ParameterKind, Ring
from web.acts import standard_access
from web.inputs import page_number, without_nul
from web.lists.numbered_page import NumberedPage
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, requires
from web.security.permissions import Permission
from web.views.standards.followers import ring_of_form

pages = Blueprint("following", __name__, url_prefix="/standards/<standard_id>/tenants/<tenant_id>")

SHOWN, LAST_PAGE = 20, 999
# Parameters and exceptions that the page shows before they are folded.
MOST_UNFOLDED = 8
MOST_PARAMETERS, LONGEST_VALUE = 500, 400


@dataclass(frozen=True)
class FollowingPage(NumberedPage):
    """A tenant that follows a standard. `typed`: values that were refused, to be typed again."""

    adoption: StandardAdoption
    number: int
    state: str
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def tenant(self) -> Tenant:
        return self.adoption.tenant

    @property
    def standard(self) -> Standard:
        return self.adoption.standard

    @property
    def rings(self) -> list[Ring]:
        return list(Ring)

    @cached_property
    def can_see(self) -> bool:
        """Tell whether the reader may see what the tenant's policies hold and are called."""
        return can(Permission.SEE, self.tenant.id)

    @cached_property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.tenant.id)

    # --- items -------------------------------------------------------------------------------------------------------

    @cached_property
    def all_items(self) -> list[FollowedItem]:
        found = following_items.items_of(self.adoption, linking.versions_of(self.adoption))
        return sorted(found, key=lambda row: (row.rank, row.name.casefold(), row.key))

    @property
    def counts(self) -> list[tuple[str, int]]:
        """State -> how many, the worst first; "" are those that nobody has looked at yet."""
        words = [row.state for row in self.all_items]
        return [(state, words.count(state)) for state in ("", *CellState) if state in words]

    @cached_property
    def chosen_items(self) -> list[FollowedItem]:
        return [row for row in self.all_items if not self.state or row.state == self.state]

    @property
    def rows(self) -> list[FollowedItem]:
        return self.chosen_items[self.number * SHOWN : (self.number + 1) * SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.chosen_items) > (self.number + 1) * SHOWN

    def address_of(self, number: int, **changes: Any) -> str:
        values = {"state": self.state or None, "page": number or None, **changes}
        return url_for("following.page", standard_id=self.standard.id, tenant_id=self.tenant.id, **values)

    # --- parameters --------------------------------------------------------------------------------------------------

    @cached_property
    def parameters(self) -> list[ParameterHere]:
        """The parameters, those first whose object nobody has chosen yet; none for whoever may not see the tenant."""
        rows = parameter_values.here(self.adoption) if self.can_see else []
        return sorted(rows, key=lambda row: (row.value is not None, row.kind == ParameterKind.OBJECT, row.label))

    @cached_property
    def proposals(self) -> dict[str, list[tuple[str, str]]]:
        return parameter_values.proposals(self.adoption, self.parameters)

    @property
    def first_parameters(self) -> list[ParameterHere]:
        return self.parameters[:MOST_UNFOLDED]

    @property
    def other_parameters(self) -> list[ParameterHere]:
        return self.parameters[MOST_UNFOLDED:MOST_PARAMETERS]

    def value_of(self, row: ParameterHere) -> str:
        return self.typed.get(row.name, "" if row.value is None else str(row.value))

    # --- exceptions --------------------------------------------------------------------------------------------------

    @cached_property
    def exceptions(self) -> list[StandardException]:
        return exceptions.open_for(self.adoption)[:MOST_UNFOLDED]

    @cached_property
    def item_names(self) -> dict[str, str]:
        return {row.key: row.name for row in self.all_items}

    @cached_property
    def people(self) -> dict[int, str]:
        shown = self.exceptions
        return users.names_by_id({row.asked_by_id for row in shown} | {row.approved_by_id for row in shown})

    @property
    def can_approve(self) -> bool:
        return can(Permission.APPROVE_STANDARDS)


def _show(adoption: StandardAdoption, typed: Mapping[str, str] | None = None) -> str:
    state = request.args.get("state", "")
    page = FollowingPage(adoption, page_number(LAST_PAGE), state if state in list(CellState) else "", typed or {})
    return render_template("standards/following.html", page=page)


@pages.get("")
@requires(Permission.SEE_STANDARDS)
def page(standard_id: str, tenant_id: str) -> str:
    return _show(standard_access.fetch_adoption(standard_id, tenant_id, Permission.SEE_STANDARDS))


@pages.post("/ring")
@requires(Permission.MANAGE)
def set_ring(standard_id: str, tenant_id: str) -> Response:
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        adoptions.set_ring(adoption, ring_of_form(), current_actor())
        flash("The ring is changed.", "success")
    return back(adoption)


@pages.post("/leave")
@requires(Permission.MANAGE)
def leave(standard_id: str, tenant_id: str) -> Response:
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    try:
        adoptions.leave(adoption, current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        return back(adoption)
    flash(f"{adoption.tenant.name} follows “{adoption.standard.name}” no longer. Its policies stay.", "success")
    return redirect(url_for("tenants.page", tenant_id=adoption.tenant_id), 303)


@pages.post("/values")
@requires(Permission.MANAGE)
def set_values(standard_id: str, tenant_id: str) -> Any:
    """Set parameters: all that the form has, or none."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    given = _values_of_form()
    try:
        changed = parameter_values.set_here(adoption, given, current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        return _show(adoption, given), 400
    flash("Saved. How the tenant stands is worked out again." if changed else "Nothing is different.", "success")
    return back(adoption)


def _values_of_form() -> dict[str, str]:
    """Return name -> what was typed; what was chosen of an object is taken where nothing was typed beside it."""
    names = [name.removeprefix("value:") for name in request.form if name.startswith("value:")][:MOST_PARAMETERS]
    typed = {name: without_nul(request.form[f"value:{name}"])[:LONGEST_VALUE] for name in names}
    chosen = {name: without_nul(request.form.get(f"chosen:{name}", ""))[:LONGEST_VALUE] for name in names}
    return {name: typed[name] if typed[name].strip() or not chosen[name] else chosen[name] for name in names}


def back(adoption: StandardAdoption) -> Response:
    address = url_for("following.page", standard_id=adoption.standard_id, tenant_id=adoption.tenant_id)
    return redirect(address, 303)
