"""Contents that no set brings: pushed once, a portion at a time, after the sets, and again where the store lost one."""

import pytest

from actors.copies import layout, loose, tending
from actors.copies.stores.opening import open_store
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import standing, stores
from db.models import Content, CopiedContent, CopiedSet, CopyStore, Policy, Snapshot
from tests.support.captures import capture_by_hand
from tests.support.copied import add_store, look_after, make_set, push_all

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_history_and_single_captures_follow_the_sets(cast, redis_url, new_place, monkeypatch):
    make_set(cast.contoso)
    make_set(cast.contoso, changed=1)
    place = new_place("file")
    store = add_store(place)
    assert store.snapshots_to is None, "sets come first"
    [run] = push_all(store)
    assert run.state == "succeeded"
    assert CopiedContent.select().count() == 3
    other = Policy.create(tenant=cast.fabrikam, policy_type="intents", graph_id="x", name="Alone")
    capture_by_hand(other, SYSTEM)
    monkeypatch.setattr(loose, "PORTION", 3)
    store = look_after(store)
    assert (store.error, CopiedContent.select().count()) == (None, 4)
    store = look_after(store)
    newest = Snapshot.select().order_by(Snapshot.id.desc()).first()
    # The version of before that no copied set has, and the capture.
    assert (store.snapshots_to, CopiedContent.select().count()) == (newest.id, 5)
    there = open_store(place.address, place.credentials)
    [lost] = CopiedContent.select().where(CopiedContent.directory_id == cast.fabrikam.directory_id)
    there.delete(layout.content_path(lost.name))
    CopyStore.update(is_verify_asked=True).execute()
    store = look_after(store)
    assert "was missing" in store.error
    look_after(store)
    push_all(store)
    for _ in range(2):
        store = look_after(store)
    assert there.head(layout.content_path(lost.name)) is not None
    assert CopiedContent.select().count() == 5


def test_a_content_that_no_longer_opens_here_is_told_and_holds_up_neither_the_state_nor_others(
    cast, redis_url, new_place
):
    place = new_place("file")
    store = add_store(place)
    make_set(cast.contoso)
    damaged = Content.select().order_by(Content.id).first()
    Content.update(sealed=b"damaged" + bytes(damaged.sealed)[7:]).where(Content.id == damaged.id).execute()
    CopiedSet.delete().execute()
    CopyStore.update(state_at=None, verified_at=None).execute()
    store = look_after(store)
    assert (store.error, f"Content {damaged.id}: " in store.unopened) == (None, True)
    assert None not in (store.state_at, store.verified_at)
    assert CopiedContent.select().count() == 2
    assert [finding.why for finding in standing.of_store(store, utcnow())] == [standing.INCOMPLETE]
    # Each day it is looked at again, and told until somebody has looked into it.
    Content.update(sealed=damaged.sealed).where(Content.id == damaged.id).execute()
    CopyStore.update(tidied_at=None).execute()
    store = look_after(store)
    assert (CopiedContent.select().count(), store.unopened is None) == (3, False)
    stores.ask(store, SYSTEM, "seen")
    assert look_after(store).unopened is None


def test_a_store_that_is_removed_while_it_is_looked_after_is_no_fault(cast, redis_url, new_place, monkeypatch, caplog):
    def release_and_remove(row):
        release(row)
        stores.remove(row, SYSTEM)

    store = add_store(new_place("file"))
    make_set(cast.contoso)
    CopiedSet.delete().execute()
    CopyStore.update(state_at=None).execute()
    release = tending.copied_sets.release_stranded
    monkeypatch.setattr(tending.copied_sets, "release_stranded", release_and_remove)
    look_after(store)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
