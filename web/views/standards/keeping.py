"""`/standards/<id>/tenants/<tenant>/keep`: whether a change of an item is told, or put back by itself. Posts alone.

The form is in templates/standards/_keeping.html, for the page of a followed item.
"""

from dataclasses import dataclass
from functools import cached_property

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from actors.keeping import by_itself
from db.models import StandardAdoption, StandardCell
from db.standards import keeping as choices
from db.states import KeepChoice
from web.acts import standard_access
from web.inputs import form_text, without_nul
from web.presentation.links import safe_redirect_path
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, requires
from web.security.permissions import Permission

pages = Blueprint("keeping", __name__, url_prefix="/standards/<standard_id>/tenants/<tenant_id>")

LONGEST_KEY = 200


@dataclass(frozen=True)
class KeepingForm:
    """The choice of what follows a change of the item's policy. `refusal`: why nothing else may be chosen."""

    cell: StandardCell

    @property
    def adoption(self) -> StandardAdoption:
        return self.cell.adoption

    @property
    def is_put_back(self) -> bool:
        return bool(self.cell.keep == KeepChoice.PUT_BACK)

    @cached_property
    def refusal(self) -> str:
        return "" if self.is_put_back else by_itself.why_not(self.cell)

    @cached_property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.adoption.tenant_id)

    @property
    def other_choice(self) -> KeepChoice:
        return KeepChoice.TELL if self.is_put_back else KeepChoice.PUT_BACK


def keeping_form(adoption: StandardAdoption, item_key: str) -> KeepingForm | None:
    """Return the form of an item; None where nobody has compared it yet."""
    cell = choices.find_cell(adoption, item_key)
    if cell is None:
        return None
    cell.adoption = adoption
    return KeepingForm(cell)


@pages.post("/keep")
@requires(Permission.MANAGE)
def keep(standard_id: str, tenant_id: str) -> Response:
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    key, choice = without_nul(request.form.get("key", ""))[:LONGEST_KEY], request.form.get("choice")
    if not key or choice not in set(KeepChoice):
        abort(400)
    form = keeping_form(adoption, key)
    if form is None:
        abort(404)
    with refusals_flashed():
        by_itself.choose(form.cell, KeepChoice(choice), current_actor())
        said = "It is put back by itself from now on." if choice == KeepChoice.PUT_BACK else "A change of it is told."
        flash(said, "success")
    return _back(adoption)


@pages.post("/keep-limit")
@requires(Permission.MANAGE)
def limit(standard_id: str, tenant_id: str) -> Response:
    """Say how many policies are put back by themselves in a day at most."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    text = form_text("put_backs_a_day", 3)
    with refusals_flashed():
        choices.limit_to(adoption, int(text) if text.isascii() and text.isdigit() else -1, current_actor())
        flash("Saved.", "success")
    return _back(adoption)


def _back(adoption: StandardAdoption) -> Response:
    address = safe_redirect_path(request.form.get("back"))
    following = {"standard_id": adoption.standard_id, "tenant_id": adoption.tenant_id}
    return redirect(address or url_for("following.page", **following), 303)
