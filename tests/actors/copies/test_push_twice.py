"""One run whose message is worked on twice, because the first worker stood still and was taken for dead."""

import hashlib
import threading

import pytest

from actors.copies import layout, push
from actors.copies.stores.opening import open_store
from db.copies import copied_sets
from db.database import database as connection
from db.models import BackupSet, CopiedSet, CopyStore, Run
from db.states import CopyState, RunState
from tests.support.copied import add_store, look_after, make_set, read_copy

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.parametrize("kind", ["file", "s3"]),
]


@pytest.fixture
def place(new_place, kind):
    return new_place(kind)


@pytest.fixture
def begun(cast, redis_url, place):
    """The id of a run that is to push a set."""
    store = add_store(place)
    make_set(cast.contoso)
    push.start_due(CopyStore.get_by_id(store.id))
    run = Run.get(Run.kind == "copy.push")
    BackupSet.update(run=run).execute()  # not brought here by a recovery, which would know its manifest again
    return run.id


def work_beside(run_id):
    """The message is worked on by another worker, to its end."""

    def work():
        with connection.connection_context():
            push.push.fn(run_id)

    Run.update(claimed_by=None, heartbeat_at=None).where(Run.id == run_id).execute()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(60)


def require_one_copy(place):
    """The set is a copy, with the manifest that is on record, signed."""
    [run] = Run.select().where(Run.kind == "copy.push")
    [row] = CopiedSet.select()
    assert (run.state, row.state, len(read_copy(place, row))) == (RunState.SUCCEEDED, CopyState.COMPLETE, 3)
    there = open_store(place.address, place.credentials)
    assert hashlib.sha256(there.get(layout.manifest_path(row))).hexdigest() == row.manifest_checksum
    there.close()
    CopyStore.update(is_verify_asked=True).execute()
    assert look_after(row.store).error is None


def test_the_manifest_of_the_one_that_was_quicker_is_on_record(begun, place, monkeypatch):
    noting, stands_still = copied_sets.note_manifest, threading.Lock()

    def note(*args):
        if stands_still.acquire(blocking=False):
            work_beside(begun)
        return noting(*args)

    monkeypatch.setattr(copied_sets, "note_manifest", note)
    push.push.fn(begun)
    require_one_copy(place)


def test_a_manifest_that_arrives_late_is_the_copy_s_own(begun, place, monkeypatch):
    """The first worker's is on its way while the second sends another."""
    opening, late, arrived = push.open_store, [], []

    def opened(address, credentials):
        store = opening(address, credentials)
        put = store.put

        def put_late(name, *more):
            if not name.endswith("manifest.json.age"):
                return put(name, *more)
            if not late:
                late.append(lambda: put(name, *more))
                work_beside(begun)
                return arrived[0]
            if not arrived:
                arrived.append(late[0]())
            return put(name, *more)

        store.put = put_late
        return store

    monkeypatch.setattr(push, "open_store", opened)
    push.push.fn(begun)
    assert arrived == [True]
    require_one_copy(place)
