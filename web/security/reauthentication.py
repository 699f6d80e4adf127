"""Fresh proof that it is the person: what guards an account is not changed by a browser that was left open."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_login import current_user

from db.accounts import totp, users
from db.clock import utcnow
from db.errors import Invalid
from db.models import User
from web.security.access import current_actor
from web.security.attempt_limits import TOO_MANY_TRIES, SignInThrottle

NOT_YOURS = "That is not your current password. Nothing was changed."
NO_FRESH_CODE = (
    "That code is wrong, or was used already. Nothing was changed. Wait for the next one, or use a recovery code."
)

# From a sign-in to where somebody without a password has to prove themselves anew.
FRESH_FOR = timedelta(minutes=15)
NOT_FRESH = (
    "Sign out, and sign in anew: that is your proof that it is you, and counts for 15 minutes. Nothing was changed."
)


def act_with_proof(act: Callable[[User], Any], otherwise: str = "account.page") -> Any:
    """Return `act(user)` if the form has the current password, and a fresh code where the user uses codes.

    Else, and when `act` raises Invalid, back to `otherwise` with the sentence that says why.
    """
    try:
        return act(prove_person())
    except Invalid as e:
        flash(str(e), "danger")
    return redirect(url_for(otherwise), 303)


def prove_person() -> User:
    """Return the current user, proved. Raises Invalid. The code comes last: one used with a wrong password would be
    lost.
    """
    throttle = SignInThrottle(current_user.email)
    if not throttle.allow():
        raise Invalid(TOO_MANY_TRIES)
    user = users.check_password(current_user.email, request.form.get("password", ""))
    if user is None:
        throttle.record_failure()
        raise Invalid(NOT_YOURS)
    code = request.form.get("present_code", "")[:40]
    if user.totp_secret is not None and not totp.verify(user, code, current_actor()):
        throttle.record_failure()
        raise Invalid(NO_FRESH_CODE)
    throttle.reset()
    return user


def prove_anyone() -> User:
    """Return the current user, proved: by the password, and where they have none, by a sign-in a moment ago.

    Raises Invalid.
    """
    if current_user.password_hash:
        return prove_person()
    if current_user.session.began_at < utcnow() - FRESH_FOR:
        raise Invalid(NOT_FRESH)
    user: User = User.get_by_id(current_user.id)
    return user
