"""A total time limit for each answer. A socket's own timeout begins anew with every byte, so a slow drip of headers or
body would hold a thread for days.
"""

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

# From the last byte of the request to the last of the answer: enough for the largest answer on a poor line.
TOTAL_SECONDS = 180.0


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
    http_adapter = HTTPAdapter()
    http_adapter.poolmanager.pool_classes_by_scheme = _pool_classes(
        TOTAL_SECONDS if total_seconds is None else total_seconds
    )
    return http_adapter


def _pool_classes(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    class Response(HTTPResponse):
        def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
            super().__init__(sock, *arguments, **named)
            self.fp = io.BufferedReader(DeadlineReader(self.fp.detach(), sock, seconds))

    class PlainConnection(HTTPConnection):
        response_class = Response

    class SecureConnection(HTTPSConnection):
        response_class = Response

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainConnection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    return {"http": PlainPool, "https": SecurePool}
