"""The same contents pushed by two at once, and by one that dies: what is on record is in the store, that very file."""

import os
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from actors.copies import layout, loose, push, tending
from actors.copies.stores.opening import open_store
from actors.copies.stores.s3_store import S3Store
from db.clock import utcnow
from db.copies import sent_contents
from db.database import database as connection
from db.models import CopiedContent, CopiedSet, CopyStore, Run
from db.states import CopyState, RunState
from tests.support.copied import add_store, look_after, make_set, read_copy
from tests.support.killed import Killed

UNLOCKED = ("file", "s3-without-lock")
SECONDS = 60
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# PostgreSQL's part in it is the same for all of them.
every_store = pytest.mark.parametrize(
    ("kind", "database_url"),
    [("file", "postgresql"), *((kind, "sqlite") for kind in (*UNLOCKED, "s3"))],
    indirect=["database_url"],
)


def watch(monkeypatch, before=lambda act, name: None, after=lambda act, name: None):
    """Have each put, delete and head of contents call these; both are told the act and the name."""
    opening = push.open_store

    def opened(address, credentials):
        store = opening(address, credentials)
        for act in ("put", "delete", "head"):
            setattr(store, act, watched(act, getattr(store, act)))
        return store

    def watched(act, do):
        def do_watched(name, *more):
            if not name.startswith("contents/"):
                return do(name, *more)
            before(act, name)
            done = do(name, *more)
            after(act, name)
            return done

        return do_watched

    for module in (push, tending):
        monkeypatch.setattr(module, "open_store", opened)


class Stage:
    """A store, two sets of one tenant with the same contents, and the runs that push them."""

    def __init__(self, cast, place):
        self.place, self.store = place, add_store(place)
        for _ in range(2):
            make_set(cast.contoso)
        store = CopyStore.get_by_id(self.store.id)
        # One after the other, unless two schedulers begin at once.
        waiting = list(CopiedSet.select().order_by(CopiedSet.set_number))
        self.first, self.second = [push._create_run(store, copied).run.id for copied in waiting]

    def push(self, run_id):
        """Push as another worker, in a thread of its own connection. Return a function that waits for its end."""
        killed = []

        def work():
            try:
                with connection.connection_context():
                    push.push.fn(run_id)
            except Killed as e:
                killed.append(e)

        thread = threading.Thread(target=work)
        thread.start()
        return SimpleNamespace(wait=lambda: thread.join(SECONDS), is_over=lambda: not thread.is_alive(), killed=killed)

    def take_back(self, run_id):
        """As the scheduler does with what a dead worker held."""
        Run.update(claimed_by=None, heartbeat_at=None, resume_at=None).where(Run.id == run_id).execute()

    def false_rows(self):
        """What the record says is there, and is not so in the store."""
        there = open_store(self.place.address, self.place.credentials)
        rows = {
            layout.content_path(row.name): row.checksum
            for row in CopiedContent.select()
            if row.on_its_way_since is None
        }
        told = {path: there.head(path) for path in rows}
        there.close()
        return {path for path, row in rows.items() if told[path] is None or told[path].checksum != row}

    def end(self):
        """Push to the end, and check all that there is."""
        for run_id in (self.first, self.second):
            for _ in range(3):
                self.take_back(run_id)
                push.push.fn(run_id)
        assert {run.state for run in Run.select().where(Run.kind == "copy.push")} == {RunState.SUCCEEDED}
        assert not self.false_rows()
        assert [row.on_its_way_since for row in CopiedContent.select()] == [None] * 3
        there = open_store(self.place.address, self.place.credentials)
        assert len(list(there.list("contents/"))) == 3
        there.close()
        for row in CopiedSet.select():
            assert (row.state, len(read_copy(self.place, row))) == (CopyState.COMPLETE, 3)
        CopyStore.update(is_verify_asked=True).execute()
        assert look_after(self.store).error is None


@pytest.fixture
def stage(cast, redis_url, new_place, kind):
    return Stage(cast, new_place(kind))


@every_store
@pytest.mark.parametrize("who_records_first", ["first", "second"])
def test_two_pushes_of_the_same_contents_leave_one_file_of_each_and_its_checksum(
    stage, kind, monkeypatch, who_records_first
):
    """The second begins once the first has put a content, and each stands still where the other has to record first."""
    recorded, second_has_put, is_begun = threading.Event(), threading.Event(), threading.Lock()
    at_work, names = [], set()

    def after(act, name):
        if act != "put" or recorded.is_set():
            return
        if is_begun.acquire(blocking=False):
            names.add(name)
            at_work.append(stage.push(stage.second))
            while not second_has_put.wait(0.05) and not at_work[0].is_over():
                pass
            if who_records_first == "second":
                at_work[0].wait()
        elif name in names:
            second_has_put.set()
            if who_records_first == "first":
                recorded.wait(SECONDS)

    watch(monkeypatch, after=after)
    push.push.fn(stage.first)
    recorded.set()
    at_work[0].wait()
    assert not stage.false_rows()
    stage.end()


