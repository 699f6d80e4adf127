"""Links that ask a customer's administrator for consent: where they lead, and where Microsoft comes back to."""

from dataclasses import dataclass, field

from flask import request, session, url_for

import config
from actors.connecting import new_connections
from actors.facade import app_setup
from db.models import ConsentRequest
from db.states import AppAccess
from db.tenants import consents

# The single-use state of the way to Microsoft that this browser began last, in its signed cookie.
WAY = "consent_way"


@dataclass(frozen=True)
class MadeLink:
    """A link that was made just now: it cannot be shown again."""

    request: ConsentRequest
    address: str = field(repr=False)

    @classmethod
    def of(cls, request: ConsentRequest, token: str) -> "MadeLink":
        return cls(request, link_address(token))


def _home() -> str:
    return config.settings().public_url or request.host_url.rstrip("/")


def link_address(token: str) -> str:
    return _home() + url_for("consent_pages.page", token=token)


def return_address() -> str:
    """Return where Microsoft sends the browser back to: exactly as the app registration has it."""
    return _home() + url_for("consent_pages.back")


def begin(consent_request: ConsentRequest) -> str:
    """Return the address of Microsoft's page, and bind the way there to this browser. Raises Invalid."""
    app = new_connections.our_app(consent_request.cloud, AppAccess(consent_request.access))
    state = consents.begin_way(consent_request)
    session[WAY] = state
    directory_id = consent_request.directory_id or ""
    return app_setup.consent_address(
        consent_request.cloud, directory_id, app.client_id, return_address(), state
    )  # fmt: skip
