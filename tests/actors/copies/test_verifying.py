"""What a sample of a store shows of what somebody did to it."""

import pytest

from actors.copies import layout
from actors.copies.stores.opening import open_store
from db.models import CopiedContent, CopiedSet
from tests.actors.copies.test_tending import ask
from tests.support.copied import add_store, make_set, push_all, read_copy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


# What somebody does to a store that locks nothing -> what the next look at a sample says.
DAMAGE = {
    "a content is gone": (lambda there, content, _: there.delete(content), "was missing in the store"),
    "a content is another": (lambda there, content, _: replace(there, content), "is not what was pushed"),
    "the manifest is another": (lambda there, _, manifest: replace(there, manifest), "is not what was pushed"),
    "the signature is another": (lambda there, _, manifest: replace(there, f"{manifest}.sig"), "is not ours"),
}


def replace(there, name):
    size = len(there.get(name))
    there.delete(name)
    there.put(name, b"x" * size)


@pytest.mark.parametrize("damage", DAMAGE)
def test_reading_a_sample_back_finds_what_somebody_did_to_a_store(damage, cast, redis_url, new_place):
    place = new_place("file")
    make_set(cast.contoso)
    store = add_store(place)
    push_all(store)
    assert ask(store, "verify").error is None
    act, words = DAMAGE[damage]
    there = open_store(place.address, place.credentials)
    act(there, layout.content_path(CopiedContent.select().first().name), layout.manifest_path(CopiedSet.get()))
    store = ask(store, "verify")
    assert words in store.error
    assert store.failing_since
    if damage == "a content is gone":
        push_all(store)
        assert len(read_copy(place, CopiedSet.get())) == 3
        assert ask(store, "verify").error is None
