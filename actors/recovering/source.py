"""A store of copies as somebody reads it who has a recovery key and nothing else: what is not proved is not taken.

Names are written once. Where a store keeps versions, whoever wrote over a name or deleted it hid the true one: each
version is tried, the oldest first, and the names of hidden ones are listed.
"""

import gzip
import hashlib
import itertools
import json
import shutil
import tempfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from actors.copies import layout, signed_notes
from actors.copies.stores.store import Archived, Bound, NotStored, Store, TooLarge, Write, checksum_of, read_each
from db.copies.signer import is_signed
from db.errors import Invalid
from db.installation import age_file

MAX_CONTENT_BYTES = 256 * 1024 * 1024
NEWER = "The store was made by a newer Tenantkeep than this one. Update this one first."


class Unproved(Exception):
    """An object is missing, or not what was pushed. Its text says which, and why."""


class NotAsPushed(Unproved):
    """A content is there, and has no digest that anybody told of."""


@dataclass(frozen=True)
class FirstFile:
    format: object
    installation: str
    signer: str
    recipients: Sequence[str]


@dataclass(frozen=True)
class StateAbout:
    """Facts that are signed about a state: its size, and the states of later names that it came after."""

    size: int
    overtaken: Collection[str]


@dataclass(frozen=True)
class SetPlace:
    directory_id: str
    number: int
    path: str


