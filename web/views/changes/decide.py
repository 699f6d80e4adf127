"""Deciding about a change: accept it for a while, open it again, approve it, or put it back. Posts alone.

The forms are in templates/changes/_decide.html, for the page of a change.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for

from actors.keeping import putting_back
from db.changes import approved_states, decisions
from db.errors import Invalid
from db.models import Change, Restore
from db.states import ChangeState
from web.inputs import form_text
from web.presentation.links import safe_redirect_path
from web.presentation.refusals import refusals_flashed
from web.security.access import can, current_actor, fetch, requires
from web.security.permissions import Permission
from web.views.restores.new_restore import previewed

pages = Blueprint("decide", __name__, url_prefix="/changes")


@dataclass(frozen=True)
class DecisionForms:
    """The decisions that this person may make about a change. `refusal`: why it cannot be put back; "": it can.

    `restore`: one that puts it back already, or tried.
    """

    change: Change
    approved_snapshot_id: int | None
    is_approved: bool
    refusal: str
    restore: Restore | None

    @property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.change.tenant_id)

    @property
    def can_put_back(self) -> bool:
        return not self.refusal and self.is_undecided and can(Permission.OPERATE, self.change.tenant_id)

    @property
    def is_standing(self) -> bool:
        """The policy differs from what was approved: open, or accepted."""
        return self.change.state in approved_states.STANDING

    @property
    def is_undecided(self) -> bool:
        return self.is_standing or self.change.state == ChangeState.RECORDED

    @property
    def is_accepted(self) -> bool:
        return bool(self.change.state == ChangeState.ACCEPTED)

    @property
    def compare_address(self) -> str | None:
        """The comparison of what was approved with what it is now, where that is not the change's own."""
        right, now = self.approved_snapshot_id, self.change.after_id
        is_other = self.is_standing and right and now and right != self.change.before_id
        return url_for("snapshots.compare", snapshot_id=right, other_id=now) if is_other else None


def decision_forms(change: Change) -> DecisionForms:
    approved = approved_states.approved_for(change) if change.standard_id is None else None
    right = approved.snapshot_id if approved else change.before_id
    return DecisionForms(
        change=change,
        approved_snapshot_id=approved.snapshot_id if approved else None,
        is_approved=approved is not None,
        refusal=putting_back.why_not(change),
        restore=approved_states.newest_put_back(change, right) if right else None,
    )


def parse_until(text: str) -> datetime | None:
    """Read a day from a form: until its end, in UTC. None: for good. Raises Invalid."""
    if not text.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(23, 59, 59))
    except ValueError:
        raise Invalid("Give the day like 2027-01-31.") from None


@pages.post("/<change_id>/accept")
@requires(Permission.MANAGE)
def accept(change_id: str) -> Any:
    change = fetch(Change, change_id, Permission.MANAGE)
    with refusals_flashed():
        until = parse_until(form_text("until"))
        decisions.accept([change], current_actor(), form_text("reason", decisions.LONGEST_REASON), until)
        flash("Accepted. If the policy changes again, it is open again.", "success")
    return _back(change)


@pages.post("/<change_id>/reopen")
@requires(Permission.MANAGE)
def reopen(change_id: str) -> Any:
    change = fetch(Change, change_id, Permission.MANAGE)
    with refusals_flashed():
        decisions.reopen([change], current_actor())
        flash("Open again.", "success")
    return _back(change)


@pages.post("/<change_id>/approve")
@requires(Permission.MANAGE)
def approve(change_id: str) -> Any:
    change = fetch(Change, change_id, Permission.MANAGE)
    with refusals_flashed():
        decisions.approve([change], current_actor(), form_text("reason", decisions.LONGEST_REASON))
        flash("Approved: this is what the policy should be from now on.", "success")
    return _back(change)


@pages.post("/<change_id>/put-back")
@requires(Permission.OPERATE)
def put_back(change_id: str) -> Any:
    """Prepare the restore, start its preview, and go to its page: nothing is written before somebody confirms it."""
    change = fetch(Change, change_id, Permission.OPERATE)
    try:
        return previewed(putting_back.draft([change], current_actor()))
    except Invalid as e:
        flash(str(e), "danger")
        return _back(change)


def _back(change: Change) -> Any:
    """Lead back to the page that the form stands on."""
    address = safe_redirect_path(request.form.get("back"))
    return redirect(address or url_for("policies.page", policy_id=change.policy_id), 303)
