import errno
import os
import time

import pytest

from actors.copies.stores import folder_store
from actors.copies.stores.folder_store import FolderStore
from actors.copies.stores.store import NotStored, StoreError
from tests.support.killed import Killed


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


def test_a_name_that_a_dead_one_took_holds_nothing_and_is_free_again_after_a_moment(tmp_path, monkeypatch):
    def die(*_args):
        raise Killed

    monkeypatch.setattr(folder_store.os, "link", fail_once_with(errno.EPERM))
    store = FolderStore(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(folder_store.Path, "replace", die)
        with pytest.raises(Killed):
            store.put("a/b", b"first")
    left = tmp_path / "a" / "b"
    assert left.stat().st_size == 0
    assert (store.head("a/b"), list(store.list("a/"))) == (None, [])
    with pytest.raises(NotStored):
        store.get("a/b")
    assert not store.put("a/b", b"second"), "somebody may be about to write there"
    os.utime(left, (time.time() - 60,) * 2)
    assert store.put("a/b", b"second")
    assert store.get("a/b") == b"second"


def test_what_was_not_finished_is_no_object(tmp_path):
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / f"x.age.12{folder_store.UNFINISHED}").write_bytes(b"half")
    assert list(FolderStore(tmp_path).list("sets/")) == []
