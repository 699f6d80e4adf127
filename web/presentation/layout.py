"""What every page shows around itself. Asked for by the frame when it is drawn, so that a fragment costs nothing."""

from typing import Any

from flask import g, request
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from db.models import Tenant
from db.runs import notifications
from web.presentation import rule_changes
from web.security.access import allowed_tenant_ids, parse_row_id
from web.security.permissions import Permission

# Lists keep their place when another tenant is chosen; the page of one thing cannot.
_LIST = "index_view"
MOST_ASKED = 20


def person() -> Any:
    """Who is signed in; None also where the database, which would know, does not answer."""
    if g.get("is_bare") or not current_user.is_authenticated:
        return None
    return current_user


def token() -> Markup:
    """The hidden field that every form which changes something carries."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


def unread() -> int:
    """News of runs; and rules that are to be turned down, for as long as they wait."""
    return notifications.unread_count(current_user.id, allowed_tenant_ids(Permission.SEE)) + len(rule_changes.waiting())


def running_runs() -> notifications.FollowedRuns:
    """This person's runs that go on, and those that the script asks for because they went on when it last asked."""
    asked = request.args.get("also", "").split(",")[:MOST_ASKED]
    numbers = [number for number in map(parse_row_id, asked) if number]
    return notifications.followed_runs(current_user.id, allowed_tenant_ids(Permission.SEE), numbers)


def page_tenant() -> Tenant | None:
    """The tenant that this page is of, as `access.fetch` found it."""
    found: Tenant | None = g.get("page_tenant")
    return found


def back_after_choosing() -> str:
    """Where the choice of another tenant leads back to; "" for that tenant's own page."""
    endpoint = request.endpoint or ""
    return request.path if endpoint.endswith((_LIST, "notifications.index", "schedules.index", "audit.index")) else ""
