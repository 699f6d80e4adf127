"""What every kind of store does alike, over one table of them."""

import hashlib

import pytest

from actors.copies.stores.opening import open_store
from actors.copies.stores.store import NotStored


@pytest.fixture(params=["folder"])
def store(request, tmp_path):
    addresses = {"folder": (f"file://{tmp_path}", {})}
    opened = open_store(*addresses[request.param])
    yield opened
    opened.close()


def test_an_object_is_written_once_found_listed_and_deleted(store):
    name, data = "contents/ab/0123.age", b"sealed \x00\xff" * 1000
    assert store.put(name, data)
    assert not store.put(name, b"another")
    assert store.get(name) == data
    assert list(store.versions(name)) == [data]
    head = store.head(name)
    assert (head.name, head.size) == (name, len(data))
    assert head.checksum in (None, hashlib.sha256(data).hexdigest())
    assert store.put("state/x.age", b"")
    assert [found.name for found in store.list("contents/")] == [name]
    assert {found.name for found in store.list("")} == {name, "state/x.age"}
    store.delete(name)
    store.delete(name)
    assert store.head(name) is None
    assert list(store.versions(name)) == []
    with pytest.raises(NotStored):
        store.get(name)
