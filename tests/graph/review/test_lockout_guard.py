"""Conditional Access policies that could lock everybody out."""

import pytest

from graph.review.lockout_guard import find_lockout

ALL = {
    "conditions": {"users": {"includeUsers": ["All"], "excludeUsers": ["u"], "excludeGroups": ["g"]}},
    "state": "enabled",
}


@pytest.mark.parametrize(
    ("body", "named", "is_dangerous"),
    [
        (ALL, [{"id": "u", "name": "one"}, {"id": "g", "name": "two"}], False),
        (ALL, [{"id": "u", "name": "one"}, {"id": "x", "name": "two"}], True),
        (ALL, [{"kind": "users", "id": "u"}, {"kind": "groups", "id": "g"}], False),
        (ALL, [{"kind": "groups", "id": "u"}], True),
        (ALL, [{"kind": "users", "id": "g"}], True),
        (ALL, [], True),
        ({**ALL, "state": "Enabled"}, [], True),
        ({**ALL, "state": "enabledForReportingButNotEnforced"}, [], False),
        ({**ALL, "state": "disabled"}, [], False),
        ({"state": "enabled", "conditions": {"users": {"includeGroups": ["g"]}}}, [], False),
    ],
)
def test_the_guard_asks_for_every_named_account_where_a_policy_is_on_for_all_users(body, named, is_dangerous):
    assert bool(find_lockout("conditionalAccessPolicies", {"body": body}, named)) is is_dangerous
