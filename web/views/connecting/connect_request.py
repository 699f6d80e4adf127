"""`/tenants/connect/requests/<id>`: a request for consent: its state, a new link, withdrawing, deciding. For admins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for

from actors.connecting import new_connections
from db.clock import utcnow
from db.errors import Invalid
from db.models import ConsentRequest, Tenant
from db.states import ConsentState
from db.tenants import consents, tenants
from web.security.access import current_actor, parse_row_id, requires
from web.security.permissions import Permission
from web.views.connecting.links import MadeLink, begin

pages = Blueprint("connect_request", __name__, url_prefix="/tenants/connect/requests")


@dataclass(frozen=True)
class RequestPage:
    request: ConsentRequest

    @property
    def is_over(self) -> bool:
        return self.is_waiting and self.request.expires_at <= utcnow()

    @property
    def is_waiting(self) -> bool:
        return self.request.state == ConsentState.WAITING

    @property
    def is_answered(self) -> bool:
        return self.request.state == ConsentState.ANSWERED

    @property
    def is_moving(self) -> bool:
        """Does something come by itself?"""
        return self.is_waiting and not self.is_over

    @property
    def known(self) -> Tenant | None:
        """The tenant that the directory which answered is already."""
        known = tenants.find_by_directory_id(self.request.answered_id) if self.is_answered else None
        return known if known != self.request.tenant else None


def _find(request_id: str) -> ConsentRequest:
    number = parse_row_id(request_id)
    found = consents.find_by_id(number) if number else None
    if found is None:
        abort(404)
    return found


@pages.get("/<request_id>")
@requires(Permission.ADMINISTER)
def page(request_id: str) -> Any:
    found = _find(request_id)
    if found.state == ConsentState.ACCEPTED and found.tenant:
        return redirect(url_for("connecting.page", tenant_id=found.tenant_id), 303)
    return render_template("connecting/request.html", page=RequestPage(found))


@pages.get("/<request_id>/go")
@requires(Permission.ADMINISTER)
def go(request_id: str) -> Any:
    """Leave for Microsoft at once: the admin here is the administrator of that directory too."""
    found = _find(request_id)
    try:
        return redirect(begin(found), 303)
    except Invalid as e:
        flash(str(e), "danger")
        return redirect(url_for("connect_request.page", request_id=found.id), 303)


@pages.post("/<request_id>/link")
@requires(Permission.ADMINISTER)
def new_link(request_id: str) -> Any:
    found = _find(request_id)
    try:
        made = MadeLink.of(found, consents.new_link(found, current_actor()))
    except Invalid as e:
        flash(str(e), "danger")
        return render_template("connecting/request.html", page=RequestPage(_find(request_id))), 400
    return render_template("connecting/links.html", links=[made], days=consents.LINK_VALID_FOR.days)


@pages.post("/<request_id>/withdraw")
@requires(Permission.ADMINISTER)
def withdraw(request_id: str) -> Any:
    return _decided(request_id, lambda found: consents.withdraw(found, current_actor()), "The link leads nowhere now.")


@pages.post("/<request_id>/reject")
@requires(Permission.ADMINISTER)
def reject(request_id: str) -> Any:
    words = "Rejected: nothing is asked of that directory. Its administrator can remove our app there."
    return _decided(request_id, lambda found: consents.reject(found, current_actor()), words)


@pages.post("/<request_id>/confirm")
@requires(Permission.ADMINISTER)
def confirm(request_id: str) -> Any:
    return _decided(request_id, lambda found: new_connections.confirm(found, current_actor()), "Confirmed.")


def _decided(request_id: str, act: Callable[[ConsentRequest], object], words: str) -> Any:
    found = _find(request_id)
    try:
        act(found)
    except Invalid as e:
        flash(str(e), "danger")
        return render_template("connecting/request.html", page=RequestPage(_find(request_id))), 400
    flash(words, "success")
    return redirect(url_for("connect_request.page", request_id=found.id), 303)
