"""Pushes into every kind of store, what crashes in the middle of one, and what an attacker can do to it."""

import json
from datetime import timedelta

import pytest

from actors.copies import contents, layout, push, sending
from actors.copies.stores.opening import open_store
from actors.copies.stores.store import StoreError
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import copied_sets, standing, stores
from db.copies.signer import Signer
from db.models import BackupSet, Content, CopiedContent, CopiedSet, CopyStore, Run, RunItem, Snapshot
from db.states import CopyState, LockState, RunState
from tests.support.copied import add_store, look_after, make_set, opened, push_all, read_copy
from tests.support.killed import Killed

KINDS = ("file", "s3", "azure", "sftp")
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


# PostgreSQL's part in it is the same for all of them.
@pytest.mark.parametrize(
    ("kind", "database_url"), [("file", "postgresql"), *((kind, "sqlite") for kind in KINDS)], indirect=["database_url"]
)
def test_a_set_is_copied_once_and_opens_with_the_recovery_key_alone(kind, cast, redis_url, new_place):
    place = new_place(kind)
    make_set(cast.contoso)
    store = add_store(place)
    assert store.lock_state == (LockState.PROVEN if place.locks else LockState.MISSING)
    assert store.error is None
    [run] = push_all(store)
    assert run.state == RunState.SUCCEEDED
    [first] = CopiedSet.select()
    assert (first.state, first.contents, first.pushed_contents) == (CopyState.COMPLETE, 3, 3)
    assert (first.locked_until is not None) == place.locks
    documents = read_copy(place, first)
    assert {name: document["body"]["secret"] for name, document in documents.items()} == dict.fromkeys(
        ("Ring 0", "Ring 1", "Ring 2"), "swordfish"
    )
    # A set that changed one policy pushes one content; an unchanged one, none.
    make_set(cast.contoso, changed=1)
    make_set(cast.contoso)
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED] * 2
    pushed = CopiedSet.select(CopiedSet.pushed_contents).order_by(CopiedSet.set_number)
    assert [row.pushed_contents for row in pushed] == [3, 1, 0]
    opened = open_store(place.address, place.credentials)
    names = [found.name for found in opened.list("")]
    assert len([name for name in names if name.startswith("contents/")]) == 4 == CopiedContent.select().count()
    assert len([name for name in names if name.endswith("manifest.json.age")]) == 3
    everything = b"".join(opened.get(name) for name in names)
    opened.close()
    for word in (b"swordfish", b"Ring 1", cast.contoso.name.encode(), b"PRIVATE"):
        assert word not in everything


@only_sqlite
@pytest.mark.parametrize("kind", ["file", "s3"])
def test_whatever_moment_a_push_is_killed_at_nothing_is_pushed_twice_and_nothing_half_is_called_a_copy(
    kind, cast, redis_url, new_place, monkeypatch
):
    """A push is killed before, and after, each of its writes to the store, and taken up again."""
    place = new_place(kind)
    store = add_store(place)
    make_set(cast.contoso, policies=5)
    monkeypatch.setattr(push, "PAGE", 2)
    written, left = [], [0]
    opening = push.open_store

    def open_dying(address, credentials):
        opened = opening(address, credentials)
        put = opened.put

        def dying_put(name, data, locked_until=None):
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            done = put(name, data, locked_until)
            written.extend([name] * done)
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            return done

        opened.put = dying_put
        return opened

    monkeypatch.setattr(push, "open_store", open_dying)
    push.start_due(CopyStore.get_by_id(store.id))
    run = Run.get(Run.kind == "copy.push")
    deaths = 0
    for _ in range(40):
        left[0] = 3
        try:
            push.push.fn(run.id)
            break
        except Killed:
            deaths += 1
            row = CopiedSet.get()
            assert row.state == CopyState.PUSHING
            # As the scheduler takes back what a dead worker held.
            Run.update(claimed_by=None, heartbeat_at=None).where(Run.id == run.id).execute()
    assert deaths > 3
    ended = Run.get_by_id(run.id)
    assert (ended.state, ended.waiting) == (RunState.SUCCEEDED, None)
    assert len(written) == len(set(written)) == 5 + 2
    [row] = CopiedSet.select()
    assert row.state == CopyState.COMPLETE
    assert len(read_copy(place, row)) == 5


