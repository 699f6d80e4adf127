"""Asks the web process of this machine whether it answers, as a health check without curl does."""

import http.client
import socket

TIMEOUT_SECONDS = 5.0
# What listens everywhere is asked on loopback.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104 - nothing is bound here


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def web_problem(bind: str) -> str | None:
    """Return why web at that address (host:port or unix:/path) is not alive, or None."""
    connection = _connection(bind)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as e:
        return f"Web does not answer at {bind}: {e or type(e).__name__}"
    finally:
        connection.close()
    return None if status == http.HTTPStatus.OK else f"Web answers {status} at {bind}"


def _connection(bind: str) -> http.client.HTTPConnection:
    if bind.startswith("unix:"):
        return _UnixConnection(bind.removeprefix("unix:"))
    host, _, port = bind.rpartition(":")
    return http.client.HTTPConnection(_EVERYWHERE.get(host, host.strip("[]")), int(port), timeout=TIMEOUT_SECONDS)
