"""Passkeys (WebAuthn): password and code in one. The private key never comes here.

Only for people with a password here: docs/decisions/0035-passkeys-need-a-password.md.
"""

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database
from db.errors import Invalid
from db.models import Passkey, User
from db.states import Result

NAME = "Tenantkeep"
MAX_PASSKEYS = 20
# An authenticator's answer has a few hundred bytes, with a certificate a few thousand.
MAX_ANSWER_LENGTH = 30_000
_VERIFIED = UserVerificationRequirement.REQUIRED
REFUSED = "That passkey does not open an account here. Sign in with your password, or try again."
# The library's own errors, and those that odd JSON or CBOR makes it trip over.
_UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True)
class RelyingParty:
    """The host that passkeys are bound to, and the one origin whose pages may ask for them."""

    rp_id: str
    origin: str


@dataclass(frozen=True)
class PasskeyRequest:
    """A request for the browser. `challenge`: what the answer must sign. `options`: JSON for the browser."""

    challenge: str
    options: str


def of_user(user_id: int) -> list[Passkey]:
    return list(Passkey.select().where(Passkey.user == user_id).order_by(Passkey.created_at))


def request_registration(user: User, place: RelyingParty) -> PasskeyRequest:
    """Ask for a new passkey. Raises Invalid when the person must not have any, or has enough."""
    if not user.password_hash:
        raise Invalid("You sign in with Entra ID: your passkeys are kept there.")
    passkeys = of_user(user.id)
    if len(passkeys) >= MAX_PASSKEYS:
        raise Invalid(f"You have {MAX_PASSKEYS} passkeys. Remove one that you no longer use.")
    options = webauthn.generate_registration_options(
        rp_id=place.rp_id,
        rp_name=NAME,
        user_id=_user_handle(user),
        user_name=user.email,
        user_display_name=user.name,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=_VERIFIED
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(base64url_to_bytes(passkey.credential_id)) for passkey in passkeys
        ],
    )
    return PasskeyRequest(bytes_to_base64url(options.challenge), webauthn.options_to_json(options))


def add(user: User, name: str, answer: str, challenge: str, place: RelyingParty, actor: Actor) -> Passkey:
    """Add the passkey of an answer.

    Raises Invalid unless the answer is to that challenge, from that place, and unlocked.
    """
    name = name.replace("\x00", "").strip()[:60] or "Passkey"
    with _reading_answer("The browser's answer is no passkey for this address. Nothing was added; try again."):
        registration = webauthn.verify_registration_response(
            credential=_parse_answer(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=place.rp_id,
            expected_origin=place.origin,
            require_user_verification=True,
        )
        public_parts = {
            "credential_id": bytes_to_base64url(registration.credential_id),
            "public_key": bytes_to_base64url(registration.credential_public_key),
        }
    with database.atomic():
        if Passkey.select().where(Passkey.credential_id == public_parts["credential_id"]).exists():
            raise Invalid("That passkey is here already.")
        audit.record(Action.PASSKEY_ADDED, actor, f"user {user.email}", name=name)
        return Passkey.create(user=user, name=name, sign_count=registration.sign_count, **public_parts)


def remove(user: User, passkey_id: int, actor: Actor) -> bool:
    """Remove a passkey. Return False when it is not this person's."""
    passkey = Passkey.get_or_none((Passkey.id == passkey_id) & (Passkey.user == user.id))
    if passkey is None:
        return False
    with database.atomic():
        passkey.delete_instance()
        audit.record(Action.PASSKEY_REMOVED, actor, f"user {user.email}", name=passkey.name)
    return True


def remove_all(user: User, actor: Actor) -> None:
    for passkey in of_user(user.id):
        remove(user, passkey.id, actor)


def request_sign_in(place: RelyingParty) -> PasskeyRequest:
    """Ask for any passkey of this host: the authenticator offers those that it has."""
    options = webauthn.generate_authentication_options(rp_id=place.rp_id, user_verification=_VERIFIED)
    return PasskeyRequest(bytes_to_base64url(options.challenge), webauthn.options_to_json(options))


def claimed_user(answer: str) -> User | None:
    """Return the person whose passkey the answer names. That proves nothing."""
    try:
        passkey = _find_named(_parse_answer(answer))
    except _UNREADABLE:
        return None
    return passkey.user if passkey else None


def verify_sign_in(answer: str, challenge: str, asked_at: datetime, place: RelyingParty, address: str | None) -> User:
    """Return the person whose passkey signed the challenge. Raises Invalid, with one sentence whatever is wrong."""
    with _reading_answer(REFUSED):
        parsed = _parse_answer(answer)
        passkey = _find_named(parsed)
        if passkey is None or not _is_handle_of(passkey.user, parsed):
            raise Invalid(REFUSED)
        verification = webauthn.verify_authentication_response(
            credential=parsed,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=place.rp_id,
            expected_origin=place.origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            # Looked at below, where it can be told.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    _record_use(passkey, verification.new_sign_count, asked_at, address)
    return passkey.user


def _record_use(passkey: Passkey, count: int, asked_at: datetime, address: str | None) -> None:
    """Count the use once. Raises Invalid for an answer that was used, or given up, and for a counter that went back.

    A challenge that is older than the last use was answered before, or given up. A counter of 0 counts nothing.
    """
    if (count or passkey.sign_count) and count <= passkey.sign_count:
        who = Actor.person(passkey.user, address)
        audit.record(Action.PASSKEY_CLONED, who, f"user {passkey.user.email}", result=Result.REFUSED, name=passkey.name)
        raise Invalid("There are two copies of that passkey. Sign in another way, and remove it on your account page.")
    is_unused = Passkey.used_at.is_null() | (Passkey.used_at < asked_at)
    is_unchanged = (Passkey.id == passkey.id) & (Passkey.sign_count == passkey.sign_count) & is_unused
    # Never before it was asked, whatever the clocks say: then the same answer would count again.
    if not Passkey.update(sign_count=count, used_at=max(utcnow(), asked_at)).where(is_unchanged).execute():
        raise Invalid(REFUSED)


def _find_named(parsed: dict[str, Any]) -> Passkey | None:
    """Return the passkey that the answer names, when it belongs to an active person with a password."""
    may_sign_in = User.is_active & User.password_hash.is_null(False)
    is_named = Passkey.credential_id == str(parsed["rawId"])
    passkey: Passkey | None = Passkey.select(Passkey, User).join(User).where(is_named & may_sign_in).first()
    return passkey


def _is_handle_of(user: User, parsed: dict[str, Any]) -> bool:
    """Return whether the answer's user handle is this person's. A passkey that the browser found by itself has one."""
    handle = parsed["response"]["userHandle"]
    return hmac.compare_digest(base64url_to_bytes(handle), _user_handle(user))


def _user_handle(user: User) -> bytes:
    return f"tenantkeep user {user.id}".encode()


def _parse_answer(answer: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(answer[:MAX_ANSWER_LENGTH])
    client_data = parse_client_data_json(base64url_to_bytes(parsed["response"]["clientDataJSON"]))
    if client_data.cross_origin:
        raise ValueError("asked from inside another site's page")
    return parsed


@contextmanager
def _reading_answer(sentence: str) -> Iterator[None]:
    try:
        yield
    except Invalid:
        raise
    except _UNREADABLE as e:
        raise Invalid(sentence) from e
