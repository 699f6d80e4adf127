"""Passkeys: signing in with one, and adding and removing one's own on the account page."""

import json
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_login import current_user

from db.accounts import passkeys
from db.accounts.passkeys import RelyingParty
from db.clock import utcnow
from db.errors import Invalid
from db.models import User
from web.presentation.links import safe_redirect_path
from web.security import relying_party, sealed_cookie
from web.security.access import current_actor, requires
from web.security.attempt_limits import SignInThrottle
from web.security.permissions import Permission
from web.security.reauthentication import act_with_proof
from web.views.people import sign_in

pages = Blueprint("passkeys", __name__)

TOO_LATE = "That took too long. Begin again."


@pages.get("/sign-in/passkey")
@requires(Permission.PUBLIC)
def ask() -> Response:
    """Begin a sign-in: return the options that the page's script hands to the browser."""
    question = passkeys.request_sign_in(_place())
    question_values = {"passkey": question.challenge, "asked_at": utcnow().isoformat()}
    sealed_cookie.store({**question_values, "next": safe_redirect_path(request.args.get("next"))})
    return jsonify(json.loads(question.options))


@pages.post("/sign-in/passkey")
@requires(Permission.PUBLIC)
def enter() -> Any:
    place, step, answer = _place(), sealed_cookie.read("passkey"), request.form.get("answer", "")
    sealed_cookie.clear()
    owner = passkeys.claimed_user(answer)
    throttle = SignInThrottle(owner.email if owner else "")
    if not throttle.allow():
        return sign_in.refuse_too_many_tries(throttle, owner.email if owner else "", step.get("next", ""))
    try:
        if not step:
            raise Invalid(TOO_LATE)
        asked_at = datetime.fromisoformat(step["asked_at"])
        user = passkeys.verify_sign_in(answer, step["passkey"], asked_at, place, request.remote_addr)
    except Invalid as e:
        throttle.record_failure()
        sign_in.refused(owner.email if owner else "", "passkey")
        flash(str(e), "danger")
        return sign_in.form(step.get("next", "")), 401
    throttle.reset()
    return sign_in.begin(user, sign_in.WAYS["passkey"], step["next"])


@pages.post("/account/passkeys")
@requires(Permission.SIGNED_IN)
def begin() -> Any:
    """Ask for proof first; the page that it leads to asks the browser."""

    def act(user: User) -> Any:
        question = passkeys.request_registration(user, _place())
        name = request.form.get("name", "")[:60]
        sealed_cookie.store({f"passkey of {user.id}": question.challenge, "name": name})
        return render_template("account/new_passkey.html", name=name, options=question.options)

    return act_with_proof(act)


@pages.post("/account/passkeys/new")
@requires(Permission.SIGNED_IN)
def add() -> Any:
    begun = f"passkey of {current_user.id}"
    step = sealed_cookie.read(begun)
    sealed_cookie.clear()
    try:
        if not step:
            raise Invalid(TOO_LATE)
        user = User.get_by_id(current_user.id)
        answer = request.form.get("answer", "")
        passkey = passkeys.add(user, step["name"], answer, step[begun], _place(), current_actor())
    except Invalid as e:
        flash(str(e), "danger")
    else:
        flash(f"The passkey “{passkey.name}” was added. Sign in with it from now on.", "success")
    return redirect(url_for("account.page"), 303)


@pages.post("/account/passkeys/<int:passkey_id>/remove")
@requires(Permission.SIGNED_IN)
def remove(passkey_id: int) -> Any:
    """One's own alone: any other is none."""

    def act(user: User) -> Any:
        if not passkeys.remove(user, passkey_id, current_actor()):
            abort(404)
        flash("The passkey no longer works. Remove it from your device or password manager, too.", "success")
        return redirect(url_for("account.page"), 303)

    return act_with_proof(act)


def _place() -> RelyingParty:
    place = relying_party.find_relying_party()
    if place is None:
        abort(404)
    return place