class CopySource:
    def __init__(self, store: Store, identities: Sequence[object], signer: str | None = None) -> None:
        """Read the first file. `signer`: the key that somebody wrote down; else the file is believed.

        Raises Invalid when this is no store of copies.
        """
        self._store, self._identities = store, list(identities)
        self.first = self._read_first(signer)
        self.parallel = store.parallel

    def _read_first(self, signer: str | None) -> FirstFile:
        told = [first for data in self._versions(layout.FIRST_FILE) if (first := _parse_first(data))]
        # Whoever may write there could put one of another format over it, so that nobody reads any.
        found = [first for first in told if first.format == layout.FORMAT]
        if not found:
            if told:
                raise Invalid(NEWER)
            raise Invalid("This is no store of Tenantkeep's copies: tenantkeep-copies.json is missing or damaged.")
        if signer is None:
            return found[0]
        for first in found:
            if first.signer == signer.strip():
                return first
        raise Invalid("The store was signed by another installation than the one whose signer you gave.")

    # --- what is there ------------------------------------------------------------------------------------------------

    def states(self) -> list[tuple[datetime, str]]:
        """Return (time, name) of the states, the newest first."""
        found = []
        for name in self._store.all_names(layout.STATES):
            try:
                at = datetime.strptime(name, f"{layout.STATES}%Y%m%dT%H%M%SZ.age").replace(tzinfo=UTC)
            except ValueError:
                continue
            found.append((at.replace(tzinfo=None), name))
        return sorted(found, reverse=True)

    def sets(self) -> list[SetPlace]:
        """Return the sets that have a manifest, the newest first."""
        told = [(layout.set_in(name), name) for name in self._store.all_names(layout.SETS)]
        found = [SetPlace(*its_set, name) for its_set, name in told if its_set is not None]
        return sorted(found, key=lambda place: place.number, reverse=True)

    def erased(self) -> dict[str, datetime]:
        """Return directory id -> since when somebody had its copies deleted, as signed notes tell, the last time."""
        return signed_notes.erased_since(self._store, self.first.signer)

    # --- what is proved -----------------------------------------------------------------------------------------------

    @contextmanager
    def open_state(self, path: str) -> Iterator[gzip.GzipFile]:
        """Give the lines of a state as they are opened, once its signature is checked. Raises Unproved."""
        about, room = self.about_state(path), shutil.disk_usage(tempfile.gettempdir()).free
        if about is not None and about.size > room:
            raise Invalid(
                f"{path} has {about.size} bytes, and there is no room for them. Set TMPDIR to where there is."
            )
        with tempfile.TemporaryFile() as file:
            self._fetch_signed(path, file, room if about is None else about.size)
            with age_file.open_with_keys(file, self._identities) as opened, gzip.GzipFile(fileobj=opened) as lines:
                yield lines

    def about_state(self, path: str) -> StateAbout | None:
        """Return what is signed about a state; None: nothing is. Read before the state, however large that may be."""
        about = layout.about_path(path)
        data = self._read_signed(about)
        if data is None:
            return None
        told = json.loads(data)
        return StateAbout(int(told["bytes"]), frozenset(told["overtaken"]))

    def _fetch_signed(self, path: str, file: BinaryIO, most: int) -> None:
        """Write the oldest version that is signed to the file, without holding it in memory; none that has more bytes
        than `most`. Raises Unproved."""
        signatures = list(self._versions(layout.signature_path(path)))
        if not signatures:
            raise Unproved(f"{path} has no signature.")
        for write in self._store.versions(path):
            file.seek(0)
            file.truncate()
            try:
                write(cast(BinaryIO, Bound(file, most)))
            except (NotStored, TooLarge):
                continue
            except Archived as e:
                raise Unproved(f"{path}: {e.sentence}") from e
            file.seek(0)
            checksum = checksum_of(file)
            if any(is_signed(self.first.signer, path, checksum, signature) for signature in signatures):
                return
        raise Unproved(f"{path} is missing, or is not what this installation signed.")

    def read_manifest(self, place: SetPlace) -> Mapping[str, Any]:
        """Return a set's manifest, once its signature is checked. Raises Unproved, and Invalid for another key."""
        data = self._read_signed(place.path)
        if data is None:
            raise Unproved(f"{place.path} is missing, or is not what this installation signed.")
        manifest = dict(json.loads(self._open(data)))
        if manifest["format"] != layout.FORMAT:
            raise Unproved(f"{place.path} was made by a newer Tenantkeep than this one. Update this one first.")
        # Signed with its name: it is the one of this set and of this tenant.
        return manifest

    def read_content(self, name: str, digests: Collection[str]) -> bytes:
        """Return the JSON of a content, which has one of these digests. Raises Unproved; NotAsPushed: it has none."""
        path, is_there = layout.content_path(name), False
        # What is there now is nearly always it, and to ask for versions is a request more for each content.
        for data in itertools.chain(
            self._read((lambda out: self._store.fetch(path, out),), path), self._versions(path)
        ):
            is_there = True
            try:
                plain = self._open(data)
            except Invalid:
                continue
            if hashlib.sha256(plain).hexdigest() in digests:
                return plain
        if is_there:
            raise NotAsPushed(f"{path} is not what was pushed in the store.")
        raise Unproved(f"{path} is missing in the store.")

    def _open(self, data: bytes) -> bytes:
        """Return what age and gzip sealed. Raises Invalid."""
        import pyrage

        try:
            unpacking = zlib.decompressobj(wbits=31)
            plain = unpacking.decompress(pyrage.decrypt(data, self._identities), MAX_CONTENT_BYTES)
        except pyrage.DecryptError as e:
            raise Invalid(age_file.WRONG_KEY if "No matching keys" in str(e) else age_file.DAMAGED) from None
        except zlib.error:
            raise Invalid(age_file.DAMAGED) from None
        if not unpacking.eof:
            raise Invalid(age_file.DAMAGED)
        return plain

    def _read_signed(self, path: str) -> bytes | None:
        """Return the small object of this name that this installation signed; None: there is none. Raises Unproved."""
        try:
            return signed_notes.read(self._store, path, self.first.signer, MAX_CONTENT_BYTES)
        except Archived as e:
            raise Unproved(f"{path}: {e.sentence}") from e

    def _versions(self, path: str) -> Iterator[bytes]:
        """Yield the versions of a small object, the oldest first; none that is too large to be one. Raises Unproved."""
        yield from self._read(self._store.versions(path), path)

    def _read(self, writers: Iterable[Write], path: str) -> Iterator[bytes]:
        try:
            yield from read_each(writers, MAX_CONTENT_BYTES)
        except Archived as e:
            raise Unproved(f"{path}: {e.sentence}") from e


def _parse_first(data: bytes) -> FirstFile | None:
    try:
        told = json.loads(data)
        recipients = tuple(map(str, told["recipients"]))
        return FirstFile(told.get("format"), str(told["installation"]), str(told["signer"]), recipients)
    except (ValueError, KeyError, TypeError):
        return None
