"""The order in which policies are written."""

import pytest

from graph.write.write_rules import is_written_alone, order_by_needs, write_order

TYPE = "#microsoft.graph."


def test_order_by_needs_puts_each_item_after_those_that_it_needs():
    assert order_by_needs(["a", "b", "c"], {"a": ["c"]}) == ["c", "a", "b"]


def test_items_that_need_each_other_are_all_there_once():
    assert sorted(order_by_needs(["a", "b"], {"a": ["b"], "b": ["a"]})) == ["a", "b"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("assignmentFilters", {}), ("deviceConfigurations", {})),
        (
            ("deviceConfigurations", {"@odata.type": f"{TYPE}windows81TrustedRootCertificate"}),
            ("deviceConfigurations", {"@odata.type": f"{TYPE}windows81SCEPCertificateProfile"}),
        ),
        (
            ("deviceConfigurations", {"@odata.type": f"{TYPE}windows10GeneralConfiguration"}),
            ("deviceConfigurations", {"@odata.type": f"{TYPE}windowsDomainJoinConfiguration"}),
        ),
        (("deviceEnrollmentConfigurations", {"priority": 1}), ("deviceEnrollmentConfigurations", {"priority": 2})),
        (("organizationalBranding", {"id": "0"}), ("organizationalBranding", {"id": "de-DE"})),
        (("conditionalAccessPolicies", {}), ("operationApprovalPolicies", {})),
    ],
)
def test_write_order_puts_what_others_need_first(first, second):
    assert write_order(*first) < write_order(*second)


def test_only_policies_that_move_each_other_are_written_alone():
    assert is_written_alone("deviceEnrollmentConfigurations", {})
    assert is_written_alone("configurationPolicies", {"technologies": "enrollment"})
    assert not is_written_alone("configurationPolicies", {"technologies": "mdm"})
