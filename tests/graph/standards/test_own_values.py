"""Tenants' own values at the places that a comparison named, over the shapes that policies have."""

import copy
from typing import Any

import pytest

from graph.changes.ignored_paths import ANY, Path, is_ignored
from graph.display.diff import compare
from graph.policy_types.table import POLICY_TYPES
from graph.standards.own_values import keep_own

CATALOG, ACCESS, RING = "configurationPolicies", "conditionalAccessPolicies", "deviceConfigurations"
GROUP = "#microsoft.graph.groupAssignmentTarget"


def _choice(definition: str, value: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {
        "settingInstance": {
            "@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
            "settingDefinitionId": definition,
            "choiceSettingValue": {"value": f"{definition}_{value}", "children": list(children)},
        }
    }


def _assigned(*groups: str) -> list[dict[str, Any]]:
    return [{"target": {"@odata.type": GROUP, "groupId": group}} for group in groups]


_WANT: dict[str, Any] = {"name": "Disk", "settings": [_choice("bitlocker", "on"), _choice("recovery", "aad")]}
_LIVE: dict[str, Any] = {"name": "Disk", "settings": [_choice("recovery", "both"), _choice("usb", "off")]}

CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (CATALOG, {"body": _WANT, "assignments": _assigned("a", "b")}, {"body": _LIVE, "assignments": _assigned("b", "c")}),
    (
        ACCESS,
        {"body": {"displayName": "MFA", "state": "enabled", "conditions": {"users": {"excludeUsers": ["u1", "u2"]}}}},
        {
            "body": {
                "displayName": "MFA",
                "state": "disabled",
                "conditions": {"users": {"excludeUsers": ["u2", "u3"], "excludeGroups": ["g1"]}},
            }
        },
    ),
    (
        RING,
        {"body": {"@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration", "displayName": "Ring",
                  "qualityUpdatesDeferralPeriodInDays": 3, "installationSchedule": {"activeHoursStart": "08:00"}}},
        {"body": {"@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration", "displayName": "Ring 2",
                  "qualityUpdatesDeferralPeriodInDays": 7, "deadlineGracePeriodInDays": 2}},
    ),
    (
        RING,
        {"body": {"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "displayName": "OMA",
                  "omaSettings": [{"omaUri": "./a", "value": "1"}, {"omaUri": "./b", "value": "2"}]}},
        {"body": {"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "displayName": "OMA",
                  "omaSettings": [{"omaUri": "./b", "value": "9"}, {"omaUri": "./c", "value": "3"}]}},
    ),
]  # fmt: skip


def _paths(policy_type: str, live: dict[str, Any], want: dict[str, Any]) -> list[Path]:
    return [found.path for found in compare(POLICY_TYPES[policy_type], live, want)]


@pytest.mark.parametrize(("policy_type", "want", "live"), CASES)
def test_each_place_alone_becomes_the_tenants_and_nothing_else(policy_type: str, want: Any, live: Any) -> None:
    before, differing = copy.deepcopy(want), _paths(policy_type, live, want)
    assert len(differing) > 1
    for path in differing:
        kept = keep_own(POLICY_TYPES[policy_type], want, live, [path])
        left = _paths(policy_type, live, kept)
        assert left == [other for other in differing if not is_ignored(other, [path])]
    assert want == before
    all_kept = keep_own(POLICY_TYPES[policy_type], want, live, differing)
    assert not _paths(policy_type, live, all_kept)


def test_parts_that_comparing_reshapes_are_taken_whole_and_a_place_of_neither_changes_nothing() -> None:
    policy_type = POLICY_TYPES["mobileApps"]
    want = {"body": {"displayName": "App", "relationships": [{"targetId": "x", "targetType": "child"}]}}
    live = {"body": {"displayName": "App", "relationships": [{"targetId": "y", "targetType": "child"}]}}
    assert keep_own(policy_type, want, live, [("body", "relationships", "0")])["body"] == live["body"]
    assert keep_own(policy_type, want, live, [("body", "nowhere", "at all"), ("elsewhere",)]) == want
    # An ordered list has no names: its place is the whole of it.
    want, live = {"body": {"steps": [{"a": 1}, {"a": 2}]}}, {"body": {"steps": [{"a": 3}]}}
    assert keep_own(policy_type, want, live, [("body", "steps", ANY)])["body"] == live["body"]
    assert keep_own(policy_type, want, live, [("body", "steps", ANY, "a")])["body"]["steps"] == [{"a": 3}, {"a": 2}]
