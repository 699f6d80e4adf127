"""Warnings before a restore exceeds the number of policies that Microsoft allows."""

import pytest

from graph.policy_types.quotas import QUOTAS, quota_warning


@pytest.mark.parametrize(
    ("there", "number", "is_over"), [(239, 1, False), (240, 1, True), (238, 3, True), (0, 240, False)]
)
def test_more_policies_than_microsoft_allows_are_told_before(there, number, is_over):
    said = quota_warning(QUOTAS["conditionalAccessPolicies"], there, number)
    assert ("240" in said) is is_over
