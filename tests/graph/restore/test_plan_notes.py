"""What a plan says beside its action, for all types that have assignments."""

import pytest

from graph.write.write_rules import WRITE_RULES
from tests.graph.restore.test_cases_options import COMMON, decided, held
from tests.support.told import shortfall_codes


@pytest.mark.parametrize("key", [key for key in COMMON if WRITE_RULES[key].assign])
def test_assignments_that_differ_are_written_or_told(key):
    """What the options leave as it is does not make the tenant as the backup has it."""
    want, live = held(key), held(key, assignments=[])
    told = {choice: decided(key, want, live, (choice, "update", "as captured")) for choice in ("made", "leave", "none")}
    for choice, plan in told.items():
        assert (plan.action, plan.reason) == ("matches", "kept"), choice
        assert shortfall_codes(plan) == ["assignments_kept"], choice
    exact = decided(key, want, live, ("exact", "update", "as captured"))
    assert (exact.action, exact.shortfalls) in (("update", ()), ("blocked", ()))


@pytest.mark.parametrize("key", [key for key in COMMON if WRITE_RULES[key].assign])
def test_a_policy_that_is_made_again_has_its_assignments_or_says_that_it_is_assigned_to_nobody(key):
    for choice, codes in {
        "made": [],
        "exact": [],
        "leave": ["assigned_to_nobody"],
        "none": ["assigned_to_nobody"],
    }.items():
        plan = decided(key, held(key), None, (choice, "update", "as captured"))
        if plan.action == "recreate":
            assert [code for code in shortfall_codes(plan) if code == "assigned_to_nobody"] == codes, choice
            assert all(found.values == {"who": "All devices"} for found in plan.shortfalls if codes)
