"""Signing in and out: a password, a code from an app where the person uses one, or Entra ID."""

import logging
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_login import UserMixin, current_user, login_user
from werkzeug.wrappers import Response

from actors.people import entra_sign_in
from actors.process import logs
from db.accounts import recovery_codes, sessions, totp, users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.errors import Invalid
from db.models import Session, User
from db.states import Result
from web.inputs import form_text
from web.presentation.links import safe_redirect_path
from web.security import relying_party, sealed_cookie
from web.security.access import current_actor, requires
from web.security.attempt_limits import (
    TOO_MANY_TRIES,
    SignInThrottle,
    may_leave_for_entra,
    may_record_refusal,
    may_return_from_entra,
    record_address_failure,
    remember_browser,
)
from web.security.permissions import Permission

pages = Blueprint("sign_in", __name__)
logger = logging.getLogger(__name__)

NOT_BEGUN_HERE = "This sign-in was not begun here, or too long ago. Begin again."
UNRECORDED = "too many refused sign-ins from %s: the audit log has the first of each hour"

# What a page asks for by itself: nobody need sit before it.
BY_ITSELF = frozenset({"runs.mine", "runs.progress"})
# What stands in the audit log for an address that is nobody's: people type their password there.
UNKNOWN = "(unknown address)"
ENTRA = "(Entra ID)"
# How somebody proved who they are -> what the list of their sessions calls it.
WAYS = {
    "password": "password",
    "passkey": "passkey",
    "code": "password and code",
    "recovery code": "recovery code",
}


class SignedInUser(UserMixin):
    """The signed-in user, as Flask-Login wants one: known by the token of their session."""

    def __init__(self, token: str, user_session: Session) -> None:
        self._token, self.session, self._user = token, user_session, user_session.user

    def __getattr__(self, name: str) -> Any:
        return getattr(self._user, name)

    @property
    def is_active(self) -> bool:
        return bool(self._user.is_active)

    def get_id(self) -> str:
        return self._token


def load(token: str) -> SignedInUser | None:
    user_session = sessions.find(token, is_asked_for=request.endpoint not in BY_ITSELF)
    return SignedInUser(token, user_session) if user_session else None


@pages.get("/sign-in")
@requires(Permission.PUBLIC)
def sign_in() -> str:
    return form(safe_redirect_path(request.args.get("next")))


@pages.post("/sign-in")
@requires(Permission.PUBLIC)
def enter() -> Any:
    # As an address is kept: PostgreSQL takes no NUL, and the audit log no more than this.
    email = form_text("email").lower()
    following = safe_redirect_path(request.form.get("next"))
    throttle = SignInThrottle(email)
    if not throttle.allow():
        return refuse_too_many_tries(throttle, email, following)
    user = users.check_password(email, request.form.get("password", ""))
    if user is None:
        throttle.record_failure()
        refused(email, "password")
        flash("Wrong e-mail address or password.", "danger")
        return form(following, email), 401
    if user.totp_secret is None:
        throttle.reset()
        return begin(user, WAYS["password"], following)
    session.clear()
    sealed_cookie.store({"user": user.id, "next": following})
    return redirect(url_for("sign_in.code"), 303)


@pages.get("/sign-in/code")
@requires(Permission.PUBLIC)
def code() -> Any:
    return (
        render_template("sign_in/code.html")
        if sealed_cookie.read("user")
        else redirect(url_for("sign_in.sign_in"), 303)
    )


@pages.post("/sign-in/code")
@requires(Permission.PUBLIC)
def enter_code() -> Any:
    """Check the second factor of a person who gave the right password a moment ago."""
    step = sealed_cookie.read("user")
    user = User.get_or_none((User.id == step["user"]) & User.is_active) if step else None
    if user is None or user.totp_secret is None:
        flash("That took too long. Begin again.", "warning")
        return redirect(url_for("sign_in.sign_in"), 303)
    throttle = SignInThrottle(user.email)
    if not throttle.allow():
        return refuse_too_many_tries(throttle, user.email, step["next"])
    by = totp.verify(user, request.form.get("code", "")[:40], Actor.person(user, request.remote_addr))
    if by is None:
        throttle.record_failure()
        refused(user.email, "code")
        flash("That code is wrong, or was used already. Wait for the next one.", "danger")
        return render_template("sign_in/code.html"), 401
    throttle.reset()
    answer = begin(user, WAYS[by], step["next"])
    if by == "recovery code":
        left = recovery_codes.count_left(user)
        flash(f"That recovery code is used up; {left} are left. Your account page makes new ones.", "warning")
    return answer


