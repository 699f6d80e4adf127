import errno
import os

import pytest

from actors.copies.stores import folder_store
from actors.copies.stores.folder_store import FolderStore
from actors.copies.stores.store import StoreError


def fail_once_with(code):
    def fail(*_args):
        raise OSError(code, os.strerror(code))

    return fail


def test_a_full_disk_leaves_nothing_behind_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_store.shutil, "copyfileobj", fail_once_with(errno.ENOSPC))
    with pytest.raises(StoreError) as error:
        FolderStore(tmp_path).put("contents/ab/x.age", b"sealed")
    assert "The store is full" in error.value.sentence
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_share_without_links_writes_nothing_over_either(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_store.os, "link", fail_once_with(errno.EPERM))
    store = FolderStore(tmp_path)
    assert store.put("a/b", b"first")
    assert not store.put("a/b", b"second")
    assert store.get("a/b") == b"first"


def test_what_was_not_finished_is_no_object(tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / f"x.age.12{folder_store.UNFINISHED}").write_bytes(b"half")
    assert list(FolderStore(tmp_path).list("sets/")) == []
