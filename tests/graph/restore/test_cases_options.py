"""Plans of all types under all options: an option is never a difference itself."""

from itertools import product

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.write.write_rules import WRITE_RULES
from tests.graph.restore.test_cases_planning import NOW, content

ACCESS = "conditionalAccessPolicies"
CHOICES = list(product(("made", "leave", "exact", "none"), ("update", "skip"), ("as captured", "report only", "off")))
COMMON = [
    key for key, rule in WRITE_RULES.items() if not rule.cannot_restore and not POLICY_TYPES[key].is_referred
]  # fmt: skip
EVERYBODY = [{"id": "x", "target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}]


def decided(key, want, live, choice, was_here=True):
    assignments, existing, access = choice
    options = RestoreOptions(assignments, existing=existing, conditional_access=access)
    return plan_item(PlanCase(POLICY_TYPES[key], want, Match(live and "x", how="id"), live, NOW, (), was_here), options)


def held(key, text="as captured", assignments=EVERYBODY, state="enabled"):
    made = content(key, text, assignments if WRITE_RULES[key].assign else None)
    if key == ACCESS:
        made["body"] |= {"state": state, "conditions": {"users": {"includeUsers": ["x"]}}}
        made["body"].pop("description")
        made["body"]["displayName"] = text
    return made


@pytest.mark.parametrize("key", COMMON)
def test_what_equals_the_backup_stays_as_it_is_under_every_option(key):
    for choice in CHOICES:
        plan = decided(key, held(key), held(key), choice)
        assert (plan.action, plan.reason, plan.shortfalls) == ("matches", None, ()), choice


@pytest.mark.parametrize("key", COMMON)
def test_what_differs_is_never_called_equal(key):
    for choice in CHOICES:
        plan = decided(key, held(key), held(key, "changed by hand"), choice)
        assert plan.action != "matches", choice
        if choice[1] == "skip":
            assert plan.action == "exists"
