"""A store as its reader believes it: what is no store, who signed it, and names that are none of ours."""

import base64
import gzip
import hashlib
import json
from typing import ClassVar

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actors.copies import layout
from actors.copies.stores.folder_store import FolderStore
from actors.copies.stores.store import Archived
from actors.recovering import source
from actors.recovering.source import CopySource, Unproved
from db.copies.signer import Signer
from db.errors import Invalid

KEY = pyrage.x25519.Identity.generate()
FIRST = {"format": 1, "installation": "one", "signer": "c2lnbmVy", "recipients": [str(KEY.to_public())]}


def test_what_is_no_store_or_a_newer_one_is_said(tmp_path):
    store = FolderStore(tmp_path)
    for wrong, sentence in (
        (None, "no store"), (b"", "no store"), (b"[]", "no store"), (b"{}", "no store"),
        (json.dumps({**FIRST, "format": 2}).encode(), "newer Tenantkeep"),
    ):  # fmt: skip
        if wrong is not None:
            (tmp_path / layout.FIRST_FILE).write_bytes(wrong)
        with pytest.raises(Invalid, match=sentence):
            CopySource(store, [KEY])


def test_names_that_are_not_ours_are_passed_over_and_nothing_unsigned_is_read(tmp_path):
    store = FolderStore(tmp_path)
    store.put(layout.FIRST_FILE, json.dumps(FIRST).encode())
    for name in ("state/20261127T031500Z.age", "state/notes.txt", "state/20269927T031500Z.age",
                 "sets/aaaa/41/manifest.json.age", "sets/aaaa/x/manifest.json.age", "sets/41/manifest.json.age",
                 f"sets/aaaa/{10**19}/manifest.json.age", "sets/aaaa/41/else"):  # fmt: skip
        store.put(name, b"x")
    source = CopySource(store, [KEY])
    assert [name for _, name in source.states()] == ["state/20261127T031500Z.age"]
    [place] = source.sets()
    assert (place.directory_id, place.number) == ("aaaa", 41)
    with pytest.raises(Unproved, match="manifest"):
        source.read_manifest(place)
    with pytest.raises(Unproved, match="state"), source.open_state("state/20261127T031500Z.age"):
        pass
    for name, why in (("0" * 64, "missing"), ("1" * 64, "not what was pushed")):
        if why != "missing":
            store.put(layout.content_path(name), pyrage.encrypt(b"not packed", [KEY.to_public()]))
        with pytest.raises(Unproved, match=why):
            source.read_content(name, {"0" * 64})


class Versioned(FolderStore):
    """A folder whose names also have versions before the ones that are there, as buckets keep them."""

    older: ClassVar = {}

    def versions(self, name):
        for data in self.older.get(name, ()):
            yield lambda out, data=data: out.write(data)
        yield from super().versions(name)


def test_what_somebody_with_our_key_puts_over_an_object_hides_none_that_was_there_before(tmp_path, monkeypatch):
    """Whoever has the whole machine can sign as we do; names are written once, so the oldest counts."""
    monkeypatch.setattr(source, "MAX_CONTENT_BYTES", 1000)
    seed = Ed25519PrivateKey.generate()
    public = base64.b64encode(seed.public_key().public_bytes_raw()).decode()
    own, first = Signer("one", public, seed.private_bytes_raw()), json.dumps({**FIRST, "signer": public}).encode()
    store, path = Versioned(tmp_path), "sets/aaaa/41/manifest.json.age"
    true, forged, later = (
        sealed({"format": number, "items": [name]}) for number, name in ((1, "a"), (1, "b"), (2, "c"))
    )
    store.older = {
        # A first file of no format that we know, before and after ours, and one that fills a memory.
        layout.FIRST_FILE: [b"x" * 1001, json.dumps({**FIRST, "format": 9}).encode(), first],
        path: [b"x" * 1001, b"unsigned", true],
        f"{path}.sig": [own.sign(path, hashlib.sha256(data).hexdigest()) for data in (forged, true)],
    }
    for name, data in ((layout.FIRST_FILE, json.dumps({**FIRST, "format": 2}).encode()), (path, forged)):
        store.put(name, data)
    reader = CopySource(store, [KEY])
    assert reader.first.signer == public
    [place] = reader.sets()
    assert reader.read_manifest(place)["items"] == ["a"]
    # A set of a newer version is passed over and named, and not read as if we knew what it says.
    store.older[path] = [later]
    store.older[f"{path}.sig"] = [own.sign(path, hashlib.sha256(later).hexdigest())]
    with pytest.raises(Unproved, match="newer Tenantkeep"):
        reader.read_manifest(place)

    def archived(_name):
        def write(_out):
            raise Archived("It is in an archive.")

        yield write

    monkeypatch.setattr(store, "versions", archived)
    for read in (lambda: reader.read_content("0" * 64, {"0" * 64}), lambda: reader.open_state("state/x").__enter__()):
        with pytest.raises(Unproved, match="archive"):
            read()


def sealed(document):
    return pyrage.encrypt(gzip.compress(json.dumps(document).encode()), [KEY.to_public()])


def test_no_more_of_a_state_is_fetched_than_its_signed_size(tmp_path):
    seed = Ed25519PrivateKey.generate()
    public = base64.b64encode(seed.public_key().public_bytes_raw()).decode()
    signer, store, path = Signer("one", public, seed.private_bytes_raw()), FolderStore(tmp_path), "state/x.age"
    store.put(layout.FIRST_FILE, json.dumps({**FIRST, "signer": public}).encode())
    about, name = layout.about_state(5 * 1024 * 1024, []), layout.about_path(path)
    store.put(name, about)
    store.put(layout.signature_path(name), signer.sign(name, hashlib.sha256(about).hexdigest()))
    store.put(layout.signature_path(path), base64.b64encode(bytes(64)))
    pieces = []

    def endless(out):
        for _ in range(1000):
            pieces.append(out.write(bytes(1024 * 1024)))

    store.versions = lambda asked: iter([endless]) if asked == path else FolderStore.versions(store, asked)
    source = CopySource(store, [])
    assert source.about_state(path).size == 5 * 1024 * 1024
    with pytest.raises(Unproved), source.open_state(path):
        pass
    assert len(pieces) == 5
