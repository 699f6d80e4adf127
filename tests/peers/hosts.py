"""The simulator under Microsoft's own addresses, for clients that know no other.

As in a company whose proxy looks into TLS: HTTPS_PROXY leads to us, and the client trusts our certificate for Graph's
and Entra's hosts. Nothing of the client is touched, and it reaches no other host.
"""

import os
import socket
import ssl
import threading
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from types import SimpleNamespace

from werkzeug.serving import make_server

from graph.simulator.__main__ import Handler
from graph.simulator.app import create_app
from graph.simulator.store.state import State
from tests.support.certificates import self_signed

HOSTS = ("graph.microsoft.com", "login.microsoftonline.com")


@contextmanager
def microsoft(tenants, directory):
    """The simulator with these tenants: its state, its own address with the certificate that it shows, and the
    environment of a process that takes it for Microsoft.
    """
    state = State()
    for tenant in tenants:
        state.add(tenant)
    certificate, key = self_signed(directory, HOSTS)
    server = make_server("127.0.0.1", 0, create_app(state), threaded=True, request_handler=Handler,
                         ssl_context=_context(certificate, key))  # fmt: skip
    proxy = _Proxy(("127.0.0.1", 0), _Tunnel)
    proxy.target = server.server_address
    running = [threading.Thread(target=served.serve_forever, daemon=True) for served in (server, proxy)]
    for thread in running:
        thread.start()
    try:
        yield SimpleNamespace(state=state, url=f"https://127.0.0.1:{server.server_port}", certificate=certificate,
                              environment=_environment(certificate, proxy.server_address[1]))  # fmt: skip
    finally:
        for served in (proxy, server):
            served.shutdown()
            served.server_close()
        for thread in running:
            thread.join()


def _context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _environment(certificate, port):
    """Of requests (and so MSAL) and of httpx (and so Microsoft's SDK)."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    trusted = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), str(certificate))
    return kept | trusted | {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": ""}


class _Proxy(ThreadingTCPServer):
    daemon_threads = True
    target = ("127.0.0.1", 0)


class _Tunnel(StreamRequestHandler):
    """CONNECT host:443, and from then on bytes in both directions."""

    def handle(self):
        method, where, _ = self.rfile.readline().decode("ascii").split(" ", 2)
        while self.rfile.readline().strip():
            pass
        if method != "CONNECT" or where.partition(":")[0] not in HOSTS:
            self.wfile.write(b"HTTP/1.1 403 Not one of Microsoft's hosts\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        with socket.create_connection(self.server.target) as simulator:
            back = threading.Thread(target=_pour, args=(simulator, self.connection), daemon=True)
            back.start()
            _pour(self.connection, simulator)
            back.join()


def _pour(source, drain):
    try:
        while data := source.recv(65536):
            drain.sendall(data)
        drain.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # one side is gone, and so is the other's answer
