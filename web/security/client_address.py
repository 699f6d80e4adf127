"""The address that a request comes from, in one spelling: for the audit log, sessions and attempt limits."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

# Stands for an address that cannot be read.
UNKNOWN = "unknown"
# A provider gives each customer as many addresses of IPv6 as this leaves, or more.
_CUSTOMER_PREFIX_LENGTH = 64
# Some proxies add the port (learn.microsoft.com: Application Gateway, rewrite X-Forwarded-For).
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+", re.ASCII)
# IPv4 behind a provider's translation (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

Application = Callable[[dict[str, Any], Callable[..., Any]], Any]


def with_plain_addresses(application: Application) -> Application:
    """Wrap `application`: REMOTE_ADDR comes in its plain spelling, whatever a proxy hands on of its client's."""

    def with_plain_address(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["REMOTE_ADDR"] = plain_address(environ.get("REMOTE_ADDR") or "")
        return application(environ, start_response)

    return with_plain_address


def plain_address(text: str) -> str:
    """Return the address without its port and zone, and IPv4 inside IPv6 as IPv4; UNKNOWN for what is none."""
    with_port = _WITH_PORT.fullmatch(text.strip())
    bare = (with_port[1] or with_port[2]) if with_port else text.strip()
    try:
        address = ipaddress.ip_address((bare or "").partition("%")[0])
    except ValueError:
        return UNKNOWN
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def customer_network(address: str | None) -> str:
    """Return what counts as one address: the IPv4 address, however it came by IPv6, or a customer's IPv6 network."""
    plain = plain_address(address or "")
    if plain == UNKNOWN:
        return plain
    parsed = ipaddress.ip_address(plain)
    if isinstance(parsed, ipaddress.IPv4Address):
        return plain
    return str(_ipv4_behind(parsed) or ipaddress.ip_network((parsed, _CUSTOMER_PREFIX_LENGTH), strict=False))


def _ipv4_behind(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address behind NAT64, 6to4 (which gives each 65536 networks) or Teredo; None if there is none."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or (address.teredo[1] if address.teredo else None)
