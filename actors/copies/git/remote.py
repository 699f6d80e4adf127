"""A branch of a repository somewhere: what its newest commits are, and a commit of ours upon them.

Of a server only the newest commits are fetched, and of them no file where the server can leave files out: they are
never needed. What is fetched lies in a folder that goes with the look.
"""

import binascii
import logging
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

from dulwich import errors, refs
from dulwich.client import GitClient, LocalGitClient
from dulwich.file import FileLocked
from dulwich.gc import maybe_auto_gc
from dulwich.object_store import BaseObjectStore, ObjectStoreGraphWalker
from dulwich.objects import ZERO_SHA, Commit, ObjectID, ShaFile
from dulwich.pack import UnpackedObject, full_unpacked_object
from dulwich.repo import Repo
from urllib3.exceptions import HTTPError

from actors.copies.git import refusals
from actors.copies.git.transports import client_for
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import StoreError, StoreRefused

MAIN = "main"
# More is no history of policies, or a server that never ends.
MAX_FETCHED_BYTES = 8 * 1024**3
# It tells at each fetch which servers cannot leave files out.
logging.getLogger("dulwich.client").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Tip:
    """The newest commits of the branch, with their trees. `commit_id`: None where the branch does not exist yet."""

    objects: BaseObjectStore
    commit_id: ObjectID | None

    @property
    def tree_id(self) -> ObjectID | None:
        commit = self._commit(self.commit_id)
        return commit.tree if commit else None

    def history(self) -> Iterator[Commit]:
        """Yield the commits that are here, the newest first, those of merged branches among them."""
        waiting, seen = [self.commit_id], {self.commit_id}
        while waiting:
            commit = self._commit(waiting.pop(0))
            if commit is not None:
                yield commit
                waiting += [parent for parent in commit.parents if parent not in seen]
                seen.update(commit.parents)

    def _commit(self, commit_id: ObjectID | None) -> Commit | None:
        if commit_id is None or commit_id not in self.objects:
            return None
        found = self.objects[commit_id]
        return found if isinstance(found, Commit) else None


class Remote:
    def __init__(self, address: str, credentials: Mapping[str, str], bytes_per_second: int | None = None) -> None:
        """Find the way there. Raises StoreError. `bytes_per_second`: what is sent to a server goes no faster."""
        branch = parse_qs(urlsplit(address).query).get("branch", [MAIN])[0]
        self._ref = refs.Ref(f"refs/heads/{branch}".encode())
        with explained():
            self._client, self._path = client_for(address, branch, credentials, Pace(bytes_per_second))

    @contextmanager
    def look(self, depth: int) -> Iterator[Tip]:
        """Yield the branch with as many of its newest commits. Raises StoreError."""
        with explained():
            if isinstance(self._client, LocalGitClient):
                with Repo(self._path) as repo:
                    yield Tip(repo.object_store, repo.get_refs().get(self._ref))
            else:
                with TemporaryDirectory(prefix="tenantkeep-git-") as folder, Repo.init_bare(folder) as repo:
                    yield Tip(repo.object_store, self._fetch(self._client, repo, depth))

    def _fetch(self, client: GitClient, repo: Repo, depth: int) -> ObjectID | None:
        file, commit, abort = repo.object_store.add_pack()
        try:
            known = client.fetch_pack(
                self._path,
                lambda found, depth=None: [found[self._ref]] if self._ref in found else [],
                ObjectStoreGraphWalker([], lambda _commit_id: []),
                _bounded(file.write),
                depth=depth,
                ref_prefix=[self._ref],
                filter_spec=b"blob:none",
            ).refs
        except BaseException:
            abort()
            raise
        tip: ObjectID | None = (known or {}).get(self._ref)
        if tip is None:
            abort()
        else:
            commit()
        return tip

    def push(self, tip: Tip, commit: Commit, objects: Mapping[ObjectID, ShaFile]) -> bool:
        """Put the commit upon the tip. Return False where the branch has moved on since. Raises StoreError."""
        sent = {**objects, commit.id: commit}
        before = tip.commit_id or ZERO_SHA

        def update(found: Mapping[refs.Ref, ObjectID]) -> dict[refs.Ref, ObjectID]:
            if found.get(self._ref, ZERO_SHA) != before:
                raise _Moved
            return {self._ref: commit.id}

        def pack(*_: object, **__: object) -> tuple[int, Iterator[UnpackedObject]]:
            return len(sent), (full_unpacked_object(each) for each in sent.values())

        said = _Said()
        with explained(said):
            try:
                sent_there = self._client.send_pack(self._path, update, pack, progress=said)  # type: ignore[arg-type]
            except (_Moved, FileLocked):
                return False
            refusal = (sent_there.ref_status or {}).get(self._ref)
            if refusal is None:
                return True
        if self.tip_id() != tip.commit_id:
            return False
        raise StoreRefused(refusals.sentence_of(refusal, said.text))

    def tip_id(self) -> ObjectID | None:
        with explained():
            found: ObjectID | None = self._client.get_refs(self._path).refs.get(self._ref)  # type: ignore[arg-type]
            return found

    def check_push(self) -> None:
        """Ask to push, and push nothing. Raises StoreError where one may not."""
        with explained():
            self._client.send_pack(self._path, lambda found: dict(found), _nothing)  # type: ignore[arg-type]

    def pack_together(self) -> None:
        """Pack what many pushes left in a folder: a server does it by itself."""
        if isinstance(self._client, LocalGitClient):
            with explained(), Repo(self._path) as repo:
                maybe_auto_gc(repo)

    def close(self) -> None:
        self._client.close()


