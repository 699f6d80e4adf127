"""A relay that ends TLS before a server on this machine, as managed offers of Redis have it."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def tls_relay(context: ssl.SSLContext, leads_to: int) -> Iterator[int]:
    """Yield the port of a relay that passes everything on, in the clear, to another port."""
    kept: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                kept.append(client)
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            secured = context.wrap_socket(client, server_side=True)
            kept.append(secured)
            server = socket.create_connection(("127.0.0.1", leads_to))
            kept.append(server)
            threading.Thread(target=copy, args=(secured, server), daemon=True).start()
            copy(server, secured)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        for each in (listener, *kept):
            each.close()


def copy(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes until one side hangs up, and hang up on both."""
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