@only_sqlite
def test_a_push_that_a_store_refuses_says_why_and_is_tried_again(cast, redis_url, new_place, monkeypatch):
    place = new_place("file")
    store = add_store(place)
    make_set(cast.contoso)

    def refuse(*_args, **_more):
        raise StoreError("Its disk is full.")

    monkeypatch.setattr(sending.Sender, "send", refuse)
    push.start_due(CopyStore.get_by_id(store.id))
    run = Run.get(Run.kind == "copy.push")
    push.push.fn(run.id)
    assert Run.get_by_id(run.id).waiting.startswith("Its disk is full. Trying again in")
    Run.update(attempts=99, resume_at=utcnow()).where(Run.id == run.id).execute()
    push.push.fn(run.id)
    [row] = CopiedSet.select()
    assert (row.state, row.message, row.contents) == (CopyState.FAILED, "Its disk is full.", 0)
    monkeypatch.undo()
    assert copied_sets.due(store, 4) == []
    copied_sets.try_now(store)
    assert [run.state for run in push_all(store)] == [RunState.SUCCEEDED]
    assert CopiedSet.get().state == CopyState.COMPLETE


@only_sqlite
@pytest.mark.parametrize("dies_before", ["sign", "_checked_lock"])
def test_a_set_deleted_in_the_midst_of_its_push_leaves_no_manifest_that_a_recovery_would_bring_back(
    cast, redis_url, new_place, monkeypatch, dies_before
):
    """The manifest is there, and no record of it; then the set is deleted, as by retention."""
    place = new_place("file")
    store = add_store(place)
    backup_set = make_set(cast.contoso)
    push.start_due(CopyStore.get_by_id(store.id))
    run = Run.get(Run.kind == "copy.push")

    def die(*_args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Signer if dies_before == "sign" else push._Push, dies_before, die)
        with pytest.raises(Killed):
            push.push.fn(run.id)
    BackupSet.delete().where(BackupSet.id == backup_set.id).execute()
    CopyStore.update(tidied_at=None).execute()
    look_after(store)
    assert CopiedSet.get().state == CopyState.PUSHING, "its run goes on, and may end well"
    Run.update(claimed_by=None, heartbeat_at=None).where(Run.id == run.id).execute()
    push.push.fn(run.id)
    newer = make_set(cast.contoso, changed=0)
    CopiedSet.update(try_at=utcnow()).execute()
    push_all(store)
    gone = CopiedSet.get(CopiedSet.set_number == backup_set.id)
    assert (gone.state, gone.try_at, copied_sets.behind_since(store)) == (CopyState.FAILED, None, None)
    CopyStore.update(tidied_at=None).execute()
    look_after(store)
    opened = open_store(place.address, place.credentials)
    path = f"sets/{cast.contoso.directory_id}/{newer.id}/manifest.json.age"
    assert [found.name for found in opened.list("sets/")] == [path, f"{path}.sig"]
    assert [row.set_number for row in CopiedSet.select()] == [newer.id]


@only_sqlite
def test_a_copy_whose_set_is_deleted_while_it_is_looked_through_again_stays_a_copy(cast, redis_url, new_place):
    place = new_place("file")
    store = add_store(place)
    backup_set = make_set(cast.contoso)
    push_all(store)
    copied_sets.push_again(store.id, cast.contoso.directory_id)
    BackupSet.delete().where(BackupSet.id == backup_set.id).execute()
    push_all(store)
    CopyStore.update(tidied_at=None).execute()
    assert look_after(store).error is None
    [copied] = CopiedSet.select()
    assert (copied.state, len(read_copy(place, copied))) == (CopyState.COMPLETE, 3)


