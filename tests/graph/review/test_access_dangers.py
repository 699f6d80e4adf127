"""Conditional Access that a change weakens."""

import pytest

from graph.review.access_dangers import LOSSES

GRANT = {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}
POLICY = {
    "state": "enabled",
    "conditions": {"users": {"includeUsers": ["All"]}, "clientAppTypes": ["all"]},
    "grantControls": GRANT,
}
[find_weakening] = LOSSES["conditionalAccessPolicies"]


def with_users(**users):
    return {**POLICY, "conditions": {**POLICY["conditions"], "users": {"includeUsers": ["All"], **users}}}


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (None, "would be removed"),
        ({**POLICY, "state": "disabled"}, "would be off"),
        (with_users(excludeGroups=["g"]), "exclude more"),
        (with_users(includeUsers=["u"]), "apply to less"),
        ({**POLICY, "grantControls": {**GRANT, "operator": "OR"}}, "ask for less"),
        ({**POLICY, "grantControls": {**GRANT, "builtInControls": ["mfa"]}}, "ask for less"),
    ],
)
def test_a_weaker_policy_is_a_danger(then, words):
    [danger] = find_weakening(POLICY, then)
    assert words in danger.sentence


@pytest.mark.parametrize(
    "then",
    [POLICY, {**POLICY, "grantControls": {**GRANT, "builtInControls": ["mfa", "compliantDevice", "passwordChange"]}}],
)
def test_a_policy_that_asks_for_as_much_is_no_danger(then):
    assert list(find_weakening(POLICY, then)) == []


def test_a_policy_that_is_not_enforced_cannot_be_weakened():
    assert list(find_weakening({**POLICY, "state": "disabled"}, None)) == []
