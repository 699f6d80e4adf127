"""The way out: the proxy that requests leave by, whose certificates are believed, and why a request did not arrive.

Each process says it once, when it starts. Nothing of this is taken from the environment: a proxy that somebody set for
another program would see who we are, and a CA of theirs could read along.
"""

import ipaddress
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

import requests
from requests.auth import _basic_auth_str
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_auth_from_url
from urllib3.exceptions import ProxyError, ReadTimeoutError

INSPECTED = "Does a proxy inspect TLS here? Then name the file of its CA in TENANTKEEP_CA_BUNDLE."

_REFUSED_TUNNEL = re.compile(r"(?:Tunnel connection failed): ([0-9]{3})")


@dataclass(frozen=True)
class Proxy:
    """`direct_hosts`: names, with all names below them, and networks that are reached without it."""

    url: str = field(default="", repr=False)
    direct_hosts: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Return its host and port, without user and password."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def serves(self, host: str) -> bool:
        """Tell whether a host is reached by the proxy; this machine and its metadata service never are."""
        return bool(self.url) and not _is_local(host) and not any(_covers(each, host) for each in self.direct_hosts)


_proxy, _ca_file = Proxy(), ""


def use(proxy: Proxy, ca_file: str = "") -> None:
    """Let all that leaves from now on leave so. `ca_file`: PEM, believed beside the usual authorities."""
    global _proxy, _ca_file
    _proxy, _ca_file = proxy, ca_file
    tls_context.cache_clear()


def ca_file() -> str:
    """Return the file of authorities that are believed beside the usual ones; "" for none."""
    return _ca_file


def sign_in_line(proxy: Proxy) -> bytes:
    """Return the line of a header by which we sign in at the proxy; b"" where it asks for nobody."""
    user, password = get_auth_from_url(proxy.url)
    signed = _basic_auth_str(user, password).encode()
    return b"Proxy-Authorization: %b\r\n" % signed if user else b""


def proxy_for(host: str) -> Proxy | None:
    return _proxy if _proxy.serves(host) else None


@cache
def tls_context(*, with_system: bool = False) -> ssl.SSLContext:
    """Return the context of our TLS connections: Mozilla's authorities, as `requests` brings them, and the CA bundle.

    `with_system`: those that this machine believes too, for receivers in a company's own network.
    """
    context = ssl.create_default_context(cafile=None if with_system else DEFAULT_CA_BUNDLE_PATH)
    if with_system:
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if _ca_file:
        context.load_verify_locations(_ca_file)
        # From Python 3.13 on a CA has to be as RFC 5280 wants it (docs.python.org: ssl.create_default_context). Those
        # of proxies that inspect TLS often are not, and an admin has named this one.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _is_local(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_link_local
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _covers(direct: str, host: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(direct, strict=False)
    except ValueError:
        name = direct.lstrip(".").lower()
        return host.lower() == name or host.lower().endswith(f".{name}")


def explain(error: BaseException, service: str) -> tuple[str, str] | None:
    """Return (code, sentence) where the proxy or a certificate keeps us from a service; None where neither does."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = cause.verify_message.rstrip(".")
            return "certificate", f"The certificate of {service} is not to be trusted: {reason}. {INSPECTED}"
    if not any(map(_is_of_proxy, causes)):
        return None
    texts = " ".join(map(str, causes))
    return "proxy", proxy_refusal(_status_in(texts), service) or (
        f"The proxy {_proxy.shown} does not answer in time. Check TENANTKEEP_PROXY_URL, and the proxy."
        if any(isinstance(cause, TimeoutError | requests.Timeout) for cause in causes) or "timed out" in texts
        else f"The proxy {_proxy.shown} cannot be reached, or hangs up. Check TENANTKEEP_PROXY_URL, and the proxy."
    )


def _is_of_proxy(cause: BaseException) -> bool:
    """Tell whether an error is about the way to the proxy and through it: of silence there, urllib3 has its address."""
    if isinstance(cause, ReadTimeoutError):
        return urlsplit(str(cause.url)).netloc == urlsplit(_proxy.url).netloc != ""
    return isinstance(cause, requests.exceptions.ProxyError | ProxyError)


def proxy_refusal(status: int, service: str) -> str:
    """Return what a proxy's answer to CONNECT says; "" for none that we know."""
    if status == 407:
        return f"The proxy {_proxy.shown} asks for another user or password. Check TENANTKEEP_PROXY_URL."
    if 400 <= status < 500:
        return f"The proxy {_proxy.shown} refuses the way to {service} ({status}). Let it allow that host."
    return f"The proxy {_proxy.shown} does not reach {service} ({status})." if status >= 500 else ""


def _status_in(text: str) -> int:
    """Return the status in the words of http.client, which raises an OSError of nothing else; 0 for none."""
    found = _REFUSED_TUNNEL.search(text)
    return int(found[1]) if found else 0


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and all that it was made of: each library wraps the one below in a way of its own."""
    seen: set[int] = set()
    pending = [error]
    while pending:
        cause = pending.pop()
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
