"""One-time codes from an authenticator app (RFC 6238), for people with a password."""

import hmac
import time

import pyotp

from db.accounts import recovery_codes, sessions
from db.accounts.users import totp_owner
from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database
from db.encryption import keyring
from db.errors import Invalid
from db.models import User

ISSUER = "Tenantkeep"
STEP_SECONDS = 30
# A phone's clock may be half a minute off.
MAX_STEPS_OFF = 1


def new_secret() -> str:
    return pyotp.random_base32()


def provisioning_uri(user: User, secret: str) -> str:
    """Return the address that the picture for the app holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER)


def turn_on(user: User, secret: str, code: str, actor: Actor, *, current_session_id: int) -> list[str]:
    """Ask for codes from now on, and return the recovery codes, to be shown once.

    Sessions that began without a code end, but for the current one. Raises Invalid when the code does not fit, since
    somebody who cannot make codes must not need them, and when codes are on already: to change to another app, they are
    turned off first.
    """
    step = _matching_step(secret, code)
    if step is None:
        raise Invalid("That code does not fit. Check that the phone's clock is right, and type the newest code.")
    sealed = keyring().seal(secret.encode(), totp_owner(user.id))
    with database.atomic():
        is_off = (User.id == user.id) & User.totp_secret.is_null()
        if not User.update(totp_secret=sealed, totp_step=step).where(is_off).execute():
            raise Invalid("Codes are on already. To change to another app, turn them off first.")
        codes = recovery_codes.create(user, actor)
        sessions.end_all(user.id, but_id=current_session_id)
        audit.record(Action.SECOND_FACTOR_ON, actor, f"user {user.email}")
    return codes


def turn_off(user: User, actor: Actor) -> None:
    with database.atomic():
        off = User.update(totp_secret=None, totp_step=None)
        if off.where((User.id == user.id) & User.totp_secret.is_null(False)).execute():
            recovery_codes.remove_all(user)
            audit.record(Action.SECOND_FACTOR_OFF, actor, f"user {user.email}")


def verify(user: User, typed: str, actor: Actor) -> str | None:
    """Return what proves the person: "code" or "recovery code", or None when `typed` is neither."""
    if _is_code_of_now(user, typed):
        return "code"
    return "recovery code" if recovery_codes.use(user, typed, actor) else None


def _is_code_of_now(user: User, code: str) -> bool:
    """Return whether the code is valid now and used for the first time: one seen over a shoulder is worth nothing."""
    secret = keyring().unseal(bytes(user.totp_secret), totp_owner(user.id)).decode()
    step = _matching_step(secret, code)
    if step is None:
        return False
    is_fresh = User.totp_step.is_null() | (User.totp_step < step)
    return bool(User.update(totp_step=step).where((User.id == user.id) & is_fresh).execute())


def _matching_step(secret: str, code: str) -> int | None:
    """Return the 30-second step whose code was typed, among those near now, or None."""
    now, typed = int(time.time()) // STEP_SECONDS, "".join(code.split()).encode("utf-8", "replace")
    totp = pyotp.TOTP(secret)
    near = range(now - MAX_STEPS_OFF, now + MAX_STEPS_OFF + 1)
    fitting = [step for step in near if hmac.compare_digest(totp.generate_otp(step).encode(), typed)]
    return fitting[-1] if fitting else None
