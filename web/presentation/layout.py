"""The frame around every page. The base template calls these when it is drawn, so that a fragment costs nothing."""

from typing import Any

from flask import g, request
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from db.changes import change_lists
from db.models import Tenant
from db.runs import notifications
from web.presentation import rule_changes
from web.security import kept_forms
from web.security.access import allowed_tenant_ids, parse_row_id
from web.security.permissions import Permission

# Lists keep their place when another tenant is chosen; the page of one thing cannot.
_LIST = "index_view"
MOST_FOLLOWED_RUNS = 20
MOST_CHANGES_SHOWN = 99


def signed_in_user() -> Any:
    """Return the user; None also where the database, which would know, does not answer."""
    if g.get("is_bare") or not current_user.is_authenticated:
        return None
    return current_user


def csrf_field() -> Markup:
    """Return the hidden field that every form which changes something carries."""
    token = Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())
    return token + kept_forms.owner_field()


def unread_count() -> int:
    """Count the unread notifications, and the rule changes that wait for this person to decide."""
    unread = notifications.unread_count(current_user.id, allowed_tenant_ids(Permission.SEE))
    return unread + rule_changes.count_to_decide()


def open_change_count() -> int:
    """Count the open changes of the tenants that this person sees, as far as the menu shows it."""
    return change_lists.count_open(allowed_tenant_ids(Permission.SEE), MOST_CHANGES_SHOWN)


def running_runs() -> notifications.FollowedRuns:
    """Return this person's running runs, and those that the script asks for because they ran when it last asked."""
    also = request.args.get("also", "").split(",")[:MOST_FOLLOWED_RUNS]
    numbers = [number for number in map(parse_row_id, also) if number]
    return notifications.followed_runs(current_user.id, allowed_tenant_ids(Permission.SEE), numbers)


def page_tenant() -> Tenant | None:
    """Return the tenant of the row that this page fetched first; None before `access.fetch`."""
    tenant: Tenant | None = g.get("page_tenant")
    return tenant


def back_after_choosing() -> str:
    """Return where the choice of another tenant leads back to; "" for that tenant's own page."""
    endpoint = request.endpoint or ""
    return request.path if endpoint.endswith((_LIST, "notifications.index", "schedules.index", "audit.index")) else ""
