"""The bell and its list."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user

from db.runs import notifications
from web.inputs import page_number
from web.presentation import rule_changes
from web.security.access import allowed_tenant_ids, parse_row_id, requires
from web.security.permissions import Permission

pages = Blueprint("notifications", __name__, url_prefix="/notifications")

LAST_PAGE = 199


@pages.get("/")
@requires(Permission.SIGNED_IN)
def index() -> str:
    only_unread = request.args.get("show") == "unread"
    page = page_number(LAST_PAGE)
    rows = notifications.latest(current_user.id, allowed_tenant_ids(Permission.SEE), only_unread=only_unread, page=page)
    return render_template(
        "notifications/page.html",
        rows=rows[: notifications.PAGE_SIZE],
        has_more=len(rows) > notifications.PAGE_SIZE and page < LAST_PAGE,
        page=page,
        only_unread=only_unread,
        rule_changes=rule_changes.waiting(),
    )


@pages.post("/read")
@requires(Permission.SIGNED_IN)
def read() -> Any:
    """The one named, or all of them."""
    chosen = request.form.get("id")
    notifications.mark_read(current_user.id, None if chosen is None else [parse_row_id(chosen) or -1])
    return redirect(url_for("notifications.index"), 303)
