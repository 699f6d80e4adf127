"""A change as programs get it: exactly these fields."""

from datetime import datetime

from tests.support.changes import record_change, record_event
from web.change_words.documents import document


def test_a_change_is_a_document_of_exactly_these_fields(captured):
    policy, _, snapshot = captured[0]
    change = record_change(policy, after=snapshot, seen_at=datetime(2026, 3, 1, 12))
    event = record_event(policy, at=datetime(2026, 3, 1, 11, 30))
    assert document(change, [event]) == {
        "id": change.id,
        "policy_type": "configurationPolicies",
        "graph_id": policy.graph_id,
        "name": "Contoso policy 1",
        "kind": "changed",
        "severity": "high",
        "seen_at": "2026-03-01T12:00:00Z",
        "by": [
            {
                "kind": "person",
                "name": "anna@contoso.example",
                "at": "2026-03-01T11:30:00Z",
                "activity": "Patch DeviceManagementConfigurationPolicy",
            }
        ],
        "snapshot_before": None,
        "snapshot_after": snapshot.id,
        "state": "open",
    }