@only_sqlite
def test_a_manifest_that_somebody_put_there_before_is_never_signed(cast, redis_url, new_place):
    place = new_place("file")
    store = add_store(place)
    backup_set = make_set(cast.contoso)
    opened = open_store(place.address, place.credentials)
    path = f"sets/{cast.contoso.directory_id}/{backup_set.id}/manifest.json.age"
    opened.put(path, b"theirs")
    assert [run.state for run in push_all(store)] == [RunState.PARTIAL]
    [row] = CopiedSet.select()
    assert row.state == CopyState.FAILED
    assert "not this installation's" in row.message
    assert opened.head(f"{path}.sig") is None


@only_sqlite
def test_a_store_that_is_added_again_is_behind_only_until_the_next_set_is_there(cast, redis_url, new_place):
    place = new_place("file")
    store = add_store(place)
    make_set(cast.contoso)
    [pushed] = push_all(store)
    BackupSet.update(run=pushed).execute()  # not brought here by a recovery, which would know it again
    stores.remove(store, SYSTEM)
    again = add_store(place)
    copied_sets.await_newest(again)
    push_all(again)
    [kept] = CopiedSet.select()
    assert (kept.state, copied_sets.behind_since(again)) == (CopyState.FAILED, kept.set_at), "it may be another set"
    sentence = kept.message
    assert (kept.try_at, "is of before the store was added again" in sentence) == (None, True), "never by itself"
    copied_sets.try_now(again)
    push_all(again)
    [kept] = CopiedSet.select()
    assert (kept.state, kept.try_at, kept.message) == (CopyState.FAILED, None, sentence), (
        "asked for, it is looked again"
    )
    make_set(cast.contoso, changed=1)
    push_all(again)
    newest = copied_sets.newest(again)
    assert (newest.set_number > kept.set_number, copied_sets.behind_since(again)) == (True, None)
    assert len(read_copy(place, newest)) == 3
    BackupSet.delete().where(BackupSet.id == kept.backup_set_id).execute()
    CopyStore.update(tidied_at=None).execute()
    look_after(again)
    assert [row.id for row in CopiedSet.select()] == [newest.id], "with its backup set, the row goes"


@only_sqlite
@pytest.mark.parametrize("is_manifest_sent", [False, True])
def test_a_push_that_takes_days_keeps_its_contents_as_long_as_the_set(
    cast, redis_url, new_place, monkeypatch, is_manifest_sent
):
    """Its contents were pushed for as long as the set would have been kept then; then the store was full."""
    place = new_place("s3")
    store = add_store(place, copy_days=8)
    make_set(cast.contoso)
    push.start_due(CopyStore.get_by_id(store.id))
    run = Run.get(Run.kind == "copy.push")

    def die(*_args):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(push._Push, "_checked_lock" if is_manifest_sent else "_push_manifest", die)
        with pytest.raises(Killed):
            push.push.fn(run.id)
    before = utcnow() + timedelta(days=5)
    CopiedContent.update(kept_until=before, locked_until=before).execute()
    Run.update(claimed_by=None, heartbeat_at=None).where(Run.id == run.id).execute()
    push.push.fn(run.id)
    [copied] = CopiedSet.select()
    assert copied.state == CopyState.COMPLETE
    assert all(row.kept_until >= copied.kept_until for row in CopiedContent.select())
    assert all(row.locked_until >= copied.locked_until for row in CopiedContent.select())


@only_sqlite
def test_what_came_before_the_store_locked_is_locked_with_the_next_set(cast, redis_url, new_place):
    place = new_place("s3")
    store = add_store(place)
    CopyStore.update(lock_state=LockState.MISSING, needs_lock=False).execute()
    make_set(cast.contoso)
    push_all(store)
    CopyStore.update(lock_state=LockState.PROVEN).execute()
    make_set(cast.contoso)
    push_all(store)
    there = open_store(place.address, place.credentials)
    locks = {there.lock_of(layout.content_path(row.name)) for row in CopiedContent.select()}
    there.close()
    newest = copied_sets.newest(store)
    assert all(until and until >= newest.locked_until for until in locks)


