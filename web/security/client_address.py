"""From where a request comes, in one spelling: in the audit log, with a session, and where tries are counted."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

# What is said where an address should be and is none.
UNKNOWN = "unknown"
# A provider gives each customer as many addresses of IPv6 as this leaves, or more.
_ONE_CUSTOMER = 64
# Some proxies add the port (learn.microsoft.com: Application Gateway, rewrite X-Forwarded-For).
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+", re.ASCII)
# IPv4 behind a provider's translation (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def spelled(application: Application) -> Application:
    """A proxy may hand on what its client said; nothing behind here sees that."""

    def asked(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["REMOTE_ADDR"] = plain(environ.get("REMOTE_ADDR") or "")
        return application(environ, start_response)

    return asked


def plain(text: str) -> str:
    with_port = _WITH_PORT.fullmatch(text.strip())
    bare = (with_port[1] or with_port[2]) if with_port else text.strip()
    try:
        found = ipaddress.ip_address((bare or "").partition("%")[0])
    except ValueError:
        return UNKNOWN
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def place(address: str | None) -> str:
    """What counts as one address: IPv4 itself, however it came by IPv6, and of IPv6 a customer's network."""
    known = plain(address or "")
    if known == UNKNOWN:
        return known
    found = ipaddress.ip_address(known)
    if isinstance(found, ipaddress.IPv4Address):
        return known
    return str(_behind(found) or ipaddress.ip_network((found, _ONE_CUSTOMER), strict=False))


def _behind(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Whose IPv4 it stands for: translated, tunnelled by 6to4, which gives each 65536 networks, or by Teredo."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or (address.teredo[1] if address.teredo else None)
