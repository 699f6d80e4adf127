"""An SFTP server as a store, by paramiko. It has no lock that we could ask for, and no checksums: we read again."""

import contextlib
import hashlib
import posixpath
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import paramiko

from actors.copies.stores import ssh_transport
from actors.copies.stores.ssh_transport import explained
from actors.copies.stores.store import (
    LEFT_UNFINISHED_SECONDS,
    PIECE_BYTES,
    UNFINISHED,
    NotStored,
    StoreBase,
    StoredObject,
    StoreError,
    StoreRefused,
    as_file,
    checksum_of,
    size_of,
)

ANSWER_SECONDS = 60


class SftpStore(StoreBase):
    def __init__(self, address: str, credentials: Mapping[str, str]) -> None:
        self._folder = unquote(urlsplit(address).path) or "."
        self._transport = ssh_transport.signed_in(address, credentials)
        try:
            with explained():
                self._sftp = self._open_sftp()
        except BaseException:
            self._transport.close()
            raise

    def _open_sftp(self) -> paramiko.SFTPClient:
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

    def _rows(self, folder: str) -> Sequence[paramiko.SFTPAttributes]:
        try:
            return sorted(self._sftp.listdir_attr(self._path(folder)), key=lambda row: row.filename)
        except FileNotFoundError:
            return []

    def sweep(self, folder: str) -> None:
        with explained():
            left = list(self._unfinished(folder))
            if not left:
                return
            # By the server's own clock, as it dates files.
            probe = self._path(f"{secrets.token_hex(8)}{UNFINISHED}")
            self._sftp.open(probe, "wbx").close()
            now = self._sftp.stat(probe).st_mtime or 0
            self._sftp.remove(probe)
            for name, written_at in left:
                if written_at < now - LEFT_UNFINISHED_SECONDS:
                    with contextlib.suppress(FileNotFoundError):
                        self._sftp.remove(self._path(name))

    def _unfinished(self, folder: str) -> Iterator[tuple[str, int]]:
        """Yield (name, when it was written last) of what is half written below a folder."""
        for row in self._rows(folder):
            name = posixpath.join(folder, row.filename)
            if stat.S_ISDIR(row.st_mode or 0):
                if folder:
                    yield from self._unfinished(name)
            elif name.endswith(UNFINISHED) and row.st_mtime is not None:
                yield name, row.st_mtime

    def _below(self, folder: str, prefix: str) -> Iterator[StoredObject]:
        for row in self._rows(folder):
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
