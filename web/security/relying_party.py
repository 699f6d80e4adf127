"""Where passkeys count. From the settings, never from what a request says of itself; else from localhost alone."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request

import config
from db.accounts.passkeys import RelyingParty

_NO_ADDRESS = (
    "Passkeys are bound to the address of this page, and nobody has said which that is. Whoever runs Tenantkeep sets "
    "TENANTKEEP_PUBLIC_URL."
)
_ANOTHER_ADDRESS = "Passkeys work at {} alone. Open Tenantkeep there."
_A_NUMBER = "Passkeys need a host with a name, and {} is none. Whoever runs Tenantkeep sets TENANTKEEP_PUBLIC_URL."


def place() -> RelyingParty | None:
    """None: there are no passkeys here, for the reason that `why_not` says."""
    return None if why_not() else _place()


def why_not() -> str:
    """A sentence for people; "": there are passkeys here."""
    found = _place()
    if found is None:
        return _NO_ADDRESS
    if _is_number(found.rp_id):
        return _A_NUMBER.format(found.rp_id)
    return "" if urlsplit(f"//{request.host}").hostname == found.rp_id else _ANOTHER_ADDRESS.format(found.origin)


def _place() -> RelyingParty | None:
    public = config.settings().public_url
    if public:
        parts = urlsplit(public)
        return RelyingParty(parts.hostname or "", f"{parts.scheme}://{parts.netloc}".lower())
    # A browser takes localhost for safe without https. What it cannot be is another machine's.
    is_local = urlsplit(f"//{request.host}").hostname == "localhost"
    return RelyingParty("localhost", f"{request.scheme}://{request.host}") if is_local else None


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
