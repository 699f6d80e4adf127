"""Signing in people with Entra ID: joins what Entra says with whom the database knows."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import config
from db.accounts import entra_grants
from db.accounts.entra_grants import EntraIdentity
from db.audit.audit import Actor
from db.clock import utcnow
from db.errors import Invalid
from db.models import User
from graph.auth import user_sign_in
from graph.auth.clouds import Cloud, endpoints
from graph.auth.user_sign_in import Identity, Registration, UserSignIn
from graph.errors import GraphError, SignInFailed

RETURN_PATH = "/sign-in/entra/return"

# What may go wrong with Entra itself; the sentence is for the person who signs in.
EntraError = GraphError


def is_set_up() -> bool:
    return bool(config.settings().sign_in_client_id)


def begin() -> tuple[str, dict[str, Any]]:
    """Where to send the browser, and what to keep until it is back. Raises Refused."""
    return _sign_in().begin()


def is_answer_to(flow: Mapping[str, Any], answer: Mapping[str, str]) -> bool:
    """Whether this browser comes back from where it was sent itself. Asks nobody."""
    return user_sign_in.is_answer_to(flow, answer)


def finish(flow: Mapping[str, Any], answer: Mapping[str, str], address: str | None) -> User:
    """Raises Refused, or Invalid when Entra knows the person and we have nothing for them."""
    requested_at = utcnow()
    identity = _sign_in().finish(flow, answer)
    return entra_grants.sign_in_user(
        _entra_identity(identity, requested_at), Actor(identity.user_name[:255], address=address)
    )


def renew_or_sign_out(user: User) -> None:
    """What Entra gives a person who is signed in now; who is not given anything is signed out. Raises Refused when
    Entra could not be asked: then it is asked again, and what it said last counts until its hour is over."""
    requested_at, token = utcnow(), entra_grants.refresh_token(user)
    if not token:
        return
    try:
        identity = _sign_in().again(token)
    except SignInFailed:
        entra_grants.end_entra_access(user)
        return
    with suppress(Invalid):  # it says to a person why they may not stay, and nobody sits here
        entra_grants.renew_roles(user, _entra_identity(identity, requested_at))


def _entra_identity(identity: Identity, requested_at: datetime) -> EntraIdentity:
    return EntraIdentity(
        identity.object_id, identity.user_name, identity.name, identity.claims, requested_at, identity.refresh_token
    )


def _sign_in() -> UserSignIn:
    settings = config.settings()
    registration = Registration(
        settings.sign_in_directory_id,
        settings.sign_in_client_id,
        settings.sign_in_client_secret,
        settings.public_url + RETURN_PATH,
    )
    return UserSignIn(registration, endpoints(Cloud.GLOBAL, login_url=settings.login_url, graph_url=settings.graph_url))
