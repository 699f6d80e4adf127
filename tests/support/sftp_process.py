"""An SFTP server on loopback for one user: `python -m tests.support.sftp_process DIRECTORY` prints how to reach it."""

import json
import os
import secrets
import socket
import sys
import threading
from pathlib import Path

import paramiko

from actors.copies.stores.ssh_transport import fingerprint

PASSWORD = secrets.token_hex(8)


class OneUser(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        is_known = (username, password) == ("keeper", PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if is_known else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username):
        return "password"


class Handle(paramiko.SFTPHandle):
    def __init__(self, file, flags):
        super().__init__(flags)
        self.readfile = self.writefile = file

    def stat(self):
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


class Files(paramiko.SFTPServerInterface):
    """A folder, as OpenSSH's server shows one: an error is the system's own, and a rename takes no name."""

    root = Path()

    def _path(self, name):
        return str(self.root) + self.canonicalize(name)

    def _act(self, act):
        try:
            return act()
        except OSError as e:
            return paramiko.SFTPServer.convert_errno(e.errno)

    def open(self, path, flags, attr):
        def act():
            handle = os.open(self._path(path), flags, 0o600)
            return Handle(
                os.fdopen(handle, "rb" if flags & 3 == os.O_RDONLY else "wb" if flags & 3 == 1 else "r+b"), flags
            )

        return self._act(act)

    def list_folder(self, path):
        folder = self._path(path)
        return self._act(lambda: [self._told(os.path.join(folder, name), name) for name in os.listdir(folder)])

    def _told(self, path, name):
        return paramiko.SFTPAttributes.from_stat(os.stat(path), name)

    def stat(self, path):
        return self._act(lambda: paramiko.SFTPAttributes.from_stat(os.stat(self._path(path))))

    lstat = stat

    def remove(self, path):
        return self._act(lambda: os.remove(self._path(path)) or paramiko.SFTP_OK)

    def rename(self, oldpath, newpath):
        def act():
            os.link(self._path(oldpath), self._path(newpath))
            os.remove(self._path(oldpath))
            return paramiko.SFTP_OK

        return self._act(act)

    def mkdir(self, path, attr):
        return self._act(lambda: os.mkdir(self._path(path)) or paramiko.SFTP_OK)


def serve(directory):
    key = paramiko.RSAKey.generate(2048)
    Files.root = Path(directory) / "files"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told = {"port": listening.getsockname()[1], "host_key": fingerprint(key.asbytes()), "password": PASSWORD}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_serve_one, args=(connection, key), daemon=True).start()


def _serve_one(connection, key):
    transport = paramiko.Transport(connection)
    transport.add_server_key(key)
    transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Files)
    try:
        transport.start_server(server=OneUser())
        transport.join()
    except (paramiko.SSHException, EOFError):
        transport.close()


if __name__ == "__main__":
    serve(sys.argv[1])
