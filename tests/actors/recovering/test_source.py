"""A store as its reader believes it: what is no store, who signed it, and names that are none of ours."""

import json

import pyrage
import pytest

from actors.copies import layout
from actors.copies.stores.folder_store import FolderStore
from actors.recovering.source import CopySource, Unproved
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
                 "sets/aaaa/41/else"):  # fmt: skip
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
            source.read_content(name, "0" * 64)
