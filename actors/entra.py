"""Signing in people with Entra ID: joins what Entra says with whom the database knows."""

from collections.abc import Mapping
from typing import Any

import config
from db import entra_people
from db.audit import Actor
from db.entra_people import Arrival
from db.models import User
from graph import person_sign_in
from graph.clouds import Cloud, endpoints
from graph.errors import GraphError
from graph.person_sign_in import PersonSignIn, Registration

RETURN_PATH = "/sign-in/entra/return"

# What may go wrong with Entra itself; the sentence is for the person who signs in.
Refused = GraphError


def is_set_up() -> bool:
    return bool(config.settings().sign_in_client_id)


def begin() -> tuple[str, dict[str, Any]]:
    """Where to send the browser, and what to keep until it is back. Raises Refused."""
    return _sign_in().begin()


def is_answer_to(flow: Mapping[str, Any], answer: Mapping[str, str]) -> bool:
    """Whether this browser comes back from where it was sent itself. Asks nobody."""
    return person_sign_in.is_answer_to(flow, answer)


def finish(flow: Mapping[str, Any], answer: Mapping[str, str], address: str | None) -> User:
    """Raises Refused, or Invalid when Entra knows the person and we have nothing for them."""
    identity = _sign_in().finish(flow, answer)
    arrival = Arrival(identity.object_id, identity.user_name, identity.name, identity.claims)
    return entra_people.admit(arrival, Actor(identity.user_name[:255], address=address))


def _sign_in() -> PersonSignIn:
    settings = config.settings()
    registration = Registration(
        settings.sign_in_directory_id,
        settings.sign_in_client_id,
        settings.sign_in_client_secret,
        settings.public_url + RETURN_PATH,
    )
    return PersonSignIn(
        registration, endpoints(Cloud.GLOBAL, login_url=settings.login_url, graph_url=settings.graph_url)
    )