@every_store
def test_one_that_dies_while_it_replaces_what_another_sends_takes_nothing_along(stage, monkeypatch):
    """The second begins once the first has put a content, and dies once it has deleted one."""
    at_work, is_begun = [], threading.Lock()

    def after(act, name):
        if act == "delete":
            raise Killed
        if act == "put" and is_begun.acquire(blocking=False):
            at_work.append(stage.push(stage.second))
            at_work[0].wait()

    watch(monkeypatch, after=after)
    push.push.fn(stage.first)
    assert not stage.false_rows()
    monkeypatch.undo()
    stage.end()


@pytest.mark.parametrize("kind", UNLOCKED)
@pytest.mark.parametrize("dies", ["delete", "put"])
@only_sqlite
def test_what_is_there_without_a_record_is_replaced_whoever_dies_on_the_way(stage, monkeypatch, dies):
    """As after a recovery: the store has files of which the state knows nothing."""
    push.push.fn(stage.first)
    there = open_store(stage.place.address, stage.place.credentials)
    for row in CopiedContent.select():
        path = layout.content_path(row.name)
        there.delete(path)
        there.put(path, b"somebody else's")
    there.close()
    CopiedContent.delete().execute()
    is_alive = threading.Lock()

    def after(act, name):
        if act == dies and is_alive.acquire(blocking=False):
            raise Killed

    with monkeypatch.context() as patched:
        watch(patched, after=after)
        with pytest.raises(Killed):
            push.push.fn(stage.second)
    assert not stage.false_rows()
    stage.end()


