"""The policies of documents, listed without their contents; and what became of each last."""

from datetime import timedelta

from db.clock import utcnow
from db.documents import document_policies
from db.models import Policy
from db.states import ChangeKind, PolicyState
from tests.support.changes import record_change
from tests.support.documents import captured_policies


def test_the_newest_snapshot_of_each_policy_that_is_there(cast):
    first, second = captured_policies(cast.contoso, {"name": "A"}, {"name": "B"})
    [newer] = captured_policies(cast.contoso, {"name": "A again"})
    captured_policies(cast.fabrikam, {"name": "Theirs"})
    assert document_policies.newest_snapshot_ids(cast.contoso) == [second.id, newer.id]
    Policy.update(state=PolicyState.GONE).where(Policy.id == second.policy_id).execute()
    assert document_policies.newest_snapshot_ids(cast.contoso) == [newer.id]
    assert document_policies.newest_snapshot_ids(cast.contoso, second.policy) == [second.id]
    listed = {row.snapshot_id: row.name for row in document_policies.listed([first.id, second.id])}
    assert listed == {first.id: "Contoso policy 1", second.id: "Contoso policy 2"}
    assert [row.id for row in document_policies.load([second.id, 0, first.id])] == [second.id, first.id]


def test_the_last_change_of_each_as_far_as_it_was_seen_by_then(cast):
    [snapshot] = captured_policies(cast.contoso, {"name": "A"})
    earlier = record_change(snapshot.policy, kind=ChangeKind.ADDED, seen_at=utcnow() - timedelta(days=2))
    later = record_change(snapshot.policy)
    ids = [snapshot.policy_id]
    assert document_policies.last_changes(ids, None)[snapshot.policy_id].id == later.id
    assert document_policies.last_changes(ids, utcnow() - timedelta(days=1))[snapshot.policy_id].id == earlier.id
    assert document_policies.last_changes(ids, utcnow() - timedelta(days=9)) == {}
