"""Contents that a restore's own writes explain, half done or whole, and those that only somebody else can have made."""

import copy

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.write.own_writes import begun_change, begun_creation, begun_removal
from graph.write.write_rules import WRITE_RULES
from tests.graph.write.test_write_requests import written_policies


def catalog(description="", settings=("a",), groups=()):
    """Settings by id and value, as "a" or "a2"."""
    return {
        "body": {
            "name": "Policy",
            "description": description,
            "settings": [
                {"settingInstance": {"settingDefinitionId": setting[0], "value": setting[1:]}} for setting in settings
            ],
        },
        "assignments": [{"target": {"groupId": group_id}} for group_id in groups],
    }


CATALOG = POLICY_TYPES["configurationPolicies"]
BEFORE = catalog("before", ("a", "b"), ("g1",))
WANT = catalog("wanted", ("a2", "c"), ("g2",))


@pytest.mark.parametrize(
    ("there", "is_ours"),
    [
        (BEFORE, True),
        (WANT, True),
        (catalog("wanted", ("a", "b"), ("g1",)), True),
        (catalog("wanted", ("a2", "b", "c"), ("g1", "g2")), True),
        (catalog("wanted", ("a2", "c"), ()), True),
        (catalog("somebody's", ("a", "b"), ("g1",)), False),
        (catalog("wanted", ("a3", "c"), ("g2",)), False),
        (catalog("wanted", ("a2", "c3"), ("g2",)), False),
        (catalog("wanted", ("a2", "b3"), ("g2",)), False),
        (catalog("wanted", ("a2", "c", "d"), ("g2",)), False),
        (catalog("wanted", ("a2", "c"), ("g2", "g3")), False),
    ],
)
def test_a_half_written_update_is_ours_and_what_is_of_neither_side_is_not(there, is_ours):
    assert begun_change(BEFORE, WANT).explains(CATALOG, there, with_assignments=True) is is_ours


def test_assignments_that_are_left_alone_tell_nothing():
    there = catalog("wanted", ("a2", "c"), ("g2", "g3"))
    assert begun_change(BEFORE, WANT).explains(CATALOG, there, with_assignments=False)


def test_what_the_service_adds_by_itself_is_nobodys_doing():
    policies = POLICY_TYPES["conditionalAccessPolicies"]
    before, want, there = (
        {"body": {"sessionControls": {"signInFrequency": {"value": hours, **more}}}, "assignments": None}
        for hours, more in ((4, {}), (8, {}), (8, {"frequencyInterval": "timeBased"}))
    )
    assert begun_change(before, want).explains(policies, there, with_assignments=True)
    there["body"]["sessionControls"]["signInFrequency"]["value"] = 9
    assert not begun_change(before, want).explains(policies, there, with_assignments=True)


def test_a_removal_that_let_go_of_assignments_is_ours_and_an_edit_is_not():
    begun = begun_removal(BEFORE)
    for there, is_ours in ((BEFORE, True), (catalog("before", ("a", "b")), True), (catalog("x", ("a", "b")), False)):
        assert begun.explains(CATALOG, there, with_assignments=True) is is_ours


def test_a_priority_moves_with_those_of_others():
    policy_type = POLICY_TYPES["deviceEnrollmentConfigurations"]
    before, there, want = (
        {"body": {"displayName": "x", "priority": number}, "assignments": []} for number in (1, 2, 3)
    )
    assert begun_change(before, want).explains(policy_type, there, with_assignments=True)


def test_what_a_create_made_is_ours_at_once_and_when_it_is_whole():
    for policy_type, _, content in written_policies():
        if not WRITE_RULES[policy_type.key].cannot_create(content["body"]):
            _check_that_what_was_made_is_ours(policy_type, content)


def _check_that_what_was_made_is_ours(policy_type, content):
    begun = begun_creation(policy_type, content)
    assert begun.explains(policy_type, begun.before, with_assignments=True)
    assert begun.explains(policy_type, content, with_assignments=True)
    other = copy.deepcopy(content)
    told = {policy_type.name_property} & begun.names or {"signInPageText"}  # a branding has no name
    other["body"] |= dict.fromkeys(told, "Somebody's")
    assert not begun.explains(policy_type, other, with_assignments=True)
