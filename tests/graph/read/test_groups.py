"""Groups that are found, and groups that are created again."""

import pytest

from graph.errors import NotFound
from graph.read import groups
from tests.graph.steps import run_steps

SECURITY = {"id": "00000001-1111-4111-8111-111111111111", "displayName": "Pilot", "securityEnabled": True}


@pytest.mark.parametrize(
    ("facts", "is_created"),
    [
        ({}, True),
        ({"groupTypes": ["DynamicMembership"], "membershipRule": '(user.city -eq "Berlin")'}, True),
        ({"groupTypes": ["DynamicMembership"]}, False),
        ({"groupTypes": ["Unified"]}, False),
        ({"isAssignableToRole": True}, False),
        ({"onPremisesSyncEnabled": True}, False),
        ({"mailEnabled": True}, False),
        ({"securityEnabled": False}, False),
    ],
)
def test_refuse_creation_lets_plain_security_groups_pass(facts, is_created):
    assert (groups.refuse_creation({**SECURITY, **facts}) == "") is is_created


def test_new_group_body_pauses_a_rule_and_leaves_members_out():
    dynamic = {**SECURITY, "groupTypes": ["DynamicMembership"], "membershipRule": "x", "members": [{"id": "m"}]}
    body = groups.new_group_body(dynamic, with_members=True)
    assert body["membershipRuleProcessingState"] == "Paused"
    assert "members" not in body


def test_new_group_body_has_members_only_where_they_were_chosen():
    with_members = {**SECURITY, "members": [{"id": "m"}]}
    assert groups.new_group_body(with_members, with_members=True)["members"] == [{"id": "m"}]
    assert "members" not in groups.new_group_body(with_members, with_members=False)


def test_write_members_adds_the_missing_ones_twenty_a_request():
    want = {"members": [{"id": f"m{number}"} for number in range(43)]}
    requests = groups.write_members("/groups/g", {"members": [{"id": "m0"}, {"id": "other"}]}, want)
    assert [len(request.body["members@odata.bind"]) for request in requests] == [20, 20, 2]


def test_find_groups_looks_up_ids_and_names_and_passes_over_ids_that_are_gone():
    gone, there = "00000002-1111-4111-8111-111111111111", SECURITY["id"]
    answers = {
        groups.group_path(gone): NotFound("not_found", "It is not there."),
        groups.group_path(there): SECURITY,
        groups.group_search_path("Pilot"): {"value": [SECURITY, {"id": "other", "displayName": "Pilot"}]},
    }
    found, _ = run_steps(groups.find_groups([gone, there], ["Pilot"]), answers)
    assert [group["id"] for group in found] == [there, "other"]
