import pytest

from db.audit.audit import SYSTEM
from db.copies import loose_contents
from db.models import CopyStore, Policy, Snapshot
from tests.db.copies.test_standing import COLUMNS
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_look_begins_before_its_mark_which_never_goes_back(cast, monkeypatch):
    store = CopyStore.create(**COLUMNS)
    assert not loose_contents.has_new(store)
    for number in range(5):
        policy = Policy.create(tenant=cast.contoso, policy_type="intents", graph_id=f"{number}", name=f"{number}")
        capture_by_hand(policy, SYSTEM)
    ids = [row.id for row in Snapshot.select().order_by(Snapshot.id)]
    monkeypatch.setattr(loose_contents, "PAGE", 2)
    monkeypatch.setattr(loose_contents, "AGAIN", 1)

    def looked(most):
        row = CopyStore.get_by_id(store.id)
        return [[content.snapshot_id for content in page] for page in loose_contents.pages(row, most)]

    assert looked(3) == [ids[:2], ids[2:3]]
    loose_contents.record(store, ids[2])
    loose_contents.record(store, ids[0])
    assert looked(3) == [ids[2:4], ids[4:]]
    assert loose_contents.has_new(CopyStore.get_by_id(store.id))
    loose_contents.record(store, ids[4])
    assert not loose_contents.has_new(CopyStore.get_by_id(store.id))
    loose_contents.look_again(store.id)
    assert looked(9) == [ids[:2], ids[2:4], ids[4:]]
