"""Error pages: what happened and what to do, in the look of the rest, with the request id to quote."""

import logging
from typing import Any

import peewee as pw
from flask import Flask, flash, g, jsonify, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import BadHost, Forbidden, HTTPException
from werkzeug.wrappers import Response

from actors.process.startup import StartupError
from db.database import DISK_FULL, is_deadlock, is_disk_full
from db.encryption import SealError
from db.errors import SwitchedOff
from web.api import problems
from web.inputs import form_text
from web.presentation.links import safe_redirect_path
from web.security.access import wants_json
from web.views.people import kept_forms, sign_in

logger = logging.getLogger(__name__)

# Status -> (title, what to do).
PAGES = {
    400: ("That request was not understood", "Go back, reload the page and try again."),
    401: ("You are signed out", "Sign in again, then repeat what you were doing."),
    403: ("You don't have access", "Ask an admin for a role if you need one."),
    404: ("There is no such page", "It may have been deleted. Check the address, or start from the dashboard."),
    405: ("This address cannot be used that way", "Use the buttons of the page instead of the address alone."),
    413: ("That is too large", "Send a smaller file."),
    429: ("Too many tries", "Wait a minute, then try again."),
    500: ("Something went wrong on our side", "Try again. If it stays, give your admin the request id below."),
    503: ("Tenantkeep is not available just now", "The database does not answer. Try again in a minute."),
}
_OVERTAKEN = (
    "Two acts met",
    "Somebody was changing the same at the same moment, and went first. Nothing was changed here: look, and try again.",
)
_EXPIRED_FORM = ("This form expired", "Nothing was changed. Go back, reload the page and send it again.")
_SIGN_INS = ("sign_in.enter", "passkeys.enter")


def register(app: Flask) -> None:
    app.log_exception = _log_exception  # type: ignore[method-assign]
    app.register_error_handler(CSRFError, _expired_form)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(BadHost, _bad_host)
    app.register_error_handler(pw.OperationalError, _database_gone)
    app.register_error_handler(pw.InterfaceError, _database_gone)
    app.register_error_handler(pw.IntegrityError, _row_is_gone)
    app.register_error_handler(StartupError, _not_started)
    app.register_error_handler(SealError, _cannot_unseal)
    app.register_error_handler(SwitchedOff, _switched_off)


def _log_exception(exc_info: Any) -> None:
    """Log an error that nobody expected, with the route: the address itself may be a secret, as /connect/<token> is."""
    route = request.url_rule.rule if request.url_rule else "nowhere"
    logger.error("an error at %s %s", request.method, route, exc_info=exc_info)


def _expired_form(error: CSRFError) -> tuple[str | Response, int] | Response:
    if request.endpoint in _SIGN_INS and not current_user.is_authenticated:
        flash(kept_forms.OPEN_TOO_LONG, "warning")
        return sign_in.form(safe_redirect_path(request.form.get("next")), form_text("email")), 400
    return (None if wants_json() else kept_forms.answer_late_form()) or _page(400, *_EXPIRED_FORM)


def _bad_host(error: BadHost) -> tuple[str, int, dict[str, str]]:
    """Answer without a page: no address of ours can be made below a host that is none."""
    return "That request names no host that could be asked. Check the address.\n", 400, {"Content-Type": "text/plain"}


def _http_error(error: HTTPException) -> tuple[str | Response, int] | HTTPException | Response:
    code = error.code or 500
    if code < 400:
        return error
    if problems.is_api_request():
        return problems.of_error(error)
    late = None if wants_json() else _answer_late(code)
    if late is not None:
        return late
    # Whatever went wrong may be in the frame itself: then the page goes without it.
    g.is_bare = code >= 500
    title, advice = PAGES.get(code, PAGES[500] if code >= 500 else PAGES[400])
    # A refusal says whose page it is: web/security/who_may.py. Werkzeug's own words help nobody.
    if isinstance(error, Forbidden) and error.description and error.description != Forbidden.description:
        advice = error.description
    return _page(code, title, advice)


def _answer_late(code: int) -> Response | None:
    """Lead who was signed out when they sent a form to the sign-in; None where it is another error."""
    if code == 413:
        return kept_forms.answer_large_form()
    return kept_forms.answer_late_form() if code == 401 and request.method == "POST" else None


def _database_gone(error: Exception) -> tuple[str | Response, int]:
    if is_deadlock(error):
        logger.warning("a deadlock took back a transaction, for good", exc_info=error)
        return _page(409, *_OVERTAKEN)
    logger.error("the database does not answer", exc_info=error)
    g.is_bare = True
    title, advice = PAGES[503]
    return _page(503, title, DISK_FULL if is_disk_full(error) else advice)


def _row_is_gone(error: pw.IntegrityError) -> tuple[str | Response, int]:
    """Answer 409 when a row that the request refers to was removed meanwhile, by retention or by somebody."""
    if "foreign key" not in str(error).lower():
        raise error
    logger.warning("an act refers to what is gone by now", exc_info=error)
    return _page(409, *_OVERTAKEN)


def _not_started(error: StartupError) -> tuple[str | Response, int]:
    logger.error("%s", error)
    g.is_bare = True
    return _page(503, PAGES[503][0], str(error))


def _cannot_unseal(error: SealError) -> tuple[str | Response, int]:
    logger.error("%s", error)
    return _page(503, "This content cannot be opened", f"{error} Tell your admin.")


def _switched_off(error: SwitchedOff) -> tuple[str | Response, int]:
    return _page(409, "Nothing starts in this tenant", str(error))


def _page(code: int, title: str, advice: str) -> tuple[str | Response, int]:
    if problems.is_api_request():
        return problems.answer_problem(code, advice), code
    if wants_json():
        return jsonify(error={"status": code, "title": title, "advice": advice, "request_id": g.request_id}), code
    return render_template("error.html", code=code, title=title, advice=advice), code
