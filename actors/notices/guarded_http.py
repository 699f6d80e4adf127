"""One POST to an address that a person gave: to nothing but that, within ten seconds, and to no network of ours.

The name is resolved once, each address it stands for is looked at, and the connection goes to one of exactly those: a
name that leads elsewhere the second time leads nowhere. No redirect is followed, and nothing of the environment's
(~/.netrc) is sent along.

An installation's proxy is asked for public addresses, after the same look at them. It resolves the name for itself, and
may find another address. But nothing is said before a certificate of that name was shown: of a host in a private
network a stranger's name gets no more than a connection that ends.
"""

import errno
import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Thread
from typing import Any
from urllib.parse import SplitResult, urlsplit

from urllib3.util.ssltransport import SSLTransport

from db.notices import addresses
from db.notices.addresses import IpAddress
from db.notices.deliveries import Refusal
from graph.transport import outbound
from graph.transport.deadline import DeadlineReader
from graph.transport.outbound import Proxy

TOTAL_SECONDS = 10.0
MAX_ANSWER_BYTES = 64 * 1024
# A host with many addresses: as many are tried, within the same ten seconds.
MAX_TRIED = 3

PRIVATE = (
    "The address leads into a private network, which this channel may not reach. An admin can allow that for a channel "
    "of the installation."
)
PLAIN = "Plain http is spoken within private networks only, and the address leads out of them. Give its https address."
UNKNOWN_HOST = "The name of its host could not be resolved."
TOO_SLOW = "There was no answer within {seconds:.0f} seconds."


@dataclass(frozen=True)
class HttpAnswer:
    status: int
    # The beginning of it, as text.
    text: str
    retry_after: str | None


def post(url: str, body: bytes, headers: Mapping[str, str], *, allows_private: bool) -> HttpAnswer:
    """Send the body and return the answer, whatever its status. Raises Refusal, with nothing of the address in it."""
    until = time.monotonic() + TOTAL_SECONDS
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with _reached(parts, port, until, allows_private) as plain, _secured(plain, parts, until) as connection:
            return _exchange(connection, parts, body, headers, until)
    except Refusal:
        raise
    except ssl.SSLCertVerificationError as e:
        reason = e.verify_message.rstrip(".")
        raise Refusal(f"Its certificate is not to be trusted: {reason}. {outbound.INSPECTED}") from None
    except TimeoutError:
        raise Refusal(TOO_SLOW.format(seconds=TOTAL_SECONDS)) from None
    except (OSError, http.client.HTTPException) as e:
        raise Refusal(f"The connection broke: {_reason(e)}.") from None


def _reached(parts: SplitResult, port: int, until: float, allows_private: bool) -> socket.socket:
    """Connect to the host: directly within private networks, else by the proxy where there is one for it."""
    host = str(parts.hostname)
    proxy = outbound.proxy_for(host) if parts.scheme == "https" else None
    found = _resolve(host, port, until)
    # In some networks only the proxy resolves names of outside. A name that we cannot look at goes where a private
    # address may, and no other.
    if not found and not (proxy and allows_private):
        raise Refusal(UNKNOWN_HOST)
    reachable = _checked(parts.scheme, found, allows_private)
    if proxy and not (reachable and all(map(addresses.is_private, reachable))):
        return _connect_by_proxy(proxy, host, port, until)
    try:
        return _connect(reachable, port, until)
    except TimeoutError:
        raise
    except OSError as e:
        raise Refusal(f"It cannot be reached: {_reason(e)}.") from None


