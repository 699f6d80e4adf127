"""`/connect/<token>`: what a customer's administrator sees before Microsoft's page, and after it. For everybody.

No page here asks Graph anything, and a link that is unknown, used, withdrawn or over is answered alike.
"""

import hmac
import logging
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask_login import current_user

from actors.connecting import new_connections
from actors.facade.app_setup import ConsentAnswer, read_consent_answer
from actors.process import logs
from db.errors import Invalid
from db.models import ConsentRequest
from db.tenants import consents
from web.security.access import can, current_actor, requires
from web.security.attempt_limits import may_leave_for_entra, may_record_refusal
from web.security.permissions import Permission
from web.views.connecting.links import WAY, begin

pages = Blueprint("consent_pages", __name__, url_prefix="/connect")
logger = logging.getLogger(__name__)


@pages.after_request
def _keep_link_secret(response: Any) -> Any:
    """The address is the link: it goes into no other site's log."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@pages.get("/<token>")
@requires(Permission.PUBLIC)
def page(token: str) -> Any:
    found = consents.find_by_link(token)
    if found is None:
        return render_template("connecting/no_link.html"), 404
    return render_template("connecting/consent.html", request_for=found, token=token)


@pages.get("/<token>/go")
@requires(Permission.PUBLIC)
def go(token: str) -> Any:
    """Leave for Microsoft. A link, not a button of a form: pages may send forms nowhere else."""
    if not may_leave_for_entra():
        abort(429)
    found = consents.find_by_link(token)
    if found is None:
        return render_template("connecting/no_link.html"), 404
    try:
        return redirect(begin(found), 303)
    except Invalid as e:
        return render_template("connecting/answered.html", sentence=str(e), is_good=False), 409


@pages.get("/return")
@requires(Permission.PUBLIC)
def back() -> Any:
    """Take Microsoft's answer. Nothing that it says is believed before a run has signed in to that directory."""
    if not may_leave_for_entra():
        abort(429)
    answer, expected = read_consent_answer(request.args), session.pop(WAY, "")
    is_ours = bool(expected) and hmac.compare_digest(expected.encode(), answer.state.encode("utf-8", "replace"))
    found = consents.use_way(answer.state) if is_ours else None
    if found is None:
        if not may_record_refusal():
            logger.warning("answers to requests for consent that nobody made", extra=logs.REPEATED)
        return render_template("connecting/no_link.html"), 400
    try:
        sentence, is_good = _take(found, answer)
    except Invalid as e:
        sentence, is_good = str(e), False
    if current_user.is_authenticated and can(Permission.ADMINISTER):
        return redirect(url_for("connect_request.page", request_id=found.id), 303)
    return render_template("connecting/answered.html", sentence=sentence, is_good=is_good), 200 if is_good else 409


def _take(found: ConsentRequest, answer: ConsentAnswer) -> tuple[str, bool]:
    """Return what the administrator is told, and whether that is good news. Raises Invalid."""
    if answer.error_code or answer.directory_id is None:
        sentence = answer.sentence or "Microsoft's answer names no directory. Open the link again."
        consents.record_refusal(found, sentence, current_actor())
        return sentence, False
    if new_connections.take_answer(found, answer.directory_id, current_actor()):
        return "Thank you. Microsoft says that you agreed: the rest goes on by itself. You can close this page.", True
    return (
        "Thank you. Another directory answered than the one that was expected, or none was named: whoever sent you the "
        "link confirms it first. You can close this page.",
        True,
    )
