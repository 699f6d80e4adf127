"""Exceptions of a standard: asked for by tag, approved and ended. Posts alone; the lists are on other pages."""

from flask import Blueprint, abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

import config
from db.models import Standard, StandardException
from db.standards import exceptions
from db.states import ExceptionKind
from web.acts import standard_access
from web.inputs import form_text, without_nul
from web.presentation.links import safe_redirect_path
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, parse_row_id, requires
from web.security.permissions import Permission
from web.views.standards.followed_item import LONGEST_KEY, end_of_day

pages = Blueprint("standard_exceptions", __name__, url_prefix="/standards/<standard_id>/exceptions")


@pages.post("/")
@requires(Permission.EDIT_STANDARDS)
def ask(standard_id: str) -> Response:
    """Ask that every tenant with a tag leaves an item out."""
    standard = standard_access.fetch_standard(standard_id)
    with refusals_flashed():
        exceptions.ask(
            standard,
            without_nul(request.form.get("key", ""))[:LONGEST_KEY],
            ExceptionKind.LEAVE_OUT,
            form_text("reason", exceptions.LONGEST_REASON),
            current_actor(),
            tag=form_text("tag"),
            until=end_of_day(request.form.get("until", "")),
        )
        flash("Asked for. It holds once an approver of standards approves it.", "success")
    return _back(standard)


@pages.post("/<exception_id>/approve")
@requires(Permission.APPROVE_STANDARDS)
def approve(standard_id: str, exception_id: str) -> Response:
    standard = standard_access.fetch_standard(standard_id)
    found = _found(standard, exception_id)
    with refusals_flashed():
        exceptions.approve(found, current_actor(), needs_another=config.settings().rollout_four_eyes)
        flash("Approved: it holds from now on, in later versions too.", "success")
    return _back(standard)


@pages.post("/<exception_id>/end")
@requires(Permission.APPROVE_STANDARDS)
def end(standard_id: str, exception_id: str) -> Response:
    """End an exception, or refuse what was asked for."""
    standard = standard_access.fetch_standard(standard_id)
    found = _found(standard, exception_id)
    with refusals_flashed():
        exceptions.end(found, current_actor(), form_text("reason", exceptions.LONGEST_REASON))
        flash("The exception has ended.", "success")
    return _back(standard)


def _found(standard: Standard, exception_id: str) -> StandardException:
    found = exceptions.find(parse_row_id(exception_id) or 0)
    return found if found is not None and found.standard_id == standard.id else abort(404)


def _back(standard: Standard) -> Response:
    fallback = url_for("followers.index", standard_id=standard.id)
    return redirect(safe_redirect_path(request.form.get("next", "")) or fallback, 303)
