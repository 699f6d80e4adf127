"""One-time codes from an authenticator app (RFC 6238), for people with a password."""

import hmac
import time

import pyotp

from db import audit, sessions
from db.audit import Action, Actor
from db.database import database
from db.errors import Invalid
from db.models import User
from db.sealing import keyring
from db.users import totp_owner

ISSUER = "Tenantkeep"
STEP_SECONDS = 30
# A phone's clock may be half a minute off.
STEPS_OFF = 1


def new_secret() -> str:
    return pyotp.random_base32()


def address(user: User, secret: str) -> str:
    """What the picture for the app says."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER)


def turn_on(user: User, secret: str, code: str, actor: Actor, *, here: int) -> None:
    """Sessions that began without a code end, but for this one.

    Raises Invalid when the code is not the app's: who cannot make codes must not need them.
    """
    step = _step(secret, code)
    if step is None:
        raise Invalid("That code does not fit. Check that the phone's clock is right, and type the newest code.")
    sealed = keyring().seal(secret.encode(), totp_owner(user.id))
    with database.atomic():
        User.update(totp_secret=sealed, totp_step=step).where(User.id == user.id).execute()
        sessions.end_all(user.id, but=here)
        audit.record(Action.SECOND_FACTOR_ON, actor, f"user {user.email}")


def turn_off(user: User, actor: Actor) -> None:
    with database.atomic():
        off = User.update(totp_secret=None, totp_step=None)
        if off.where((User.id == user.id) & User.totp_secret.is_null(False)).execute():
            audit.record(Action.SECOND_FACTOR_OFF, actor, f"user {user.email}")


def accept(user: User, code: str) -> bool:
    """Is it the code of now, and used for the first time? One that was seen over a shoulder is worth nothing."""
    secret = keyring().unseal(bytes(user.totp_secret), totp_owner(user.id)).decode()
    step = _step(secret, code)
    if step is None:
        return False
    is_fresh = User.totp_step.is_null() | (User.totp_step < step)
    return bool(User.update(totp_step=step).where((User.id == user.id) & is_fresh).execute())


def _step(secret: str, code: str) -> int | None:
    """The half minute that the code is of; None: of none near now."""
    now, typed = int(time.time()) // STEP_SECONDS, "".join(code.split()).encode("utf-8", "replace")
    totp = pyotp.TOTP(secret)
    near = range(now - STEPS_OFF, now + STEPS_OFF + 1)
    fitting = [step for step in near if hmac.compare_digest(totp.generate_otp(step).encode(), typed)]
    return fitting[-1] if fitting else None
