"""Rows about a policy type: each has the title that people know the type by."""

from web.presentation.policy_type_row import PolicyTypeRow


class Row(PolicyTypeRow):
    key = "configurationPolicies"


def test_a_row_has_the_title_of_its_policy_type():
    assert Row().title == "Settings catalog"
