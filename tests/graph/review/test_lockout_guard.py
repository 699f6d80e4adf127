"""Conditional Access policies that could lock everybody out."""

import pytest

from graph.review.lockout_guard import find_lockout

ACCESS = "conditionalAccessPolicies"
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
    assert bool(find_lockout(ACCESS, {"body": body}, named, list)) is is_dangerous


def test_a_policy_that_excludes_every_account_needs_somebody_who_can_use_one():
    asked = []

    def nobody():
        asked.append(1)
        return [f"Nobody is in “{number}”." for number in range(9)]

    named = [{"kind": "groups", "id": "g"}]
    danger = find_lockout(ACCESS, {"body": ALL}, named, nobody)
    assert "nobody is known who could use the emergency accounts that it excludes. Nobody is in “0”. " in danger
    assert ("“4”" in danger, "“5”" in danger) == (True, False)
    for body, entries in ((ALL, []), (ALL, [{"id": "x"}]), ({**ALL, "state": "disabled"}, named)):
        find_lockout(ACCESS, {"body": body}, entries, nobody)
    assert len(asked) == 1, "nobody is asked for of a policy that is held back, or is not on for everybody"
