"""What a look at a store shows of what somebody did to it, what mends itself, and that it is told until it was seen."""

import pytest

from actors.copies import layout, verifying
from actors.copies.stores.opening import open_store
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import standing, stores
from db.models import CopiedContent, CopiedSet, CopyStore
from tests.actors.copies.test_tending import ask
from tests.support.copied import add_store, look_after, make_set, push_all, read_copy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def replace(there, name):
    size = len(there.get(name))
    there.delete(name)
    there.put(name, b"x" * size)


def content_paths():
    return [layout.content_path(content.name) for content in CopiedContent.select().order_by(CopiedContent.id)]


def oldest_manifest():
    return layout.manifest_path(CopiedSet.select().order_by(CopiedSet.set_number).first())


def newest_manifest():
    return layout.manifest_path(CopiedSet.select().order_by(CopiedSet.set_number.desc()).first())


def newest_state():
    return layout.state_path(CopyStore.get().state_at)


# What somebody does to a store that locks nothing -> what the next look says, and what then has to be deleted there for
# it to come anew.
DAMAGE = {
    "one content is gone": (lambda there: there.delete(content_paths()[0]), "missing in the store", None),
    "most contents are gone": (
        lambda there: [there.delete(path) for path in content_paths()[1:]], "and 3 more were missing", None,
    ),
    "a content is another": (
        lambda there: replace(there, content_paths()[0]), "is not what was pushed", lambda: content_paths()[0],
    ),
    "an old manifest is gone": (lambda there: there.delete(oldest_manifest()), "missing in the store", None),
    "the manifest is another": (
        lambda there: replace(there, newest_manifest()), "is not what was pushed", newest_manifest,
    ),
    "the signature is another": (
        lambda there: replace(there, f"{newest_manifest()}.sig"), "is not ours", newest_manifest,
    ),
    "the state is gone": (lambda there: there.delete(newest_state()), "missing in the store", None),
    "the state is another": (lambda there: replace(there, newest_state()), "A new state is pushed", None),
}  # fmt: skip


def test_what_somebody_did_to_a_store_is_found_mended_and_told_until_it_was_seen(
    cast, redis_url, new_place, monkeypatch
):
    place = new_place("file")
    make_set(cast.contoso)
    store = add_store(place)
    push_all(store)
    make_set(cast.contoso, changed=1)
    make_set(cast.contoso, changed=2)
    push_all(store)
    assert ask(store, "verify").error is None
    there = open_store(place.address, place.credentials)
    # Whatever is missing is found in the lists, however small the part of them that is looked at.
    monkeypatch.setattr(verifying, "FOLDERS_LISTED", 256)
    for damage, (act, words, mend) in DAMAGE.items():
        act(there)
        store = ask(store, "verify")
        assert words in store.error, damage
        if mend is not None:
            there.delete(mend())
            assert "missing in the store" in ask(store, "verify").error, damage
        push_all(store)
        store = ask(store, "verify")
        assert store.error is None, damage
        for row in CopiedSet.select():
            assert len(read_copy(place, row)) == 3, damage
        # It is well again, and nobody has looked into who was there.
        assert {finding.why for finding in standing.of_store(store, utcnow())} == {standing.DAMAGED}, damage
        stores.ask(store, SYSTEM, "seen")
        assert standing.of_store(CopyStore.get(), utcnow()) == [], damage
    # A set that is no longer here cannot come anew: it is told once.
    gone = oldest_manifest()
    CopiedSet.update(backup_set=None).where(CopiedSet.set_number == int(gone.split("/")[2])).execute()
    there.delete(gone)
    assert "missing in the store" in ask(store, "verify").error
    assert CopiedSet.select().count() == 2
    assert ask(store, "verify").error is None


def test_what_somebody_hides_in_a_store_that_locks_comes_to_light_and_is_not_pushed_again(cast, redis_url, new_place):
    place = new_place("s3")
    make_set(cast.contoso)
    store = add_store(place)
    push_all(store)
    look_after(store)
    there = open_store(place.address, place.credentials)
    names = [content_paths()[0], newest_manifest(), f"{newest_manifest()}.sig"]
    for name in names:
        there._client.delete_object(**there._of(name))
    # A look ends at the first that it finds: the next one is ten minutes later.
    for _ in names:
        if (store := ask(store, "verify")).error is None:
            break
    assert store.error is None
    assert store.damaged_at is not None
    assert push_all(store) == []
    assert {len(list(there.versions(name))) for name in names} == {1}
    assert len(read_copy(place, CopiedSet.get())) == 3
