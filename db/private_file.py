"""Files that Tenantkeep writes for somebody: readable by their owner alone, and whole or not there at all."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from db.errors import Invalid

MODE = 0o600
ACCESS_OF_OTHERS = 0o007
# For what libraries and other programs make: logs, SQLite's journals, Redis's files, sockets.
UMASK = 0o077


@contextmanager
def writing(path: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """Yield a file that takes its place when it is whole, and on the disk.

    Raises Invalid when it cannot be written, and, unless forced, when something is there; then what was there stays.
    """
    path = path.resolve()
    try:
        is_new = _reserve_place(path, force)
        try:
            with _temporary_file_beside(path) as out:
                yield out
        except BaseException:
            if is_new and not path.stat().st_size:
                path.unlink()
            raise
    except OSError as e:
        raise Invalid(f"{path} cannot be written: {e.strerror}.") from e


def _reserve_place(path: Path, force: bool) -> bool:
    """Return whether the place was free. Raises Invalid when something is there that may not be written over."""
    try:
        _create_empty(path)
    except FileExistsError as e:
        if not path.is_file():
            raise Invalid(f"{path} is there already, and is no ordinary file. Name another one.") from e
        if not force:
            raise Invalid(f"{path} is there already. Name another file, or add --force to write over it.") from e
        return False
    return True


def _create_empty(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE))


@contextmanager
def _temporary_file_beside(path: Path) -> Iterator[BinaryIO]:
    """Yield a file beside its place until it is whole and on the disk; mkstemp makes it readable by its owner only."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, path)
        _sync_folder(path.parent)
    finally:
        Path(name).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def create_private(path: Path) -> None:
    """Create an empty file for a database or a lock. One that is there is closed to other users from now on."""
    try:
        _create_empty(path)
    except FileExistsError:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & ACCESS_OF_OTHERS:
            path.chmod(mode & ~ACCESS_OF_OTHERS)
    except OSError as e:
        raise Invalid(f"{path} cannot be written: {e.strerror}.") from e
