"""Policies follow their lists."""

from db.models import Policy
from db.policies import policies
from db.states import PolicyState


def test_a_listing_refreshes_adds_and_marks_gone(cast):
    def listed(*ids):
        return [
            {
                "graph_id": graph_id,
                "name": f"Name {graph_id}",
                "odata_type": None,
                "platform": None,
                "is_built_in": False,
                "modified_at": None,
            }
            for graph_id in ids
        ]

    assert policies.record_listing(cast.contoso, "intents", listed("a", "b")) == 0
    assert policies.record_listing(cast.contoso, "intents", listed("b", "c")) == 1
    states = {row.graph_id: row.state for row in Policy.select().where(Policy.policy_type == "intents")}
    assert states == {"a": PolicyState.GONE, "b": PolicyState.PRESENT, "c": PolicyState.PRESENT}
    policies.record_listing(cast.contoso, "intents", listed("a", "b", "c"))
    assert Policy.get(Policy.graph_id == "a").gone_at is None
