"""A total time limit for each answer. A socket's own timeout begins anew with every byte, so a slow drip of headers or
body would hold a thread for days.
"""

import io
import socket
import time
from functools import cache
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from graph.transport import outbound

# From the last byte of the request to the last of the answer: enough for the largest answer on a poor line.
TOTAL_SECONDS = 180.0
# What was sent and not acknowledged for so long is given up by the system too, which would send it again and again, a
# quarter of an hour long, for a while even when we have hung up (RFC 9293, 3.10.4 and 3.8.3; Linux: tcp(7),
# TCP_USER_TIMEOUT). A create that arrives when the line is back would be there twice, if another worker has found
# meanwhile that it never came, and made it anew: so this is shorter than TENANTKEEP_SETTLE_SECONDS.
UNACKNOWLEDGED_SECONDS = 30


class DeadlineReader(io.RawIOBase):
    """Reads from the socket through `raw`; no wait goes beyond the deadline."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, seconds: float) -> None:
        super().__init__()
        self._raw, self._connection = raw, connection
        self._longest_wait, self._until = connection.gettimeout(), time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long as a whole")
        self._connection.settimeout(left if self._longest_wait is None else min(left, self._longest_wait))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def adapter(total_seconds: float | None = None) -> HTTPAdapter:
    """Return an adapter for a session's `mount`. `total_seconds` is TOTAL_SECONDS unless given."""
    return _Adapter(TOTAL_SECONDS if total_seconds is None else total_seconds)


class _Adapter(HTTPAdapter):
    """Sends by the proxy where there is one, with the same deadline, and believes whom `outbound` believes."""

    def __init__(self, seconds: float) -> None:
        self._pool_classes = _pool_classes(seconds)
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(
            *arguments, ssl_context=outbound.tls_context(), socket_options=_socket_options(), **named
        )
        self.poolmanager.pool_classes_by_scheme = self._pool_classes

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        context = outbound.tls_context()
        manager = super().proxy_manager_for(
            proxy, ssl_context=context, proxy_ssl_context=context, socket_options=_socket_options(), **named
        )
        manager.pool_classes_by_scheme = self._pool_classes
        return manager

    def cert_verify(self, conn: Any, *_others: Any) -> None:
        # What is believed stands in the context; `requests` would have its own file read anew for each connection.
        conn.cert_reqs, conn.ca_certs = "CERT_REQUIRED", None

    def send(self, request: Any, **named: Any) -> Any:  # type: ignore[override]
        proxy = outbound.proxy_for(str(urlsplit(request.url).hostname))
        return super().send(request, **{**named, "proxies": {"all": proxy.url} if proxy else {}})


def _socket_options() -> list[tuple[int, int, int]]:
    given_up = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux has it
    more = [(socket.IPPROTO_TCP, given_up, UNACKNOWLEDGED_SECONDS * 1000)] if given_up else []
    return [*HTTPConnection.default_socket_options, *more]


@cache
def _pool_classes(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    class Response(HTTPResponse):
        def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
            super().__init__(sock, *arguments, **named)
            self.fp = io.BufferedReader(DeadlineReader(self.fp.detach(), sock, seconds))

        def _read_status(self) -> Any:
            try:
                return super()._read_status()  # type: ignore[misc]
            except BaseException:
                # http.client forgets the answer to a CONNECT, which keeps the socket open until garbage is collected.
                self.close()
                raise

    class PlainConnection(HTTPConnection):
        response_class = Response

    class SecureConnection(HTTPSConnection):
        response_class = Response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": PlainPool, "https": SecurePool}


def new_session() -> requests.Session:
    """Return a session that takes neither a proxy's password nor another CA from the environment behind our back."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter())
    return session
