"""Credentials without a secret: what is read, and what is said where nothing can be."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from graph.auth.client_assertions import AUDIENCES, FederatedTokenFile, ManagedIdentity
from graph.auth.clouds import Cloud
from graph.errors import GraphError, redact

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


def test_token_file_is_read_anew_each_time(tmp_path):
    file = tmp_path / "token"
    credential = FederatedTokenFile(str(file))
    for token in (TOKEN, TOKEN + "2"):
        file.write_text(token + "\n")
        assert credential.read() == token
        assert token not in redact(f"it said {token}")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "missing"),
        (b"", "malformed"),
        (b"no token", "malformed"),
        (b"\xff\xfe", "missing"),
        (b"a." * 2 + b"x" * 30000, "malformed"),
    ],
)
def test_token_file_without_a_token_says_which_setting_to_look_at(tmp_path, content, code):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(GraphError, match="TENANTKEEP_FEDERATED_TOKEN_FILE") as refused:
        FederatedTokenFile(str(file)).read()
    assert refused.value.code == f"federated_token_{code}"
    with pytest.raises(GraphError, match="set TENANTKEEP_FEDERATED_TOKEN_FILE"):
        FederatedTokenFile("").read()


@pytest.fixture
def metadata():
    """A metadata service: its answers are set by the test, and what it was asked is kept."""

    class Service(BaseHTTPRequestHandler):
        asked, status, body = [], 200, b"{}"

        def do_GET(self):
            Service.asked.append((urlsplit(self.path), self.headers.get("Metadata")))
            self.send_response(Service.status)
            self.end_headers()
            self.wfile.write(Service.body)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    Service.url = f"http://127.0.0.1:{server.server_port}"
    yield Service
    server.shutdown()
    server.server_close()


def test_managed_identity_is_asked_as_documented(metadata):
    metadata.body = b'{"access_token": "%s", "token_type": "Bearer"}' % TOKEN.encode()
    assert ManagedIdentity(metadata.url, AUDIENCES[Cloud.CHINA], "an id").read() == TOKEN
    [(address, header)] = metadata.asked
    assert (address.path, header) == ("/metadata/identity/oauth2/token", "true")
    assert parse_qs(address.query) == {
        "api-version": ["2018-02-01"],
        "resource": ["api://AzureADTokenExchangeChina"],
        "client_id": ["an id"],
    }
    for status, body, code in (
        (400, b'{"error":"invalid_request","error_description":"Identity not found"}', "identity_missing"),
        (200, b"<html>", "identity_missing"),
        (429, b"", "identity_unreachable"),
        (500, b"", "identity_unreachable"),
    ):
        metadata.status, metadata.body = status, body
        with pytest.raises(GraphError) as refused:
            ManagedIdentity(metadata.url, AUDIENCES[Cloud.GLOBAL]).read()
        assert refused.value.code == code
    with pytest.raises(GraphError, match="no managed identity that answers"):
        ManagedIdentity("http://127.0.0.1:9", AUDIENCES[Cloud.GLOBAL]).read()
