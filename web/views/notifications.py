"""The bell and its list."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user

from db import notifications
from db.states import ACTIVE
from web.access import requires
from web.permissions import Permission

pages = Blueprint("notifications", __name__, url_prefix="/notifications")


def bell() -> dict[str, Any]:
    """For the frame of every page."""
    signed_in = getattr(current_user, "is_authenticated", False)
    return {"unread": notifications.unread_count(current_user.id) if signed_in else 0}


@pages.get("/")
@requires(Permission.SIGNED_IN)
def index() -> str:
    return render_template("notifications.html", rows=notifications.latest(current_user.id), active=ACTIVE)


@pages.get("/unread")
@requires(Permission.SIGNED_IN)
def unread() -> dict[str, int]:
    return {"unread": notifications.unread_count(current_user.id)}


@pages.post("/read")
@requires(Permission.SIGNED_IN)
def read() -> Any:
    """The one named, or all of them."""
    chosen = request.form.get("id", type=int)
    notifications.mark_read(current_user.id, None if chosen is None else [chosen])
    return redirect(url_for("notifications.index"), 303)
