"""The bell and its list."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user

from db.models import Notification, RuleChange
from db.runs import notifications
from web.inputs import page_number
from web.presentation import rule_changes
from web.presentation.layout import unread_count
from web.security.access import allowed_tenant_ids, parse_row_id, requires
from web.security.permissions import Permission

pages = Blueprint("notifications", __name__, url_prefix="/notifications")

LAST_PAGE = 199


@dataclass(frozen=True)
class NotificationsPage:
    rows: list[Notification]
    number: int
    has_more: bool
    only_unread: bool
    rule_changes: list[RuleChange]

    @property
    def has_unread_runs(self) -> bool:
        """Rules that wait for a second person count as unread too, and reading them does not help."""
        return unread_count() > len(self.rule_changes)

    @property
    def show(self) -> str:
        """The filter that the address asks for."""
        return request.args.get("show", "")


@pages.get("/")
@requires(Permission.SIGNED_IN)
def index() -> str:
    only_unread = request.args.get("show") == "unread"
    number = page_number(LAST_PAGE)
    rows = notifications.latest(
        current_user.id, allowed_tenant_ids(Permission.SEE), only_unread=only_unread, page=number
    )
    page = NotificationsPage(
        rows=rows[: notifications.PAGE_SIZE],
        number=number,
        has_more=len(rows) > notifications.PAGE_SIZE and number < LAST_PAGE,
        only_unread=only_unread,
        rule_changes=rule_changes.changes_to_decide(),
    )
    return render_template("notifications/page.html", page=page)


@pages.post("/read")
@requires(Permission.SIGNED_IN)
def read() -> Any:
    """The one named, or all of them."""
    chosen = request.form.get("id")
    notifications.mark_read(current_user.id, None if chosen is None else [parse_row_id(chosen) or -1])
    return redirect(url_for("notifications.index"), 303)
