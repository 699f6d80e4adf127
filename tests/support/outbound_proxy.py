"""An HTTP proxy as companies have them: CONNECT with a Basic sign-in; it may refuse, be silent, break, inspect TLS."""

import base64
import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass, field

USER, PASSWORD = "tenantkeep", "p@ss:word/with#signs"
QUOTED = "p%40ss%3Aword%2Fwith%23signs"


@dataclass
class Behaviour:
    """`status`: what CONNECT is refused with. `breaks_after`: bytes of an answer after which the line is cut."""

    status: int = 0
    is_silent: bool = False
    breaks_after: int | None = None


@dataclass
class OutboundProxy:
    """`leads_to`: the port on this machine that each host is found at. `own_tls`: the TLS of the proxy itself.

    `inspects`: host -> the TLS context that is shown for it; what comes is then passed on in the clear.
    """

    leads_to: dict[str, int]
    inspects: dict[str, ssl.SSLContext] = field(default_factory=dict)
    own_tls: ssl.SSLContext | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    asked: list[str] = field(default_factory=list)

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open, self._is_over = [self._listener], False
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._is_over = True
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def url(self, user=USER, password=QUOTED):
        return f"http{'s' if self.own_tls else ''}://{user}:{password}@127.0.0.1:{self.port}"

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self._listener.accept()[:1], daemon=True).start()

    def _keep(self, connection):
        """Return the connection, to be closed with the proxy."""
        self._open.append(connection)
        if self._is_over:
            connection.close()
        return connection

    def _serve(self, client):
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            self._keep(client)
            self._tunnel(self._keep(self.own_tls.wrap_socket(client, server_side=True)) if self.own_tls else client)
        client.close()

    def _tunnel(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = client.recv(1)
            if not byte:
                return
            head += byte
        target = head.split(b" ")[1].decode()
        self.asked.append(target)
        if self.behaviour.is_silent:
            client.recv(1)  # until the other side has had enough
            return
        expected = b"Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode())
        status = self.behaviour.status or (200 if expected in head else 407)
        client.sendall(f"HTTP/1.1 {status} Said by the proxy\r\n\r\n".encode())
        host = target.rpartition(":")[0].strip("[]")
        if status == 200:
            upstream = self._keep(socket.create_connection(("127.0.0.1", self.leads_to[host])))
            self._pass_on(client, upstream, host)

    def _pass_on(self, client, upstream, host):
        if host in self.inspects:
            client = self._keep(
                self.inspects[host].wrap_socket(client, server_side=True, do_handshake_on_connect=False)
            )
            client.do_handshake()
        threading.Thread(target=_copy, args=(client, upstream), daemon=True).start()
        _copy(upstream, client, self.behaviour.breaks_after)


def _copy(source, target, limit=None):
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65536):
            target.sendall(data[:limit])
            if limit is not None and (limit := limit - len(data)) <= 0:
                break
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
