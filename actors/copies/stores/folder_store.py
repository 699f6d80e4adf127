"""A folder as a store: a mounted share, a disk of its own. It has no lock that we could ask for."""

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from actors.copies.stores.store import (
    FULL,
    LEFT_UNFINISHED_SECONDS,
    NO_ROOM,
    PIECE_BYTES,
    UNFINISHED,
    NotStored,
    StoreBase,
    StoredObject,
    StoreError,
    StoreRefused,
    as_file,
    checksum_of,
)

# Nothing that is put here is empty. A name is taken by an empty file for a moment, where the share knows no links; one
# that is so old was left by somebody who died just then.
LEFT_SECONDS = 10
# What shares answer that cannot sync a folder.
NOT_FOR_FOLDERS = {errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.ENOSYS}


class FolderStore(StoreBase):
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            is_there = folder.is_dir()
        except OSError as e:
            raise _explained(e) from e
        if not is_there:
            raise StoreRefused(f"There is no folder {folder} on this machine. Make it, or mount what is in it.")

    def put(self, name: str, data: bytes | BinaryIO, locked_until: object = None) -> bool:
        path = self._path(name)
        try:
            if _is_written(path):
                return False
            self._make_folder(path.parent)
            return self._write(path, as_file(data))
        except OSError as e:
            raise _explained(e) from e

    def _make_folder(self, folder: Path) -> None:
        """Make a folder below the store's own, which is never made: where it is gone, a share is no longer mounted."""
        if folder != self._folder and not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(exist_ok=True)
            _sync_names(folder.parent)

    def _write(self, path: Path, file: BinaryIO) -> bool:
        """Write beside the name, then take the name: nobody ever sees half a file, and nothing is written over."""
        beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}{UNFINISHED}")
        checksum = checksum_of(file)
        try:
            with beside.open("xb") as out:
                shutil.copyfileobj(file, out, PIECE_BYTES)
                out.flush()
                os.fsync(out.fileno())
            with beside.open("rb") as written:
                if checksum_of(written) != checksum:
                    raise StoreError("The folder does not hold what was written. Check its disk.")
            _free_name(beside, path)
            is_taken = _take_name(beside, path)
            _sync_names(path.parent)
            return is_taken
        finally:
            beside.unlink(missing_ok=True)

    def fetch(self, name: str, out: BinaryIO) -> None:
        try:
            with self._path(name).open("rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    raise NotStored(f"The store has no {name}.")
                shutil.copyfileobj(file, out, PIECE_BYTES)
        except FileNotFoundError as e:
            raise NotStored(f"The store has no {name}.") from e
        except OSError as e:
            raise _explained(e) from e

    def head(self, name: str) -> StoredObject | None:
        path = self._path(name)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                return StoredObject(name, size, checksum_of(file)) if size else None
        except FileNotFoundError:
            return None
        except OSError as e:
            raise _explained(e) from e

    def list(self, prefix: str) -> Iterator[StoredObject]:
        parent = self._path(prefix.rpartition("/")[0]) if "/" in prefix else self._folder
        for path in self._all_paths(parent):
            name = path.relative_to(self._folder).as_posix()
            if name.startswith(prefix) and path.suffix != UNFINISHED and (size := _written_size(path)):
                yield StoredObject(name, size)

    def _all_paths(self, parent: Path) -> Sequence[Path]:
        try:
            return sorted(parent.rglob("*"))
        except OSError as e:
            raise _explained(e) from e

    def delete(self, name: str) -> None:
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as e:
            raise _explained(e) from e

    def sweep(self, folder: str) -> None:
        try:
            parent = self._path(folder)
            left = list(parent.rglob(f"*{UNFINISHED}") if folder else parent.glob(f"*{UNFINISHED}"))
            if not left:
                return
            # By the share's own clock, as it dates files.
            probe = self._path(f"{secrets.token_hex(8)}{UNFINISHED}")
            probe.touch(exist_ok=False)
            oldest = probe.stat().st_mtime - LEFT_UNFINISHED_SECONDS
            probe.unlink()
            for path in left:
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < oldest:
                        path.unlink()
        except OSError as e:
            raise _explained(e) from e

    def _path(self, name: str) -> Path:
        return self._folder.joinpath(*name.split("/"))


def _is_written(path: Path) -> bool:
    return _written_size(path) > 0


def _written_size(path: Path) -> int:
    """Return the size of a file; 0: there is none, also where somebody removed it just now."""
    try:
        told = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as e:
        raise _explained(e) from e
    return told.st_size if stat.S_ISREG(told.st_mode) else 0


def _free_name(beside: Path, path: Path) -> None:
    """Take away the empty file that somebody left who died as they took the name. Both times are the share's own."""
    with contextlib.suppress(FileNotFoundError):
        told = path.stat()
        if not told.st_size and told.st_mtime < beside.stat().st_mtime - LEFT_SECONDS:
            path.unlink()


def _take_name(beside: Path, path: Path) -> bool:
    try:
        # Unlike a renaming, a link fails where the name is taken.
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError:  # some shares know no links
        with contextlib.suppress(FileExistsError):
            path.open("xb").close()
            beside.replace(path)
            return True
        return False
    return True


def _sync_names(folder: Path) -> None:
    """Have the names in a folder outlive a power cut, as their files do: what is put there is on record at once."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as e:
        if e.errno not in NOT_FOR_FOLDERS:
            raise
    finally:
        os.close(number)


def _explained(error: OSError) -> StoreError:
    if error.errno in NO_ROOM:
        return StoreError(FULL)
    reason = (error.strerror or type(error).__name__).lower()
    return StoreError(f"The folder cannot be used: {reason}. Check its disk, and who may write there.")
