"""Every table of policy types knows every one of them, and none that is no more; CONTRIBUTING.md goes by it."""

import pytest

from graph.policy_types import quotas, shape
from graph.policy_types.table import POLICY_TYPES
from graph.read import children, tenant_wide_details
from graph.restore import address_checks
from graph.review import access_dangers, dangers, settings_dangers
from graph.simulator.model.collections import COLLECTIONS
from graph.simulator.model.write_rules import RULES
from graph.write import attainable, readiness
from graph.write.write_rules import WRITE_RULES
from tests.support.simulated_tenant import collection_of

# Those that need no row for most policy types.
PARTIAL = {
    "attainable": attainable._LIMITS,
    "children": children._READERS,
    "tenant_wide_details": tenant_wide_details._READERS,
    "dangers": dangers._LOSSES,
    "access_dangers": access_dangers.FINDERS,
    "settings_dangers": settings_dangers.COMPLIANCE,
    "quotas": quotas.QUOTAS,
    "readiness": readiness.READINESS,
    "patience": readiness.PATIENCE,
    "shape": shape._OF_TYPE,
    "address_checks": address_checks._IN_ADDRESSES,
}


def test_each_has_a_rule_for_writing():
    assert set(WRITE_RULES) == set(POLICY_TYPES)


@pytest.mark.parametrize("policy_type", POLICY_TYPES.values(), ids=lambda policy_type: policy_type.key)
def test_the_simulator_has_its_collection(policy_type):
    assert collection_of(policy_type).lower() in {path.lower() for path in COLLECTIONS}


@pytest.mark.parametrize("policy_type", POLICY_TYPES.values(), ids=lambda policy_type: policy_type.key)
def test_the_simulator_has_its_rules_where_it_is_written(policy_type):
    if not WRITE_RULES[policy_type.key].cannot_restore:
        assert collection_of(policy_type).lower() in {path.lower() for path in RULES}


@pytest.mark.parametrize("name", PARTIAL)
def test_a_partial_table_names_none_that_is_no_more(name):
    assert set(PARTIAL[name]) <= set(POLICY_TYPES)