@every_store
def test_what_a_dead_one_sent_is_taken_over_after_a_while_and_not_sent_again(stage, monkeypatch):
    """It dies with all contents sent, and none on record."""

    def die(*_args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(sent_contents, "arrive", die)
        with pytest.raises(Killed):
            push.push.fn(stage.first)
    puts = []
    watch(monkeypatch, before=lambda act, name: puts.append(name) if act != "head" else None)
    push.push.fn(stage.second)
    assert Run.get_by_id(stage.second).waiting == "Another push has some of the contents on their way."
    CopiedContent.update(on_its_way_since=utcnow() - sent_contents.PATIENCE).execute()
    stage.take_back(stage.second)
    push.push.fn(stage.second)
    assert (Run.get_by_id(stage.second).state, puts) == (RunState.SUCCEEDED, [])
    stage.end()
    assert puts == []


@pytest.mark.parametrize("kind", ["s3-without-lock", "s3"])
@only_sqlite
def test_a_store_that_tells_no_checksums_is_read_for_what_a_dead_one_sent(stage, monkeypatch):
    head, puts = S3Store.head, []

    def bare(store, name):
        told = head(store, name)
        return told and replace(told, checksum=None)

    def die(*_args):
        raise Killed

    monkeypatch.setattr(S3Store, "head", bare)
    with monkeypatch.context() as patched:
        patched.setattr(sent_contents, "arrive", die)
        with pytest.raises(Killed):
            push.push.fn(stage.first)
    stage.take_back(stage.first)
    watch(monkeypatch, before=lambda act, name: puts.append(name) if act != "head" else None)
    push.push.fn(stage.first)
    assert (Run.get_by_id(stage.first).state, puts) == (RunState.SUCCEEDED, [])
    monkeypatch.undo()
    stage.end()


@pytest.mark.parametrize("kind", ["s3"])
@pytest.mark.parametrize("dies", [None, "before", "after"])
@only_sqlite
def test_what_is_locked_there_without_a_record_is_not_believed_and_ours_is_put_over_it(stage, monkeypatch, dies):
    """Somebody with the store's keys wrote over contents; then whoever has all rights here forgot the store."""
    push.push.fn(stage.first)
    there = open_store(stage.place.address, stage.place.credentials)
    for row in CopiedContent.select():
        there.put_over(layout.content_path(row.name), b"somebody else's", utcnow() + timedelta(days=300))
    there.close()
    CopiedContent.delete().execute()
    put_over, is_alive = S3Store.put_over, threading.Lock()

    def dying(store, *args):
        is_dying = dies is not None and is_alive.acquire(blocking=False)
        if is_dying and dies == "before":
            raise Killed
        put_over(store, *args)
        if is_dying:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(S3Store, "put_over", dying)
        if dies:
            with pytest.raises(Killed):
                push.push.fn(stage.second)
        else:
            push.push.fn(stage.second)
    assert not stage.false_rows()
    stage.end()


@pytest.mark.parametrize("kind", UNLOCKED)
@pytest.mark.parametrize("stands_still", ["head", "delete"])
@only_sqlite
def test_a_worker_that_stood_still_and_comes_back_does_not_undo_what_was_done_meanwhile(
    stage, monkeypatch, stands_still
):
    """Its run was taken for dead, and another message ends it: while it looks at a file, or is about to replace it."""
    push.push.fn(stage.first)
    CopiedContent.delete().execute()
    at_work, is_begun = [], threading.Lock()

    def before(act, name):
        if act == stands_still and is_begun.acquire(blocking=False):
            stage.take_back(stage.second)
            at_work.append(stage.push(stage.second))
            at_work[0].wait()

    watch(monkeypatch, before=before)
    push.push.fn(stage.second)
    assert Run.get_by_id(stage.second).state == RunState.SUCCEEDED
    assert not stage.false_rows()
    stage.end()


@pytest.mark.parametrize("kind", ["file"])
@only_sqlite
def test_names_that_a_dead_one_took_on_a_share_without_links_are_written(stage):
    """It died between taking a name and writing it: of a content on its way, of a manifest, of a signature."""
    push.push.fn(stage.first)
    folder, old = Path(stage.place.address.removeprefix("file://")), time.time() - 60
    CopiedContent.update(on_its_way_since=utcnow() - sent_contents.PATIENCE).execute()
    manifest = layout.manifest_path(CopiedSet.get(CopiedSet.run == stage.second))
    for name in (*(layout.content_path(row.name) for row in CopiedContent.select()), manifest, f"{manifest}.sig"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (old, old))
    push.push.fn(stage.second)
    stage.end()


@pytest.mark.parametrize("kind", ["file"])
@only_sqlite
def test_a_new_run_of_the_same_set_does_not_wait_for_what_the_last_one_left(stage, monkeypatch):
    def fail(act, name):
        if act == "put":
            raise tending.StoreError("Its disk is full.")

    with monkeypatch.context() as patched:
        watch(patched, before=fail)
        Run.update(attempts=99).where(Run.id == stage.first).execute()
        push.push.fn(stage.first)
    assert CopiedContent.select().where(CopiedContent.on_its_way_since.is_null(False)).count() == 3
    again = push._create_run(stage.store, CopiedSet.get(CopiedSet.state == CopyState.FAILED)).run
    push.push.fn(again.id)
    assert (Run.get_by_id(again.id).state, Run.get_by_id(again.id).waiting) == (RunState.SUCCEEDED, None)
    stage.take_back(stage.second)
    push.push.fn(stage.second)
    assert not stage.false_rows()


@pytest.mark.parametrize("kind", ["file"])
@only_sqlite
def test_a_look_at_loose_contents_comes_back_to_what_a_set_has_on_its_way(stage):
    store, until = CopyStore.get_by_id(stage.store.id), utcnow() + timedelta(days=30)
    push.push.fn(stage.first)
    CopiedContent.update(on_its_way_since=utcnow()).execute()
    there = open_store(stage.place.address, stage.place.credentials)
    assert loose.push_some(store, there, until), "nothing more to do now"
    store = CopyStore.get_by_id(store.id)
    assert store.snapshots_to is None
    CopiedContent.update(on_its_way_since=utcnow() - sent_contents.PATIENCE).execute()
    assert loose.push_some(store, there, until)
    assert CopyStore.get_by_id(store.id).snapshots_to is not None
    assert not stage.false_rows()
    assert CopiedContent.select().where(CopiedContent.on_its_way_since.is_null(False)).count() == 0
    there.close()


@pytest.mark.parametrize("kind", ["file"])
@only_sqlite
def test_what_never_came_is_neither_missed_nor_counted_and_its_row_goes_in_the_end(stage):
    push.push.fn(stage.first)
    push.push.fn(stage.second)
    gone = CopiedContent.select().first()
    there = open_store(stage.place.address, stage.place.credentials)
    there.delete(layout.content_path(gone.name))
    CopiedContent.update(on_its_way_since=utcnow() - timedelta(days=1)).where(CopiedContent.id == gone.id).execute()
    CopyStore.update(is_verify_asked=True, tidied_at=None, snapshots_to=10**6).execute()
    store = look_after(stage.store)
    assert (store.error, store.contents) == (None, 2)
    CopiedContent.update(kept_until=utcnow() - timedelta(days=1)).where(CopiedContent.id == gone.id).execute()
    CopyStore.update(tidied_at=None).execute()
    look_after(store)
    assert CopiedContent.select().where(CopiedContent.id == gone.id).count() == 0
    there.close()
