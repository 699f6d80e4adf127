"""The addresses of channels: what each kind takes, what of one may be shown, and which machines may be reached by it.

An address is a key to what it names: who knows a workflow's can write in its name. It is sealed where it is kept, and
only `shown` of it stands on pages, in answers, in the audit log.
"""

import ipaddress
import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from db.errors import Invalid
from db.states import ChannelKind

MAX_MAIL_ADDRESSES = 20
MAX_LENGTH = 2000
# Shorter pieces of an address are ordinary words: "services", "v1".
SECRET_LENGTH = 6

_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)*[A-Za-z0-9-]{1,63}")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")

IpAddress = IPv4Address | IPv6Address

# Networks of an installation's own house: reached only by a channel that an admin allowed to.
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "::1/128", "fc00::/7"),
    )
)
# Where clouds give a machine's own credentials to whoever asks from it; most stand in link-local ranges, these do not
# (Azure's 168.63.129.16: learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254")))
# IPv6 addresses that lead to the IPv4 address in them: at its end (mapped, compatible, NAT64), or behind 2002.
_V4_AT_END = tuple(map(IPv6Network, ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
_SITE_LOCAL, _6TO4, _TEREDO = IPv6Network("fec0::/10"), IPv6Network("2002::/16"), IPv6Network("2001::/32")


def parse(kind: ChannelKind, text: str, *, allows_private: bool = False) -> str:
    """Return the address as it is kept. Raises Invalid, which holds nothing of it but mail addresses."""
    if len(text) > MAX_LENGTH:
        raise Invalid(f"An address has at most {MAX_LENGTH} characters.")
    return _parse_mail(text) if kind == ChannelKind.EMAIL else _parse_url(text.strip(), allows_private)


def mail_addresses(address: str) -> list[str]:
    return re.split(r"[,;\s]+", address.strip(" \t\r\n,;")) if address.strip(" \t\r\n,;") else []


def _parse_mail(text: str) -> str:
    found = list(dict.fromkeys(mail_addresses(text)))
    if not found:
        raise Invalid("Give an e-mail address.")
    if len(found) > MAX_MAIL_ADDRESSES:
        raise Invalid(f"A channel has at most {MAX_MAIL_ADDRESSES} e-mail addresses. Give a distribution list's.")
    for address in found:
        if not _MAIL.fullmatch(address):
            raise Invalid(f"“{address[:80]}” is not an e-mail address.")
    return ", ".join(found)


def _parse_url(text: str, allows_private: bool) -> str:
    form = "Give the whole https address, as the receiver shows it."
    if not text.isascii() or re.search(r"[\x00-\x20\x7f\\]", text):
        raise Invalid(f"{form} It has no spaces and only ASCII characters; write a host with others as xn--….")
    try:
        parts = urlsplit(text)
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        raise Invalid(form) from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or not port_is_right:
        raise Invalid(form)
    if "@" in parts.netloc or parts.fragment:
        raise Invalid("An address has no user or password before its host, and no # behind it.")
    if parts.scheme == "http" and not allows_private:
        raise Invalid("The address must begin with https://. Plain http is for private networks that an admin allowed.")
    _check_host(parts, allows_private)
    return text


def _check_host(parts: SplitResult, allows_private: bool) -> None:
    host = str(parts.hostname)
    ip = _ip_literal(host)
    if ip is None and not _HOST.fullmatch(host):
        raise Invalid("The address names no host that there can be.")
    is_local = host == "localhost" or host.endswith(".localhost")
    if (is_local and not allows_private) or (ip is not None and not may_reach(ip, allows_private=allows_private)):
        raise Invalid(
            "The address leads into a private network. An admin can allow that for a channel of the installation."
        )


def _ip_literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def may_reach(ip: IpAddress, *, allows_private: bool) -> bool:
    """Tell whether a channel may be reached at this address. Nothing allows link-local ones, or those of metadata."""
    return all(_may_reach_one(address, allows_private) for address in (ip, *_embedded(ip)))


def is_private(ip: IpAddress) -> bool:
    """Tell whether the address is of a private network or of this machine: where plain http may be spoken."""
    addresses: list[IpAddress] = [*_embedded(ip)] or [ip]
    return all(_is_in(address, _PRIVATE) for address in addresses)


def _may_reach_one(ip: IpAddress, allows_private: bool) -> bool:
    if ip in _METADATA or ip.is_multicast or ip.is_unspecified or ip in _SITE_LOCAL:
        return False
    if _is_in(ip, _PRIVATE):
        return allows_private
    # It stands for an IPv4 address, which is looked at by itself.
    return ip.is_global or bool(list(_embedded(ip)))


def _is_in(ip: IpAddress, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)


def _embedded(ip: IpAddress) -> Iterator[IPv4Address]:
    if isinstance(ip, IPv4Address) or ip in (IPv6Address("::1"), IPv6Address("::")):
        return
    if _is_in(ip, _V4_AT_END):
        yield IPv4Address(int(ip) & 0xFFFFFFFF)
    if ip in _6TO4:
        yield IPv4Address(int(ip) >> 80 & 0xFFFFFFFF)
    if ip in _TEREDO:
        yield IPv4Address(~int(ip) & 0xFFFFFFFF)


def shown(kind: ChannelKind, address: str) -> str:
    """Return what of the address may be shown: "hooks.example.com/…", "a***@contoso.example"."""
    if kind == ChannelKind.EMAIL:
        text = ", ".join(map(_shown_mail, mail_addresses(address)))
    else:
        parts = urlsplit(address)
        text = f"{'http://' if parts.scheme == 'http' else ''}{parts.netloc}/…"
    return text if len(text) <= 200 else text[:199] + "…"


def _shown_mail(address: str) -> str:
    name, _, host = address.rpartition("@")
    return f"{name[:1]}***@{host}"


def masked(text: str, address: str, secret: str = "") -> str:
    """Return a receiver's answer without what it may repeat of the address and the secret."""
    for address_in_text in mail_addresses(address) if "://" not in address else ():
        text = re.sub(re.escape(address_in_text), _shown_mail(address_in_text), text, flags=re.IGNORECASE)
    pieces = {secret, *(_secret_pieces(address) if "://" in address else ())}
    for piece in sorted(pieces, key=len, reverse=True):
        if len(piece) >= SECRET_LENGTH:
            text = text.replace(piece, "…")
    return text


def _secret_pieces(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    yield from (url, parts.path + "?" + parts.query, parts.path, parts.query)
    yield from parts.path.split("/")
    yield from map(unquote, (parts.path, parts.query, *parts.path.split("/")))
    for _, value in parse_qsl(parts.query, keep_blank_values=True):
        yield value
    yield from (pair.partition("=")[2] for pair in parts.query.split("&"))
