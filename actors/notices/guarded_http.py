"""One POST to an address that a person gave: to nothing but that, within ten seconds, and to no network of ours.

The name is resolved once, each address it stands for is looked at, and the connection goes to one of exactly those: a
name that leads elsewhere the second time leads nowhere. No redirect is followed, no proxy asked, and nothing of the
environment's (~/.netrc) is sent along.
"""

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

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from db.notices import addresses
from db.notices.addresses import IpAddress
from db.notices.deliveries import Refusal
from graph.transport.deadline import DeadlineReader

TOTAL_SECONDS = 10.0
MAX_ANSWER_BYTES = 64 * 1024
# A host with many addresses: as many are tried, within the same ten seconds.
MAX_TRIED = 3

PRIVATE = (
    "The address leads into a private network, which this channel may not reach. An admin can allow that for a channel "
    "of the installation."
)
PLAIN = "Plain http is spoken within private networks only, and the address leads out of them. Give its https address."
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
    reachable = _checked(parts.scheme, _resolve(str(parts.hostname), port, until), allows_private)
    try:
        with _connect(reachable, port, until) as plain, _secured(plain, parts, until) as connection:
            return _exchange(connection, parts, body, headers, until)
    except Refusal:
        raise
    except ssl.SSLCertVerificationError as e:
        raise Refusal(f"Its certificate is not to be trusted: {e.verify_message.rstrip('.')}.") from None
    except TimeoutError:
        raise Refusal(TOO_SLOW.format(seconds=TOTAL_SECONDS)) from None
    except (OSError, http.client.HTTPException) as e:
        raise Refusal(f"The connection broke: {_reason(e)}.") from None


def _resolve(host: str, port: int, until: float) -> list[IpAddress]:
    """Return the addresses of a host. In a thread: the system's resolver knows no time limit."""
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
        raise Refusal("The name of its host could not be resolved.")
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
    for ip in reachable[:MAX_TRIED]:
        # Not `create_connection`, which would ask the resolver again.
        connection = socket.socket(socket.AF_INET6 if ip.version == 6 else socket.AF_INET)
        try:
            connection.settimeout(_left(until))
            connection.connect((str(ip), port))
        except OSError as e:
            connection.close()
            failure: OSError = e
        else:
            return connection
    if isinstance(failure, TimeoutError):
        raise failure
    raise Refusal(f"It cannot be reached: {_reason(failure)}.")


def _secured(plain: socket.socket, parts: SplitResult, until: float) -> socket.socket:
    if parts.scheme != "https":
        return plain
    # The system's authorities, an installation's own among them, and those that come with `requests`.
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    plain.settimeout(_left(until))
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
