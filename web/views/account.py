"""`/account`: one's own password, second factor, and where one is signed in."""

from typing import Any

import segno
from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_login import current_user

from db import second_factor, sessions, users
from db.errors import Invalid
from db.identities import MOST
from db.models import User
from web.access import current_actor, requires
from web.permissions import Permission
from web.tries import TOO_MANY, Tries

pages = Blueprint("account", __name__, url_prefix="/account")

# The secret that the app was shown, until its first code proves that it has it. Its owner sees it anyway.
_SHOWN = "second-factor"


@pages.get("/")
@requires(Permission.SIGNED_IN)
def page() -> str:
    return render_template("account.html", user=_me(), sessions=sessions.of(current_user.id), here=_here())


@pages.post("/password")
@requires(Permission.SIGNED_IN)
def change_password() -> Any:
    """Ends every other session: whoever else knows the old one is out."""
    return _proved(
        lambda user: users.change(user, current_actor(), here=_here(), password=request.form.get("new", "")),
        "The password was changed, and you were signed out everywhere else.",
    )


@pages.get("/second-factor")
@requires(Permission.SIGNED_IN)
def set_up() -> Any:
    user = _me()
    if user.totp_secret is not None or not user.password_hash:
        return redirect(url_for("account.page"), 303)
    secret = session.setdefault(_SHOWN, second_factor.new_secret())
    address = second_factor.address(user, secret)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff")
    return render_template("second_factor.html", picture=picture, secret=secret)


@pages.post("/second-factor")
@requires(Permission.SIGNED_IN)
def turn_on() -> Any:
    secret = session.get(_SHOWN)
    if not secret:
        return redirect(url_for("account.set_up"), 303)
    code = request.form.get("code", "")[:20]
    return _proved(
        lambda user: second_factor.turn_on(user, secret, code, current_actor(), here=_here()),
        "From now on, signing in with your password asks for a code as well.",
        otherwise="account.set_up",
    )


@pages.post("/second-factor/off")
@requires(Permission.SIGNED_IN)
def turn_off() -> Any:
    return _proved(lambda user: second_factor.turn_off(user, current_actor()), "Signing in no longer asks for a code.")


@pages.post("/sessions/<int:session_id>/end")
@requires(Permission.SIGNED_IN)
def end_session(session_id: int) -> Any:
    """One's own alone: any other is none."""
    if session_id > MOST or not sessions.end(current_user.id, session_id):
        abort(404)
    flash("That browser is signed out.", "success")
    return redirect(url_for("account.page"), 303)


@pages.post("/sign-out-everywhere")
@requires(Permission.SIGNED_IN)
def sign_out_everywhere() -> Any:
    ended = users.sign_out_everywhere(_me(), current_actor(), but=_here())
    flash(f"Signed out in {ended} other browser(s)." if ended else "You are signed in nowhere else.", "success")
    return redirect(url_for("account.page"), 303)


def _proved(act: Any, done: str, otherwise: str = "account.page") -> Any:
    """Do it when the present password is given too: a browser left open must not be enough to take an account over."""
    tries = Tries(current_user.email)
    if not tries.may():
        flash(TOO_MANY, "danger")
        return redirect(url_for(otherwise), 303)
    user = users.check_password(current_user.email, request.form.get("password", ""))
    if user is None:
        tries.failed()
        flash("That is not your present password. Nothing was changed.", "danger")
        return redirect(url_for(otherwise), 303)
    tries.succeeded()
    try:
        act(user)
    except Invalid as e:
        flash(str(e), "danger")
        return redirect(url_for(otherwise), 303)
    session.pop(_SHOWN, None)
    flash(done, "success")
    return redirect(url_for("account.page"), 303)


def _me() -> User:
    return User.get_by_id(current_user.id)


def _here() -> int:
    return int(current_user.session.id)
