"""Actions on a restore: preview, change, approve, execute, cancel, undo, retry what is left."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

import config
from actors.plans import drafts, option_choices
from db.errors import Invalid
from db.models import Restore
from db.restores import approvals, restore_drafts, restore_items
from db.runs import confirmation_requests
from web.acts import restore_acts
from web.acts.restore_acts import ExecuteAnswers
from web.lists import selection
from web.lists.folded_list import is_look
from web.presentation import restore_approval, run_messages
from web.presentation.formatters import datetime_html
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.translation.sentences import translated_markup
from web.views.restores.new_restore import previewed
from web.views.restores.restores import show

PROPOSED_AGAIN = (
    "Restore {restore} put Conditional Access policies in report-only, where they protect nobody. This one proposes "
    "them as captured. To have report-only again, change its options."
)
pages = Blueprint("restore_acts", __name__, url_prefix="/restores")


def _back(restore: Restore) -> Response:
    return redirect(url_for("restores.page", restore_id=restore.id), 303)


@pages.errorhandler(Invalid)
def refused(error: Invalid) -> tuple[str, int]:
    """Show the restore's page again, with the sentence and with what was typed."""
    flash(str(error), "danger")
    return show(Restore.get_by_id((request.view_args or {})["restore_id"]), request.form), 400


@pages.post("/<int:restore_id>/preview")
@requires(Permission.OPERATE)
def preview(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    return previewed(restore)


@pages.post("/<int:restore_id>/options")
@requires(Permission.OPERATE)
def options(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    chosen = option_choices.parse_options(request.form, own_tenant=restore.is_into_own_tenant)
    drafts.change_options(restore, chosen, current_actor())
    return previewed(Restore.get_by_id(restore.id))


@pages.post("/<int:restore_id>/items")
@requires(Permission.OPERATE)
def leave_out(restore_id: int) -> Any:
    """Remove the items that are ticked to leave out, or show another part of them, with what is ticked.

    The page shows a part of the items only, so it cannot name those to keep.
    """
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    if is_look(request.form):
        return show(restore)
    left_out = selection.read(request.form, "leave")
    remaining_ids = [item_id for item_id in restore_items.ids(restore) if item_id not in left_out]
    restore_drafts.remove_other_items(restore, remaining_ids, current_actor())
    return previewed(Restore.get_by_id(restore.id))


@pages.post("/<int:restore_id>/ask")
@requires(Permission.OPERATE)
def ask(restore_id: int) -> Any:
    """Tell those who may confirm the plan that it waits for them."""
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    actor = current_actor()
    people = [user for user in restore_approval.confirmers(restore) if user.id != actor.user_id]
    is_new = confirmation_requests.ask(restore, people, actor)
    asked = confirmation_requests.find_recent(restore)
    if is_new or asked is None:
        flash(f"Asked: {', '.join(user.name for user in people)}. It is in their notifications.", "success")
    else:
        at, names = datetime_html(asked.asked_at), ", ".join(asked.names)
        flash(
            translated_markup("{} asked them at {}: {}. They are asked once an hour.").format(
                asked.asked_by, at, names
            ),
            "info",
        )
    return _back(restore)


@pages.post("/<int:restore_id>/approve")
@requires(Permission.MANAGE)
def approve(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    form, hours = request.form, config.settings().plan_hours
    approvals.approve(restore, current_actor(), form.get("reason", ""), hours, plan=form.get("plan", ""))
    flash("Approved. It can be executed now.", "success")
    return _back(restore)


@pages.post("/<int:restore_id>/guard")
@requires(Permission.MANAGE)
def override_guard(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    form = request.form
    approvals.override_guard(restore, current_actor(), form.get("guard_reason", ""), plan=form.get("plan", ""))
    flash("The guard is overridden. That changed the plan: an approval it had no longer counts.", "success")
    return _back(restore)


@pages.post("/<int:restore_id>/execute")
@requires(Permission.MANAGE)
def execute(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    form = request.form
    answers = ExecuteAnswers(
        tenant_name=form.get("name", ""),
        reason=form.get("reason", ""),
        plan=form.get("plan", ""),
        put_back_held={"yes": True, "no": False}.get(form.get("put_back_held", "")),
    )
    start = restore_acts.execute(restore, current_actor(), answers)
    return run_messages.answer_start(start, url_for("restores.page", restore_id=restore.id))


@pages.post("/<int:restore_id>/cancel")
@requires(Permission.OPERATE)
def cancel(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    goes_on = restore_acts.cancel(restore, current_actor())
    flash("It stops at its next item." if goes_on else "Cancelled. Nothing was written.", "success")
    return _back(restore)


@pages.post("/<int:restore_id>/undo")
@requires(Permission.MANAGE)
def undo(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    return previewed(drafts.undo(restore, current_actor()))


@pages.post("/<int:restore_id>/again")
@requires(Permission.OPERATE)
def again(restore_id: int) -> Any:
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    made = drafts.repeat_unfinished(restore, current_actor())
    if made.options != restore.options:
        flash(PROPOSED_AGAIN.format(restore=restore.id), "warning")
    return previewed(made)
