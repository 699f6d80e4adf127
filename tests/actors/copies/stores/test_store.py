"""The acts of every kind of store, over one table of the kinds; and the lock of those that have one."""

import contextlib
import hashlib
import io
import threading
from datetime import timedelta

import pytest

from actors.copies.stores.opening import open_store
from actors.copies.stores.store import NotStored, StillLocked
from db.clock import utcnow

KINDS = ("file", "s3", "azure", "sftp")


def bodies(store, name):
    """Every version of the object that is there, the oldest first."""
    found = []
    for write in store.versions(name):
        out = io.BytesIO()
        with contextlib.suppress(NotStored):
            write(out)
            found.append(out.getvalue())
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_store_does_the_same(kind, new_place):
    place = new_place(kind)
    store = open_store(place.address, place.credentials)
    name, data = "contents/ab/0123.age", b"sealed \x00\xff" * 200_000
    assert store.put(name, io.BytesIO(data))
    assert not store.put(name, b"another")
    assert store.get(name) == data
    assert bodies(store, name) == [data]
    head = store.head(name)
    assert (head.name, head.size, head.checksum) == (name, len(data), hashlib.sha256(data).hexdigest())
    assert store.put("state/x.age", b"x")
    assert [found.name for found in store.list("contents/")] == [name]
    assert {found.name for found in store.list("")} == {name, "state/x.age"}
    assert store.lock_of(name) is None
    # Of two that write one name at once, one has written it.
    written = []
    writers = [threading.Thread(target=lambda: written.append(store.put("sets/1", b"x" * 9999))) for _ in range(2)]
    if store.parallel > 1:
        for each in writers:
            each.start()
        for each in writers:
            each.join()
        assert sorted(written) == [False, True]
    store.delete(name)
    store.delete(name)
    assert store.head(name) is None
    assert bodies(store, name) == []
    with pytest.raises(NotStored):
        store.get(name)
    store.close()


def test_a_locked_object_outlives_whoever_may_delete_and_overwrite(new_place, s3_endpoint):
    """The one who attacks has the very rights that we have."""
    place = new_place("s3")
    store = open_store(place.address, place.credentials)
    until = utcnow().replace(microsecond=0) + timedelta(days=3)
    store.put("sets/a", b"the copy", until)
    assert store.lock_of("sets/a") == until
    with pytest.raises(StillLocked):
        store.delete("sets/a")
    client, bucket = store._client, store._bucket
    client.delete_object(Bucket=bucket, Key="tenant/keep/sets/a")
    client.put_object(Bucket=bucket, Key="tenant/keep/sets/a", Body=b"rubbish")
    client.delete_object(Bucket=bucket, Key="tenant/keep/sets/a")
    assert store.get("sets/a") == b"rubbish"
    assert bodies(store, "sets/a") == [b"the copy", b"rubbish"]
    store.put("sets/b", b"another", until)
    store.extend_lock("sets/b", until + timedelta(days=2))
    assert store.lock_of("sets/b") == until + timedelta(days=2)
    # Amazon and Azure refuse to lock for less time: it is not even asked.
    store.extend_lock("sets/b", until)
    assert store.lock_of("sets/b") == until + timedelta(days=2)
