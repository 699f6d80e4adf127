from datetime import datetime

import pytest

from actors.copies import layout, signed_notes
from actors.copies.stores.folder_store import FolderStore
from actors.copies.stores.store import as_file, checksum_of
from db.copies import signer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_only_signed_notes_of_deletions_count_and_of_a_directory_the_last(database, tmp_path):
    store, own = FolderStore(tmp_path), signer.own_signer()
    for directory_id, day, is_signed in (("a", 3, True), ("a", 2, True), ("a", 4, False), ("b", 2, False)):
        about = directory_id, datetime(2026, 11, day)
        path, note = layout.erased_path(*about), layout.erased_note(*about)
        store.put(path, note)
        signature = own.sign(path if is_signed else f"{path}x", checksum_of(as_file(note)))
        store.put(layout.signature_path(path), signature)
    assert signed_notes.erased_since(store, own.public_key) == {"a": datetime(2026, 11, 3)}
    large = b" " * (signed_notes.MOST_BYTES + 1)
    store.put("erased/large.json", large)
    store.put("erased/large.json.sig", own.sign("erased/large.json", checksum_of(as_file(large))))
    assert signed_notes.read(store, "erased/large.json", own.public_key) is None, "none is as large"
    assert signed_notes.read(store, "erased/large.json", own.public_key, len(large)) == large
