"""The content that a restore writes, as the options make it."""

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.restore.desired_content import desired_content, without_past_dates
from graph.restore.options import AS_CAPTURED, COPY, EXACT, NONE, OFF, REPORT_ONLY, RestoreOptions

ACCESS, CATALOG = POLICY_TYPES["conditionalAccessPolicies"], POLICY_TYPES["configurationPolicies"]
GROUPS = POLICY_TYPES["groups"]


@pytest.mark.parametrize(
    ("choice", "captured", "state"),
    [
        (REPORT_ONLY, "enabled", "enabledForReportingButNotEnforced"),
        (REPORT_ONLY, "disabled", "disabled"),
        (OFF, "enabled", "disabled"),
        (AS_CAPTURED, "enabled", "enabled"),
    ],
)
def test_conditional_access_has_the_chosen_state(choice, captured, state):
    content = {"body": {"displayName": "c", "state": captured}, "assignments": None}
    options = RestoreOptions(EXACT, conditional_access=choice)
    assert desired_content(ACCESS, content, options, ())["body"]["state"] == state


def test_a_copy_has_its_prefix():
    content = {"body": {"name": "Base"}, "assignments": []}
    options = RestoreOptions(EXACT, existing=COPY, prefix="Copy of ")
    assert desired_content(CATALOG, content, options, ())["body"]["name"] == "Copy of Base"


def test_assignments_are_left_out_where_none_were_chosen():
    content = {"body": {"name": "Base"}, "assignments": [{"target": {"groupId": "g"}}]}
    assert desired_content(CATALOG, content, RestoreOptions(NONE), ())["assignments"] == []


def test_the_backups_content_stays_as_it_is():
    content = {"body": {"displayName": "c", "state": "enabled"}, "assignments": None}
    desired_content(ACCESS, content, RestoreOptions(EXACT), ())
    assert content["body"]["state"] == "enabled"


def test_without_past_dates_keeps_the_live_property_or_none():
    want = {"body": {"displayName": "u", "rolloutSettings": {"offerStartDateTimeInUTC": "2020-01-01T00:00:00Z"}}}
    live = {"body": {"rolloutSettings": {"offerStartDateTimeInUTC": "2021-01-01T00:00:00Z"}}}
    kept = without_past_dates(want, ["rolloutSettings"], live)
    assert kept["body"] == {"displayName": "u", **live["body"]}
    assert without_past_dates(want, ["rolloutSettings"], None)["body"] == {"displayName": "u"}
