"""The interface of a store: named objects that are written once, and locked until a date where the store can.

Names are paths below the store's prefix, with `/` between. Dates are naive UTC, as everywhere.
"""

import base64
import errno
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, BinaryIO, Protocol, cast

PIECE_BYTES = 1024 * 1024
# What is written beside its name ends so. Whoever writes at it writes more often than once in so many seconds.
UNFINISHED = ".unfinished"
LEFT_UNFINISHED_SECONDS = 24 * 3600
# What a system answers that has no room left, and the sentence for it.
NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
FULL = "The store is full. Make room there, or raise its quota: what waits is pushed then."


class StoreError(Exception):
    """A store refused, or did not answer. `sentence` says what to do, and holds nothing secret."""

    # Another attempt may help: the network, a full store, a store that is busy.
    is_passing = True

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class StoreRefused(StoreError):
    """The store will refuse the next time as well, until somebody changes something."""

    is_passing = False


class NotStored(StoreRefused):
    """There is no object of that name."""


class StillLocked(StoreRefused):
    """The store keeps the object: its lock has not run out."""


class StoreDamaged(StoreRefused):
    """Something in the store is missing, or not what was pushed: somebody was there, or a disk fails."""


class Archived(StoreRefused):
    """The object is there, and was moved to where nobody reads it at once: a rule of the store's own did it."""


# Writes one version of an object to a file. Raises StoreError.
Write = Callable[[BinaryIO], None]


@dataclass(frozen=True)
class StoredObject:
    name: str
    size: int
    # SHA-256 in hex, as the store itself says it; None where it says none.
    checksum: str | None = None
    locked_until: datetime | None = None


class Store(Protocol):
    """The acts that every kind of store has. Each raises StoreError."""

    # Whether it can lock at all, and how many of its calls may go on at a time.
    can_lock: bool
    parallel: int

    def put(self, name: str, data: bytes | BinaryIO, locked_until: datetime | None = None) -> bool:
        """Write the object, with its lock, and have the store check what arrived. False: the name was taken."""

    def put_over(self, name: str, data: bytes | BinaryIO, locked_until: datetime) -> None:
        """Write the object over what has its name, which stays as an older version: only for stores that lock."""

    def fetch(self, name: str, out: BinaryIO) -> None:
        """Write the object to `out`: the newest version that was not deleted. Raises NotStored."""

    def get(self, name: str) -> bytes:
        """Return the object. Raises NotStored."""

    def versions(self, name: str) -> Iterator[Write]:
        """Yield what writes each version of the object, also what a deletion only hides, the oldest first.

        Names are written once: the oldest is what was pushed, whatever somebody put over it.
        """

    def head(self, name: str) -> StoredObject | None:
        """Return what the store says of the object; None where there is none."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects whose names begin so, by name. Their checksums and locks are not looked up."""

    def all_names(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin so, by name; also of objects that a deletion only hides."""

    def lock_of(self, name: str) -> datetime | None:
        """Return until when nobody can delete the object; None where nothing locks it. Raises NotStored."""

    def extend_lock(self, name: str, until: datetime) -> None:
        """Lock the object at least until then. Raises StoreRefused where the store cannot."""

    def delete(self, name: str) -> None:
        """Delete the object with all its versions; nothing happens where there is none. Raises StillLocked."""

    def sweep(self, folder: str) -> None:
        """Remove what was half written below a folder by somebody who died; "" is of the first folder alone."""

    def uncover(self, name: str) -> bool:
        """Take away what only hides the object. Return whether it is there now."""

    def close(self) -> None:
        """Let go of connections."""


class StoreBase:
    """Parts that the kinds of stores have in common."""

    can_lock, parallel = False, 1

    def put_over(self, name: str, data: bytes | BinaryIO, locked_until: datetime) -> None:
        raise StoreRefused("This kind of store keeps no versions.")

    def fetch(self, name: str, out: BinaryIO) -> None:
        raise NotImplementedError

    def get(self, name: str) -> bytes:
        out = BytesIO()
        self.fetch(name, out)
        return out.getvalue()

    def versions(self, name: str) -> Iterator[Write]:
        yield lambda out: self.fetch(name, out)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        raise NotImplementedError

    def all_names(self, prefix: str) -> Iterator[str]:
        for stored in self.list(prefix):
            yield stored.name

    def lock_of(self, name: str) -> datetime | None:
        return None

    def extend_lock(self, name: str, until: datetime) -> None:
        # A store refuses to lock for less time than it does, as where days were taken from what copies are kept for.
        locked_until = self.lock_of(name)
        if locked_until is None or locked_until < until:
            self._lock(name, until)

    def _lock(self, name: str, until: datetime) -> None:
        raise StoreRefused("This kind of store cannot lock what it keeps.")

    def sweep(self, folder: str) -> None:
        """Do nothing: the service takes away by itself what was not sent to its end."""

    def uncover(self, name: str) -> bool:
        return self.head(name) is not None

    def head(self, name: str) -> StoredObject | None:
        raise NotImplementedError

    def close(self) -> None:
        """Do nothing: there is no connection."""


def delete_unless_locked(store: Store, name: str) -> bool:
    """Delete an object. Return False while the store locks it: another day tries again."""
    try:
        store.delete(name)
    except StillLocked:
        return False
    except NotStored:
        return True
    return True


class TooLarge(Exception):
    """Whoever may write to a store could put there what no memory, or no disk, holds."""


class Bound:
    """Writes to a file up to its bound, and not a byte more. Raises TooLarge."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._left = file, most

    def write(self, data: Any) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge
        return self._file.write(data)


def read_each(versions: Iterable[Write], most: int) -> Iterator[bytes]:
    """Yield what each of these writes; nothing for one that is not there, or has more bytes than `most`."""
    for write in versions:
        out = BytesIO()
        try:
            write(cast(BinaryIO, Bound(out, most)))
        except (NotStored, TooLarge):
            continue
        yield out.getvalue()


def as_file(data: bytes | BinaryIO) -> BinaryIO:
    return BytesIO(data) if isinstance(data, bytes) else data


def size_of(file: BinaryIO) -> int:
    """Return how many bytes the file has, and go back to its beginning."""
    size = file.seek(0, 2)
    file.seek(0)
    return size


def checksum_of(file: BinaryIO) -> str:
    """Return the SHA-256 of a file in hex, and go back to its beginning."""
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    file.seek(0)
    return digest


def in_base64(checksum: str) -> str:
    return base64.b64encode(bytes.fromhex(checksum)).decode()


def in_hex(checksum: str) -> str:
    return base64.b64decode(checksum).hex()