class _Said:
    """Keeps what a server tells whoever pushes: among how far it is, why it refuses."""

    def __init__(self) -> None:
        self._bytes = b""

    def __call__(self, data: bytes) -> None:
        self._bytes = (self._bytes + data)[-refusals.MAX_TEXT :]

    @property
    def text(self) -> str:
        return self._bytes.decode("utf-8", "replace")


class _Moved(Exception):
    """Somebody else put a commit there."""


def _nothing(*_: object, **__: object) -> tuple[int, Iterator[UnpackedObject]]:
    return 0, iter(())


def _bounded(write: Callable[[bytes], int]) -> Callable[[bytes], int]:
    left = MAX_FETCHED_BYTES

    def bounded(data: bytes) -> int:
        nonlocal left
        left -= len(data)
        if left < 0:
            raise StoreRefused("The newest commits there are too large to be looked at. Give a branch of its own.")
        return write(data)

    return bounded


_GARBLED = (
    errors.ChecksumMismatch, errors.WrongObjectException, errors.ApplyDeltaError, errors.FileFormatException,
    errors.ObjectMissing, ValueError, KeyError, AssertionError, IndexError, TypeError, EOFError, NotImplementedError,
    struct.error, zlib.error, binascii.Error,
)  # fmt: skip


@contextmanager
def explained(said: _Said | None = None) -> Iterator[None]:
    """Turn the client's errors into StoreError, with nothing in it of what was sent or answered.

    `said`: what the server told until then.
    """
    try:
        yield
    except errors.NotGitRepository:
        raise StoreRefused(refusals.NOT_THERE) from None
    except errors.GitProtocolError as e:
        raise _of_protocol(e, said.text if said else "") from None
    except (FileLocked, HTTPError, TimeoutError, ConnectionError):
        raise StoreError("The repository is busy, or the server does not answer.") from None
    except PermissionError:
        raise StoreRefused("The repository cannot be used: this machine's user may not write there.") from None
    except OSError as e:
        reason = (e.strerror or type(e).__name__).lower()
        raise StoreError(f"The repository cannot be used: {reason}. Check its disk, and who may write there.") from None
    except _GARBLED:
        raise StoreError("What answers there is no Git repository, or a damaged one.") from None


def _of_protocol(error: errors.GitProtocolError, said: str) -> StoreError:
    complaints = [line.decode("utf-8", "replace") for line in getattr(error, "stderr_lines", None) or ()]
    sentence = refusals.sentence_of(str(error), said, *complaints)
    if isinstance(error, errors.SendPackError) or sentence != refusals.PLAIN:
        return StoreRefused(sentence)
    return StoreError("The server does not answer as a Git server does, or the connection to it broke.")
