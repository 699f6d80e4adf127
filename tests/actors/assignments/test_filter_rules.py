"""The rule of a filter is its newest snapshot's; one that was never captured has none."""

import pytest

from actors.assignments.filter_rules import rules_of
from db.audit.audit import SYSTEM
from db.models import Policy
from tests.support.captures import capture_by_hand


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_rules_are_of_the_newest_snapshot_and_of_this_tenant(cast):
    for graph_id in ("f", "unread"):
        Policy.create(tenant=cast.contoso, policy_type="assignmentFilters", graph_id=graph_id, name="F")
    for rule in ("old", "new"):
        capture_by_hand(Policy.get(Policy.graph_id == "f"), SYSTEM, {"rule": rule})
    assert rules_of(cast.contoso.id, {"f", "unread"}) == {"f": "new"}
    assert rules_of(cast.fabrikam.id, {"f"}) == {}
