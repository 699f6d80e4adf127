"""`/rollouts/<id>/tenants/<tenant>/…`: a tenant's manager objects to what is planned there. Posts alone.

The forms are in templates/rollouts/_objecting.html, for the page of a roll-out.
"""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, url_for
from werkzeug.wrappers import Response

from actors.rollouts import objecting
from db.models import RollOut, RollOutTenant
from db.rollouts import objections
from db.states import RollOutTenantState
from web.acts import rollout_access
from web.inputs import form_text
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, requires
from web.security.permissions import Permission

pages = Blueprint("objections", __name__, url_prefix="/rollouts/<rollout_id>/tenants/<tenant_id>")

LONGEST_REASON = 500


@dataclass(frozen=True)
class ObjectionForms:
    """The acts of the reader on a tenant's part in a roll-out."""

    rollout: RollOut
    part: RollOutTenant

    @property
    def is_open(self) -> bool:
        return self.rollout.state in objections.OPEN

    @property
    def is_objected(self) -> bool:
        return bool(self.part.state == RollOutTenantState.OBJECTED)

    @property
    def can_object(self) -> bool:
        is_before = self.part.state in objections.BEFORE
        return self.is_open and is_before and can(Permission.MANAGE, self.part.tenant_id)

    @property
    def can_take_back(self) -> bool:
        return self.is_open and self.is_objected and can(Permission.MANAGE, self.part.tenant_id)

    @property
    def can_override(self) -> bool:
        return self.is_open and self.is_objected and can(Permission.APPROVE_STANDARDS)


@pages.post("/object")
@requires(Permission.MANAGE)
def make(rollout_id: str, tenant_id: str) -> Response:
    part = rollout_access.fetch_part(rollout_id, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        objecting.make(part, current_actor(), form_text("reason", LONGEST_REASON))
        flash(f"The roll-out leaves {part.tenant.name} alone, until you take that back.", "success")
    return _back(part)


@pages.post("/take-back")
@requires(Permission.MANAGE)
def take_back(rollout_id: str, tenant_id: str) -> Response:
    part = rollout_access.fetch_part(rollout_id, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        objecting.take_back(part, current_actor())
        flash(f"The roll-out comes to {part.tenant.name} after all.", "success")
    return _back(part)


@pages.post("/override")
@requires(Permission.APPROVE_STANDARDS)
def override(rollout_id: str, tenant_id: str) -> Response:
    part = rollout_access.fetch_part(rollout_id, tenant_id, Permission.SEE_STANDARDS)
    with refusals_flashed():
        objecting.override(part, current_actor(), form_text("reason", LONGEST_REASON))
        flash(f"The roll-out comes to {part.tenant.name} although its manager objects.", "success")
    return _back(part)


def _back(part: RollOutTenant) -> Response:
    return redirect(url_for("rollouts.page", rollout_id=part.rollout_id), 303)
