"""Real Git servers on loopback, in threads of a test: Git's own program behind HTTP with a password, and behind SSH."""

import base64
import contextlib
import os
import shlex
import socket
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import paramiko

from actors.copies.stores.ssh_transport import fingerprint
from tests.support.copy_stores import StorePlace

TOKEN = "token-of-a-repository"
# No setting of whoever runs the tests counts.
QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}


def git(folder, *words):
    """What Git's own program prints in a repository."""
    command = ["git", "-c", "safe.directory=*", "-C", str(folder), *words]
    done = subprocess.run(command, env=QUIET, check=True, capture_output=True, text=True)
    return done.stdout


def bare(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "--bare", "--quiet", "--initial-branch=main")
    git(folder, "config", "http.receivepack", "true")
    git(folder, "config", "uploadpack.allowFilter", "true")
    return folder


class _Backend(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _serve(self):
        expected = "Basic " + base64.b64encode(f"tenantkeep:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        environment = {
            **QUIET,
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_USER": "tenantkeep",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        told = subprocess.run(["git", "http-backend"], input=self._body(), env=environment, capture_output=True).stdout
        head, _, body = told.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_POST = _serve  # noqa: N815

    def log_message(self, *_):
        pass


@contextmanager
def http_server(root: Path):
    """Yields the store that a repository behind HTTP is."""
    bare(root / "policies.git")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Backend)
    server.root = root
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield StorePlace("git", f"git+http://127.0.0.1:{server.server_port}/policies.git", {"token": TOKEN})
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _OneKey(paramiko.ServerInterface):
    def __init__(self, key):
        self._key = key

    def check_auth_publickey(self, username, key):
        return paramiko.AUTH_SUCCESSFUL if (username, key) == ("git", self._key) else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username):
        return "publickey"

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_env_request(self, channel, name, value):
        return True

    def check_channel_exec_request(self, channel, command):
        threading.Thread(target=_run, args=(channel, command.decode()), daemon=True).start()
        return True


def _run(channel, command):
    """Run one of Git's two commands, and nothing else."""
    # A real server says that it takes a command before the command can end. The answer to this comes after that was
    # sent: without it, a command that fails at once closes the channel first, and its client sees a broken server.
    channel.get_transport().global_request("keepalive@openssh.com")
    program, path = shlex.split(command)
    assert program in {"git-upload-pack", "git-receive-pack"}
    with subprocess.Popen([*program.split("-", 1), path], stdin=-1, stdout=-1, stderr=-1, env=QUIET) as process:

        def feed():
            # A program that has ended takes no more.
            with contextlib.suppress(OSError, ValueError):
                while data := channel.recv(65536):
                    process.stdin.write(data)
                    process.stdin.flush()
                process.stdin.close()

        feeding = threading.Thread(target=feed, daemon=True)
        feeding.start()
        while data := process.stdout.read1(65536):
            channel.sendall(data)
        # As a server's program ends: what it complains of, and the end.
        with contextlib.suppress(OSError, EOFError):
            channel.sendall_stderr(process.stderr.read())
            channel.close()
        feeding.join()


@contextmanager
def ssh_server(root: Path):
    """Yields the store that a repository behind SSH is."""
    repository = bare(root / "policies.git")
    host_key, client = paramiko.ECDSAKey.generate(), paramiko.ECDSAKey.generate()
    listening = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(host_key)
            # With an event it negotiates in its own thread: a client that hangs up ends no more than itself.
            transport.start_server(threading.Event(), _OneKey(client))

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    path = root / "key"
    client.write_private_key_file(str(path))
    key_print = fingerprint(host_key.asbytes()).replace("+", "%2B")
    address = f"git+ssh://git@127.0.0.1:{listening.getsockname()[1]}{repository}?host_key={key_print}"
    try:
        yield StorePlace("git", address, {"private_key": path.read_text()})
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
