"""Receivers on this machine: HTTPS servers and mail servers with a certificate that only these tests trust."""

import socket
import ssl
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from pytest_httpserver import HTTPServer

from actors.notices.outgoing import Outgoing
from actors.notices.words import Message
from db.states import Severity
from graph.transport import outbound
from graph.transport.outbound import Proxy
from tests.support.certificates import self_signed

# A name that leads to this machine where a test says so, and nowhere otherwise.
HOST = "hooks.example.com"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """The certificate's files, for 127.0.0.1 and HOST."""
    pem, key = self_signed(tmp_path_factory.mktemp("certificate"), [HOST])
    return SimpleNamespace(pem=pem, key=key)


@pytest.fixture(scope="session")
def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.pem, certificate.key)
    return context


@pytest.fixture
def trusted(certificate):
    """Let this process trust the certificate, as an installation does that names its authority."""
    outbound.use(Proxy(), str(certificate.pem))
    yield
    outbound.use(Proxy())


@pytest.fixture(scope="session")
def _https(server_context):
    server = HTTPServer(host="127.0.0.1", port=0, ssl_context=server_context)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def receiver(_https, trusted):
    """A real HTTPS server whose answers a test sets."""
    _https.clear()
    return _https


@pytest.fixture
def raw_server():
    """raw_server(pieces, pause=0, speaks_first=False): a plain server that says these bytes; (port, requests)."""
    stop, listening = threading.Event(), []

    def serve(listener, pieces, pause, requests, speaks_first):
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                requests.append(b"" if speaks_first else connection.recv(65536))
                for piece in pieces:
                    try:
                        connection.sendall(piece)
                    except OSError:
                        break
                    if stop.wait(pause):
                        break

    def start(pieces, pause=0, speaks_first=False):
        listener = socket.create_server(("127.0.0.1", 0))
        listening.append(listener)
        requests = []
        threading.Thread(target=serve, args=(listener, pieces, pause, requests, speaks_first), daemon=True).start()
        return listener.getsockname()[1], requests

    yield start
    stop.set()
    for listener in listening:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def resolving(monkeypatch, *answers):
    """Let each question for a name's addresses get the next answer, a list of numbers; yields the names asked for."""
    asked, real = [], socket.getaddrinfo

    def getaddrinfo(host, port, *args, **named):
        if host == "127.0.0.1":
            return real(host, port, *args, **named)
        numbers = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers]

    with monkeypatch.context() as patched:
        patched.setattr("actors.notices.guarded_http.socket.getaddrinfo", getaddrinfo)
        yield asked


@pytest.fixture
def message():
    return Message(
        "Contoso: “Require MFA <script>” changed",
        (
            "State: on → off",
            "By anna@contoso.example, 03:12 UTC",
            "[click](https://evil.example) <!channel>",
        ),
        "https://tenantkeep.example.com/changes/7",
        Severity.HIGH,
        (("Tenant", "Contoso & Co"), ("Severity", "high")),
    )


@pytest.fixture
def outgoing(message):
    """outgoing(address, …): the message, to that address."""

    def make(address, secret="", message=message, allows_private=True):
        return Outgoing("0f6c1c1e-6a55-4f0e-9d38-1c1d1f8e2a10", None, message, address, secret, allows_private)

    return make
