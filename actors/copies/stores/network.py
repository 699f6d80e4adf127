"""The way to a store: which proxy leads there, whose certificates are believed, and what may never be reached.

Only admins say where stores are, so private networks may be reached: a store often stands in one. Where clouds give a
machine's own credentials to whoever asks, nobody is led.
"""

import atexit
import ipaddress
import os
import socket
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from actors.copies.stores.store import StoreError, StoreRefused
from db.notices import addresses
from graph.transport import outbound


@dataclass(frozen=True)
class Way:
    # Empty: directly. Nothing is taken from the environment.
    proxies: dict[str, str]
    ca_file: str


def way_to(url: str) -> Way:
    """Return how the host of this address is reached. Raises StoreError where it may not be, or has no address."""
    parts = urlsplit(url)
    host = str(parts.hostname)
    proxy = outbound.proxy_for(host)
    check_host(host, parts.port or (80 if parts.scheme == "http" else 443), is_proxied=proxy is not None)
    return Way({"http": proxy.url, "https": proxy.url} if proxy else {}, _bundle(outbound.ca_file()))


def check_host(host: str, port: int, *, is_proxied: bool = False) -> None:
    """Refuse a host that leads where credentials of machines are given away, or nowhere.

    A proxy may resolve names that nobody here can: those are its business.
    """
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # the latter of a part of the name that no host can have
        if is_proxied:
            return
        raise StoreError("The name of the store's host could not be resolved.") from None
    numbers = {str(row[4][0]).partition("%")[0] for row in rows}
    if not all(addresses.may_reach(ipaddress.ip_address(number), allows_private=True) for number in numbers):
        raise StoreRefused("The address leads where no store may be: to a link-local address, or a metadata service.")


@cache
def _bundle(ca_file: str) -> str:
    """Return a file with the usual authorities and the installation's own: boto3 takes the name of one file."""
    if not ca_file:
        return str(DEFAULT_CA_BUNDLE_PATH)
    handle, name = tempfile.mkstemp(prefix="tenantkeep-ca-", suffix=".pem")
    atexit.register(Path(name).unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as out:
        out.write(Path(DEFAULT_CA_BUNDLE_PATH).read_bytes() + b"\n" + Path(ca_file).read_bytes())
    return name
