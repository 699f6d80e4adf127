from datetime import timedelta

import pytest

from db.clock import utcnow
from db.copies import copied_contents, sent_contents, stores
from db.models import CopiedContent, CopyStore
from tests.db.copies.test_standing import COLUMNS

DAY = timedelta(days=1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_content_that_goes_is_not_kept_again_and_one_that_is_kept_does_not_go(database):
    store, now = CopyStore.create(**COLUMNS), utcnow()
    facts = {"store": store.id, "directory_id": "d", "sha256": "a", "checksum": "b", "plain_bytes": 1}
    rows = [{**facts, "name": name, "stored_bytes": 2, "kept_until": now - DAY} for name in "abc"]
    sent_contents.announce(store, rows, None)
    sent_contents.announce(store, rows, None)
    assert copied_contents.totals(store) == (0, 0), "they are on their way"
    assert sent_contents.arrive(store, dict.fromkeys("abc", "b")) == set()
    assert copied_contents.totals(store) == (3, 6)
    for counted, shown in ((5, (3, 6)), (10_001, (10_001, 77))):
        stores.record(store, contents=counted, contents_bytes=77)
        assert copied_contents.totals(store) == shown, "so many are added up once a day"
    known = copied_contents.known(store, ["a", "b", "z"])
    assert copied_contents.keep(known["a"], now + DAY, None)
    assert copied_contents.take_over(store, now, {"d"}, 9) == []
    going = copied_contents.take_over(store, now, set(), 9)
    assert {content.name for content in going} == {"b", "c"}
    assert not copied_contents.keep(known["b"], now + DAY, None)
    again = copied_contents.take_over(store, now, {"d"}, 9)
    assert {content.name for content in again} == {"b", "c"}, "whoever needs one waits for its end"
    [locked] = [content for content in again if content.name == "c"]
    copied_contents.let_stay(locked, None)
    assert [content.name for content in copied_contents.take_over(store, now, set(), 9)] == ["b"], "it is locked"
    assert copied_contents.keep(locked, now - DAY, None)
    CopiedContent.update(is_going=True).where(CopiedContent.name == "c").execute()
    copied_contents.forget([content.id for content in CopiedContent.select()])
    assert [content.name for content in CopiedContent.select()] == ["a"]
    assert [content.name for content in copied_contents.sample(store, [0.0, 0.5, 1.0])] == ["a"]
