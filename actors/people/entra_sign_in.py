"""Sign-in of people with Entra ID: joins what Entra says with the users in the database."""

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
from graph.auth.user_sign_in import Registration, UserIdentity, UserSignIn
from graph.errors import GraphError, SignInFailed

RETURN_PATH = "/sign-in/entra/return"

# An error of Entra itself; its sentence is for the person who signs in.
EntraError = GraphError


def is_set_up() -> bool:
    return bool(config.settings().sign_in_client_id)


def begin() -> tuple[str, dict[str, Any]]:
    """Return where to send the browser, and what to keep until it is back. Raises EntraError."""
    return _sign_in().begin()


def is_answer_to(flow: Mapping[str, Any], answer: Mapping[str, str]) -> bool:
    """Tell whether this browser comes back from a sign-in that it began. Asks nobody."""
    return user_sign_in.is_answer_to(flow, answer)


def finish(flow: Mapping[str, Any], answer: Mapping[str, str], address: str | None) -> User:
    """Sign the person in. Raises EntraError, or Invalid when Entra knows the person and gives no role here."""
    requested_at = utcnow()
    identity = _sign_in().finish(flow, answer)
    return entra_grants.sign_in_user(
        _entra_identity(identity, requested_at), Actor(identity.user_name[:255], address=address)
    )


def renew_or_sign_out(user: User) -> None:
    """Renew the roles of a person who is signed in, or sign out a person who has none any more.

    Raises EntraError when Entra could not be asked: its last answer then counts until its hour is over.
    """
    requested_at, token = utcnow(), entra_grants.refresh_token(user)
    if not token:
        return
    try:
        identity = _sign_in().again(token)
    except SignInFailed:
        entra_grants.end_entra_access(user)
        return
    with suppress(Invalid):  # its sentence is for a person who signs in, and nobody sits here
        entra_grants.renew_roles(user, _entra_identity(identity, requested_at))


def _entra_identity(identity: UserIdentity, requested_at: datetime) -> EntraIdentity:
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