@pages.get("/sign-in/entra")
@requires(Permission.PUBLIC)
def to_entra() -> Any:
    if not entra_sign_in.is_set_up():
        abort(404)
    if not may_leave_for_entra():
        return _entra_refused(TOO_MANY_TRIES, 429)
    try:
        address, flow = entra_sign_in.begin()
    except entra_sign_in.EntraError as e:
        return _entra_refused(str(e), 503)
    sealed_cookie.store({"flow": flow, "next": safe_redirect_path(request.args.get("next"))})
    return redirect(address, 303)


@pages.get("/sign-in/entra/return")
@requires(Permission.PUBLIC)
def from_entra() -> Any:
    if not entra_sign_in.is_set_up():
        abort(404)
    step, answer = sealed_cookie.read("flow"), request.args.to_dict()
    sealed_cookie.clear()  # a way in is gone once
    if not entra_sign_in.is_answer_to(step.get("flow", {}), answer):
        return _entra_refused(NOT_BEGUN_HERE, 401)
    if not may_return_from_entra():
        return _entra_refused(TOO_MANY_TRIES, 429)
    try:
        user = entra_sign_in.finish(step["flow"], answer, request.remote_addr)
    except (entra_sign_in.EntraError, Invalid) as e:
        record_address_failure()
        refused(ENTRA, "Entra ID")
        return _entra_refused(str(e), 401)
    return begin(user, "Entra ID", step["next"])


@pages.post("/sign-out")
@requires(Permission.SIGNED_IN)
def leave() -> Any:
    audit.record(Action.SIGN_OUT, current_actor(), "session")
    sessions.end(current_user.id, current_user.session.id)
    session.clear()
    return redirect(url_for("sign_in.sign_in", next=safe_redirect_path(request.form.get("next")) or None), 303)


def form(following: str, email: str = "") -> str:
    return render_template(
        "sign_in/page.html",
        next=following,
        email=email,
        has_entra=entra_sign_in.is_set_up(),
        has_passkeys=not relying_party.why_unavailable(),
    )


def begin(user: User, by: str, following: str) -> Response:
    """Sign the user in. A session that existed before may be somebody else's making: nothing of it stays."""
    session.clear()
    session.permanent = True
    token = sessions.begin(user, request.remote_addr, request.headers.get("User-Agent", ""), by)
    user_session = sessions.find(token, is_asked_for=False)
    if user_session is None:
        abort(401)  # deactivated a moment ago
    login_user(SignedInUser(token, user_session))
    audit.record(Action.SIGN_IN, Actor.person(user, request.remote_addr), "session", by=by)
    answer = redirect(following or url_for("admin.index"), 303)
    return remember_browser(answer, user.email) if user.password_hash else answer


def refuse_too_many_tries(throttle: SignInThrottle, email: str, following: str) -> Any:
    if throttle.should_audit():
        refused(email, "too many tries")
    flash(TOO_MANY_TRIES, "danger")
    return form(following, email), 429


def refused(email: str, by: str) -> None:
    if not may_record_refusal():
        logger.warning(UNRECORDED, request.remote_addr, extra=logs.REPEATED)
        return
    who = Actor(email if email == ENTRA or users.find_by_email(email) else UNKNOWN, address=request.remote_addr)
    audit.record(Action.SIGN_IN, who, "session", result=Result.REFUSED, by=by)


def _entra_refused(sentence: str, status: int) -> Any:
    flash(sentence, "danger")
    return form(""), status
