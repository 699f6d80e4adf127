"""`/standards/<id>/tenants/<tenant>/difference?key=…`: a tenant's policy beside the standard's item."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, render_template, request, url_for

from actors.facade.snapshot_diff import Difference
from actors.standings import item_difference
from actors.standings.item_difference import ItemDifference
from db.models import Change, StandardAdoption, StandardCell
from db.standards import cells
from web.acts import standard_access
from web.inputs import without_nul
from web.presentation.masking import Masking
from web.security.access import can, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.views.standards.following import back

pages = Blueprint("item_difference", __name__, url_prefix="/standards/<standard_id>/tenants/<tenant_id>")

LONGEST_KEY = 200
# Differences that stand on the page before it is unfolded.
SHOWN = 25


@dataclass(frozen=True)
class ItemDifferencePage:
    """An item of a standard beside what a tenant has."""

    adoption: StandardAdoption
    key: str
    found: ItemDifference

    @cached_property
    def cell(self) -> StandardCell | None:
        return cells.of_adoption(self.adoption).get(self.key)

    @property
    def first(self) -> Sequence[Difference]:
        return self.found.counted[:SHOWN]

    @property
    def more(self) -> Sequence[Difference]:
        return self.found.counted[SHOWN:]

    @cached_property
    def change(self) -> Change | None:
        """Return the newest change of the policy: who changed it last, and what was decided."""
        return self.cell.change if self.cell and self.cell.change_id else None

    @property
    def can_plan(self) -> bool:
        return can(Permission.OPERATE, self.adoption.tenant_id) and bool(self.found.counted or not self.found.snapshot)

    @property
    def ids(self) -> dict[str, Any]:
        return {"standard_id": self.adoption.standard_id, "tenant_id": self.adoption.tenant_id}

    @property
    def item_address(self) -> str:
        return url_for("followed_item.page", **self.ids, key=self.key)


@pages.get("/difference")
@requires(Permission.SEE)
def page(standard_id: str, tenant_id: str) -> Any:
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.SEE)
    key = without_nul(request.args.get("key", ""))[:LONGEST_KEY]
    if not key:
        return back(adoption)
    found = item_difference.difference_of(adoption, key, Masking(tells_apart=True), current_language())
    if found is None:
        abort(404)
    return render_template("standards/item_difference.html", page=ItemDifferencePage(adoption, key, found))
