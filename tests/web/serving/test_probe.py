"""What a container's health check says of web: alive, silent, unwell; by address and by socket."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from web.serving import probe


class _Web(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" and self.server.is_well else 500)
        self.end_headers()

    def log_message(self, *_words):
        pass

    def address_string(self):
        return ""


class _OnSocket(HTTPServer):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)


@pytest.mark.parametrize("is_socket", [False, True])
def test_web_is_asked_where_it_listens(tmp_path, is_socket):
    path = str(tmp_path / "web.sock")
    server = _OnSocket(path, _Web) if is_socket else HTTPServer(("127.0.0.1", 0), _Web)
    bind = f"unix:{path}" if is_socket else f"0.0.0.0:{server.server_port}"
    server.is_well = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        assert probe.web_problem(bind) is None
        server.is_well = False
        assert "500" in probe.web_problem(bind)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "does not answer" in probe.web_problem(bind)