@only_sqlite
def test_what_does_not_open_here_is_left_out_of_the_copy_which_says_so_and_stands_for_no_whole_one(
    cast, redis_url, new_place
):
    place = new_place("file")
    store = add_store(place)
    make_set(cast.contoso)
    push_all(store)
    [whole] = CopiedSet.select()
    make_set(cast.contoso, changed=1)
    damaged = Snapshot.select().order_by(Snapshot.id.desc()).first().content
    body = bytes(damaged.sealed)
    Content.update(sealed=body[:-1] + bytes([body[-1] ^ 1])).where(Content.id == damaged.id).execute()
    [run] = push_all(store)
    copied = copied_sets.newest(store)
    assert (run.state, copied.state, copied.contents, copied.left_out) == (RunState.PARTIAL, CopyState.COMPLETE, 2, 1)
    assert copied.message.endswith("cannot be opened here: “Ring 1”.")
    assert f"Content {damaged.id}: " in RunItem.get(RunItem.run == run, RunItem.state == "failed").message
    assert set(read_copy(place, copied)) == {"Ring 0", "Ring 2"}
    manifest = json.loads(opened(open_store(place.address, {}).get(layout.manifest_path(copied))))
    assert [item["name"] for item in manifest["left_out"]] == ["Ring 1"]
    [finding] = standing.of_store(CopyStore.get_by_id(store.id), utcnow())
    assert (finding.why, "“Ring 1”" in finding.sentence) == (standing.INCOMPLETE, True)
    # The whole copy before it is kept past its date, until there is another whole one.
    CopiedSet.update(kept_until=utcnow() - timedelta(days=9)).execute()
    CopyStore.update(tidied_at=None, checked_at=utcnow()).execute()
    look_after(store)
    assert {row.id for row in CopiedSet.select()} == {whole.id, copied.id}
    CopyStore.update(unopened=None).execute()
    make_set(cast.contoso, changed=1)
    [run] = push_all(store)
    assert (run.state, standing.of_store(CopyStore.get_by_id(store.id), utcnow())) == (RunState.SUCCEEDED, [])


@only_sqlite
def test_a_missing_key_is_waited_for_a_day_and_then_the_copy_goes_without_what_it_sealed(cast, redis_url, new_place):
    store = add_store(new_place("file"))
    make_set(cast.contoso)
    first = Content.select().order_by(Content.id).first()
    body = bytes(first.sealed)
    Content.update(sealed=body[:1] + bytes(8) + body[9:]).where(Content.id == first.id).execute()
    assert [run.state for run in push_all(store)] == [RunState.FAILED]
    copied = CopiedSet.get()
    assert (copied.state, "TENANTKEEP_ENCRYPTION_KEYS lacks the key" in copied.message) == (CopyState.FAILED, True)
    CopiedSet.update(set_at=utcnow() - push.KEY_PATIENCE, try_at=utcnow()).execute()
    assert [run.state for run in push_all(store)] == [RunState.PARTIAL]
    assert (CopiedSet.get().state, CopiedSet.get().left_out) == (CopyState.COMPLETE, 1)
    # Where nothing opens there is no copy.
    Content.update(sealed=b"damaged").execute()
    CopiedContent.delete().execute()
    copied_sets.lose(CopiedSet.get())
    assert [run.state for run in push_all(store)] == [RunState.FAILED]
    assert CopiedSet.get().message.startswith("No content of the set can be opened here.")


@only_sqlite
def test_a_push_stops_soon_after_somebody_asked_and_not_at_the_end_of_its_page(cast, redis_url, new_place, monkeypatch):
    store = add_store(new_place("file"))
    make_set(cast.contoso)
    monkeypatch.setattr(contents, "TOGETHER", 1)
    seal = sending.sealed

    def seal_and_ask(*some):
        Run.update(cancel_requested_at=utcnow()).where(Run.kind == "copy.push").execute()
        return seal(*some)

    monkeypatch.setattr(sending, "sealed", seal_and_ask)
    assert [run.state for run in push_all(store)] == [RunState.CANCELLED]
    assert (CopiedContent.select().count(), CopiedSet.get().state) == (1, CopyState.FAILED)
