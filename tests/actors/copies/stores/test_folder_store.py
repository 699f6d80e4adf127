import errno
import os
import stat
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


def test_a_name_outlives_a_power_cut_as_its_file_does(tmp_path, monkeypatch):
    synced, codes = [], []

    def sync(number):
        is_folder = stat.S_ISDIR(os.fstat(number).st_mode)
        synced.append(os.fstat(number).st_ino)
        if is_folder and codes:
            raise OSError(codes[0], os.strerror(codes[0]))

    monkeypatch.setattr(folder_store.os, "fsync", sync)
    store = FolderStore(tmp_path)
    assert store.put("contents/ab/x.age", b"sealed")
    folders = [tmp_path, tmp_path / "contents", tmp_path / "contents" / "ab"]
    names = [folder.stat().st_ino for folder in folders]
    assert (names[:2], names[2]) == (synced[:2], synced[-1]), "a new folder's name, and last that of the file"
    codes.append(errno.EINVAL)
    assert store.put("contents/ab/y.age", b"sealed"), "the share knows no such thing"
    codes[0] = errno.EIO
    with pytest.raises(StoreError):
        store.put("contents/ab/z.age", b"sealed")


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


def test_a_share_that_fails_while_it_is_listed_says_so_and_a_file_that_goes_meanwhile_is_none(tmp_path, monkeypatch):
    store = FolderStore(tmp_path)
    store.put("state/a.age", b"x")
    store.put("state/b.age", b"x")
    names = []
    for stored in store.list("state/"):
        names.append(stored.name)
        store.delete("state/b.age")
    assert names == ["state/a.age"]
    monkeypatch.setattr(folder_store.Path, "rglob", fail_once_with(errno.EIO))
    with pytest.raises(StoreError, match="The folder cannot be used"):
        list(store.list("state/"))
