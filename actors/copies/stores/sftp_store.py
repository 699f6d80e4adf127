"""An SFTP server as a store, by paramiko. It has no lock that we could ask for, and no checksums: we read again.

The server's key is known before: its fingerprint stands in the address, and no other is spoken to.
"""

import base64
import contextlib
import errno
import hashlib
import io
import posixpath
import secrets
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

import paramiko

from actors.copies.stores import network
from actors.copies.stores.store import (
    PIECE_BYTES,
    NotStored,
    StoreBase,
    StoredObject,
    StoreError,
    StoreRefused,
    as_file,
    checksum_of,
    size_of,
)

UNFINISHED = ".unfinished"
CONNECT_SECONDS, ANSWER_SECONDS = 10, 60


class SftpStore(StoreBase):
    def __init__(self, address: str, credentials: Mapping[str, str]) -> None:
        parts = urlsplit(address)
        self._folder = unquote(parts.path) or "."
        expected = parse_qs(parts.query)["host_key"][0]
        host, port = str(parts.hostname), parts.port or 22
        network.check_host(host, port)
        with explained():
            connection = socket.create_connection((host, port), CONNECT_SECONDS)
            self._transport = paramiko.Transport(connection)
            try:
                self._sftp = self._sign_in(unquote(parts.username or ""), expected, credentials)
            except BaseException:
                self._transport.close()
                raise

    def _sign_in(self, user: str, expected: str, credentials: Mapping[str, str]) -> paramiko.SFTPClient:
        self._transport.start_client(timeout=CONNECT_SECONDS)
        if fingerprint(self._transport.get_remote_server_key().asbytes()) != expected:
            raise StoreRefused("The server shows another host key than the address names. Nothing was said to it.")
        if "private_key" in credentials:
            self._transport.auth_publickey(user, read_key(credentials["private_key"], credentials.get("passphrase")))
        else:
            self._transport.auth_password(user, credentials["password"])
        client = paramiko.SFTPClient.from_transport(self._transport)
        if client is None:
            raise StoreRefused("The server offers no SFTP.")
        client.get_channel().settimeout(ANSWER_SECONDS)
        return client

    def put(self, name: str, data: bytes | BinaryIO, locked_until: object = None) -> bool:
        path, file = self._path(name), as_file(data)
        with explained():
            if self._exists(path):
                return False
            self._make_folders(posixpath.dirname(path))
            beside = f"{path}.{secrets.token_hex(8)}{UNFINISHED}"
            try:
                self._write(beside, file)
                # Unlike posix_rename, the plain one never takes the place of what is there.
                return self._take_name(beside, path)
            finally:
                with contextlib.suppress(OSError):
                    self._sftp.remove(beside)

    def _write(self, path: str, file: BinaryIO) -> None:
        checksum, size = checksum_of(file), size_of(file)
        with self._sftp.open(path, "wbx") as out:
            out.set_pipelined(True)
            while piece := file.read(PIECE_BYTES):
                out.write(piece)
        if self._sftp.stat(path).st_size != size or self._checksum(path) != checksum:
            raise StoreError("The server does not hold what was written. Check its disk.")

    def _take_name(self, beside: str, path: str) -> bool:
        try:
            self._sftp.rename(beside, path)
        except OSError:
            if self._exists(path):
                return False
            raise
        return True

    def fetch(self, name: str, out: BinaryIO) -> None:
        with explained(), self._opened(self._path(name), name) as file:
            while piece := file.read(PIECE_BYTES):
                out.write(piece)

    def head(self, name: str) -> StoredObject | None:
        path = self._path(name)
        with explained():
            if not self._exists(path):
                return None
            return StoredObject(name, self._sftp.stat(path).st_size or 0, self._checksum(path))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with explained():
            yield from self._below(prefix.rpartition("/")[0], prefix)

    def _below(self, folder: str, prefix: str) -> Iterator[StoredObject]:
        try:
            rows = sorted(self._sftp.listdir_attr(self._path(folder)), key=lambda row: row.filename)
        except FileNotFoundError:
            return
        for row in rows:
            name = posixpath.join(folder, row.filename)
            if stat.S_ISDIR(row.st_mode or 0):
                if name.startswith(prefix) or prefix.startswith(f"{name}/"):
                    yield from self._below(name, prefix)
            elif name.startswith(prefix) and not name.endswith(UNFINISHED):
                yield StoredObject(name, row.st_size or 0)

    def delete(self, name: str) -> None:
        with explained(), contextlib.suppress(FileNotFoundError):
            self._sftp.remove(self._path(name))

    def close(self) -> None:
        self._transport.close()

    def _checksum(self, path: str) -> str:
        """Return the SHA-256 of what is there: read again, since servers tell none."""
        digest = hashlib.sha256()
        with self._sftp.open(path, "rb") as file:
            file.prefetch()
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
        return digest.hexdigest()

    @contextmanager
    def _opened(self, path: str, name: str) -> Iterator[Any]:
        try:
            file = self._sftp.open(path, "rb")
        except FileNotFoundError as e:
            raise NotStored(f"The store has no {name}.") from e
        with file:
            file.prefetch()
            yield file

    def _exists(self, path: str) -> bool:
        try:
            self._sftp.stat(path)
        except FileNotFoundError:
            return False
        return True

    def _make_folders(self, folder: str) -> None:
        if folder in {"", "/", "."} or self._exists(folder):
            return
        self._make_folders(posixpath.dirname(folder))
        try:
            self._sftp.mkdir(folder)
        except OSError:
            if not self._exists(folder):  # another may have made it since
                raise

    def _path(self, name: str) -> str:
        return posixpath.join(self._folder, name)


def fingerprint(key: bytes) -> str:
    """Return a host key's fingerprint as OpenSSH prints it: SHA256 and base64 without its end."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def read_key(text: str, passphrase: str | None) -> paramiko.PKey:
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(text), passphrase)
        except (paramiko.SSHException, ValueError, IndexError):
            continue
    raise StoreRefused("The private key cannot be read: an OpenSSH key (Ed25519, ECDSA, RSA), and its passphrase.")


FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def explained() -> Iterator[None]:
    """Turn the client's errors into StoreError, with nothing in it of what was sent or answered."""
    try:
        yield
    except StoreError:
        raise
    except paramiko.AuthenticationException:
        raise StoreRefused("The server does not let this user in: check user, and password or key.") from None
    except (paramiko.SSHException, EOFError, TimeoutError, ConnectionError):
        raise StoreError("The connection to the server broke, or it does not answer.") from None
    except PermissionError:
        raise StoreRefused("The server refuses: the user may not write there.") from None
    except OSError as e:
        reason = "its disk is full" if e.errno in FULL else "it refuses"
        raise StoreError(f"The server did not do it: {reason}. Check its disk, and the user's rights.") from None
