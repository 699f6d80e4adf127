"""Who may send a content, who takes over what was left on its way, and that whoever lost it changes nothing."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.copies import copied_contents, sent_contents
from db.installation import lost_contents
from db.models import CopiedContent, CopyStore
from tests.db.copies.test_standing import COLUMNS


def facts(store, name, checksum):
    return {
        "store": store.id, "directory_id": "d", "name": name, "sha256": "of its JSON", "checksum": checksum,
        "plain_bytes": 1, "stored_bytes": 2, "kept_until": utcnow() + timedelta(days=9),
    }  # fmt: skip


def test_one_at_a_time_sends_a_content_and_whoever_lost_it_changes_nothing(database):
    store = CopyStore.create(**COLUMNS)
    assert sent_contents.announce(store, [facts(store, name, f"{name}1") for name in "ba"], 1) == {}
    theirs = sent_contents.announce(store, [facts(store, name, f"{name}2") for name in "bac"], 2)
    assert {name: row.checksum for name, row in theirs.items()} == {"a": "a1", "b": "b1"}
    left = theirs["a"]
    assert [sent_contents.is_left(left, set_id) for set_id in (1, 2, None)] == [True, False, False]
    CopiedContent.update(on_its_way_since=utcnow() - sent_contents.PATIENCE).where(CopiedContent.name == "a").execute()
    left = CopiedContent.get(CopiedContent.name == "a")
    assert [sent_contents.is_left(left, set_id) for set_id in (1, 2, None)] == [True, True, True]
    left.on_its_way_since = utcnow() + timedelta(days=1)
    assert sent_contents.is_left(left, 2), "by a clock that was set back since"
    assert sent_contents.take_over(left, facts(store, "a", "a2"), 2)
    assert not sent_contents.take_over(left, facts(store, "a", "a3"), 3), "another was quicker"
    assert sent_contents.still_mine(store, {"a": "a1", "b": "b1"}) == {"b"}
    assert sent_contents.arrive(store, {"a": "a1", "b": "b1"}) == {"a"}
    assert sent_contents.arrive(store, {"b": "b1", "gone": "x"}) == {"gone"}, "once more, it is there"
    assert [
        name for name, row in copied_contents.known(store, ["a", "b"]).items() if copied_contents.is_there(row)
    ] == ["b"]
    assert not sent_contents.adopt(store, "a", "a1", ("there", 7))
    assert sent_contents.adopt(store, "a", "a2", ("there", 7))
    row = CopiedContent.get(CopiedContent.name == "a")
    assert (row.checksum, row.stored_bytes, copied_contents.is_there(row)) == ("there", 7, True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_on_its_way_when_the_state_was_made_can_be_recovered(database):
    store = CopyStore.create(**COLUMNS)
    sent_contents.announce(store, [facts(store, "a", "a1")], None)
    assert lost_contents.digests(["a"]) == {"a": {"of its JSON"}}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_being_removed_is_nobodys_to_send(database):
    store = CopyStore.create(**COLUMNS)
    sent_contents.announce(store, [facts(store, "a", "a1")], 1)
    CopiedContent.update(is_going=True).execute()
    [row] = sent_contents.announce(store, [facts(store, "a", "a2")], 1).values()
    assert not sent_contents.is_left(row, 1)
    assert not sent_contents.take_over(row, facts(store, "a", "a2"), 1)
    assert sent_contents.still_mine(store, {"a": "a1"}) == set()
    assert not sent_contents.adopt(store, "a", "a1", ("there", 7))