def _connect_by_proxy(proxy: Proxy, host: str, port: int, until: float) -> socket.socket:
    """Return a connection to the host that the proxy made. Raises Refusal, which names the proxy without password."""
    parts = urlsplit(proxy.url)
    own_port = parts.port or (443 if parts.scheme == "https" else 80)
    plain = None
    try:
        plain = _connect(_resolve(str(parts.hostname), own_port, until), own_port, until)
        if parts.scheme == "https":
            plain = outbound.tls_context().wrap_socket(plain, server_hostname=parts.hostname)
        status = _ask_for_tunnel(plain, proxy, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", until)
        if status == 200:
            return plain
        reason = outbound.proxy_refusal(status, "its host") or f"The proxy {proxy.shown} gives no answer that is HTTP."
    except TimeoutError:
        reason = f"The proxy {proxy.shown} does not answer in time."
    except OSError as e:
        reason = f"The proxy {proxy.shown} cannot be reached: {_reason(e)}."
    if plain:
        plain.close()
    raise Refusal(reason)


def _ask_for_tunnel(plain: socket.socket, proxy: Proxy, target: str, until: float) -> int:
    """Send CONNECT (RFC 9110, 9.3.6) and return the status of the answer; 0 for none that is HTTP."""
    host = target.encode("ascii")  # db/notices/addresses.py takes no other
    plain.sendall(b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (host, host, outbound.sign_in_line(proxy)))
    head = b""
    while not head.endswith(b"\r\n\r\n") and len(head) < MAX_ANSWER_BYTES:
        plain.settimeout(_left(until))
        # Byte by byte: what follows the header belongs to the host.
        byte = plain.recv(1)
        if not byte:
            return 0
        head += byte
    version, _, rest = head.partition(b" ")
    return int(rest[:3]) if version.startswith(b"HTTP/") and rest[:3].isdigit() else 0


def _resolve(host: str, port: int, until: float) -> list[IpAddress]:
    """Return the addresses of a host, none if there is no such. In a thread: the system's resolver knows no limit."""
    found: list[Any] = []

    def resolve() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as e:
            found.append(e)

    thread = Thread(target=resolve, daemon=True, name="resolve")
    thread.start()
    thread.join(_left(until))
    if not found or isinstance(found[0], OSError):
        return []
    # An address of this link only has its interface behind a %.
    numbers = dict.fromkeys(str(row[4][0]).partition("%")[0] for row in found)
    return [ipaddress.ip_address(number) for number in numbers]


def _checked(scheme: str, found: list[IpAddress], allows_private: bool) -> list[IpAddress]:
    """Refuse a name if anything that it leads to may not be reached: it is nothing that a receiver's name does."""
    if not all(addresses.may_reach(ip, allows_private=allows_private) for ip in found):
        raise Refusal(PRIVATE, is_final=True)
    if scheme != "https" and not all(map(addresses.is_private, found)):
        raise Refusal(PLAIN, is_final=True)
    return found


def _connect(reachable: list[IpAddress], port: int, until: float) -> socket.socket:
    """Connect to the first that answers. Raises the last one's OSError."""
    failure = OSError(errno.EHOSTUNREACH, "no such host")
    for ip in reachable[:MAX_TRIED]:
        # Not `create_connection`, which would ask the resolver again.
        connection = socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET)
        try:
            connection.settimeout(_left(until))
            connection.connect((str(ip), port))
        except OSError as e:
            connection.close()
            failure = e
        else:
            return connection
    raise failure


def _secured(plain: socket.socket, parts: SplitResult, until: float) -> socket.socket:
    if parts.scheme != "https":
        return plain
    plain.settimeout(_left(until))
    context = outbound.tls_context(with_system=True)
    if isinstance(plain, ssl.SSLSocket):  # a proxy that speaks TLS itself: `ssl` has no TLS within TLS
        return SSLTransport(plain, context, str(parts.hostname))  # type: ignore[return-value]
    return context.wrap_socket(plain, server_hostname=parts.hostname)


def _exchange(
    connection: socket.socket, parts: SplitResult, body: bytes, headers: Mapping[str, str], until: float
) -> HttpAnswer:
    client = http.client.HTTPConnection(str(parts.hostname))
    client.sock = connection
    connection.settimeout(_left(until))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    client.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
    fixed = {"Host": parts.netloc, "User-Agent": "Tenantkeep", "Connection": "close", "Content-Length": str(len(body))}
    for name, value in {**headers, **fixed}.items():
        client.putheader(name, value)
    client.endheaders(body)
    with _Answer(connection, until) as answer:
        answer.begin()
        return HttpAnswer(answer.status, _text(answer), answer.getheader("Retry-After"))


class _Answer(http.client.HTTPResponse):
    """An answer whose every byte has to come until then."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        super().__init__(connection, method="POST")
        self.fp = io.BufferedReader(DeadlineReader(self.fp.detach(), connection, _left(until)))


def _text(answer: http.client.HTTPResponse) -> str:
    """Return the beginning of the body. Without a body that comes in time: the status says what became of it."""
    try:
        return answer.read(MAX_ANSWER_BYTES).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return ""


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise Refusal(TOO_SLOW.format(seconds=TOTAL_SECONDS))
    return left


def _reason(error: Exception) -> str:
    """Return the system's words for the error: never the error's own text, which may hold what was sent or answered."""
    if isinstance(error, ssl.SSLError):
        return "the secure connection failed"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the answer was cut short" if isinstance(error, OSError) else "the answer is no HTTP"
