"""The host that passkeys are bound to: from the settings, never from the request; without a setting, localhost
alone.
"""

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
_IP_ADDRESS = "Passkeys need a host with a name, and {} is none. Whoever runs Tenantkeep sets TENANTKEEP_PUBLIC_URL."


def find_relying_party() -> RelyingParty | None:
    """Return the relying party of passkeys; None where there are none, for the reason that `why_unavailable` says."""
    return None if why_unavailable() else _configured_party()


def why_unavailable() -> str:
    """Return a sentence that says why there are no passkeys here; "" where there are."""
    party = _configured_party()
    if party is None:
        return _NO_ADDRESS
    if _is_ip_address(party.rp_id):
        return _IP_ADDRESS.format(party.rp_id)
    return "" if urlsplit(f"//{request.host}").hostname == party.rp_id else _ANOTHER_ADDRESS.format(party.origin)


def _configured_party() -> RelyingParty | None:
    public = config.settings().public_url
    if public:
        parts = urlsplit(public)
        return RelyingParty(parts.hostname or "", f"{parts.scheme}://{parts.netloc}".lower())
    # A browser takes localhost for safe without https. What it cannot be is another machine's.
    is_local = urlsplit(f"//{request.host}").hostname == "localhost"
    return RelyingParty("localhost", f"{request.scheme}://{request.host}") if is_local else None


def _is_ip_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
