"""The table of policy types, and the pages that are made from it or must name what it needs."""

import re
from pathlib import Path

import pytest

from graph.policy_types import permissions
from graph.policy_types.permissions import TO_BACK_UP, TO_RESTORE
from graph.policy_types.table import POLICY_TYPES
from graph.write.write_rules import WRITE_RULES
from tests.tools.policy_types_page import PAGE, page

CONNECTING = Path(__file__).parents[3] / "docs" / "connecting.md"


def test_the_page_says_what_the_table_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.tools.policy_types_page"


# microsoftgraph/microsoft-graph-devx-content, provisioningInfo.json: the same in every tenant of the public cloud.
IDS = {
    "DeviceManagementConfiguration.Read.All": "dc377aa6-52d8-4e23-b271-2a7ae04cedf3",
    "DeviceManagementApps.Read.All": "7a6ee1e7-141e-4cec-ae74-d9db155731ff",
    "DeviceManagementServiceConfig.Read.All": "06a5fe6d-c49d-46a7-b082-56b1b14103c7",
    "DeviceManagementRBAC.Read.All": "58ca0d9a-1575-47e1-a3cb-007ef2e4583b",
    "DeviceManagementScripts.Read.All": "c7a5be92-2b3d-4540-8a67-c96dcaae8b43",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "AuthenticationContext.Read.All": "381f742f-e1f8-4309-b4ab-e3d91ae4c5c1",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "DeviceManagementConfiguration.ReadWrite.All": "9241abd9-d0e6-425a-bd4f-47ba86e767a4",
    "DeviceManagementApps.ReadWrite.All": "78145de6-330d-4800-a6ce-494ff2d33d07",
    "DeviceManagementServiceConfig.ReadWrite.All": "5ac13192-7ace-4fcf-b828-1a26f28068ee",
    "DeviceManagementRBAC.ReadWrite.All": "e330c4f0-4170-414e-a55a-2f022ec2b57b",
    "DeviceManagementScripts.ReadWrite.All": "9255e99d-faf5-445e-bbf7-cb71482737c4",
    "Policy.ReadWrite.ConditionalAccess": "01c0a623-fc9b-48e9-b794-0756f8e8f067",
    "AuthenticationContext.ReadWrite.All": "a88eef72-fed0-4bf7-a2a9-f19df33f8b83",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "User.ReadBasic.All": "97235f07-e226-4f63-ace3-39588e11d3a1",
    "Agreement.Read.All": "2f3e6f8c-093b-4c57-a58b-ba5ce494a169",
    "Agreement.ReadWrite.All": "c9090d00-6101-42f0-a729-c41074260d47",
    "DeviceManagementManagedDevices.Read.All": "2f51be20-0bb4-4fed-bf7b-db946066c75e",
    "DeviceManagementManagedDevices.ReadWrite.All": "243333ab-4d21-40cb-a475-36241daa0842",
    "OrganizationalBranding.Read.All": "eb76ac34-0d62-4454-b97c-185e4250dc20",
    "OrganizationalBranding.ReadWrite.All": "d2ebfbc1-a5f8-424b-83a6-56ab5927a73c",
    "Group.Read.All": "5b567255-7703-4780-807c-7be8301ae99b",
    "Group.Create": "bf7b1a76-6e77-406b-b258-bf5c7720e98f",
    "GroupMember.ReadWrite.All": "dbaae8cf-10b5-4b86-a4a1-f871c94c6695",
    "CloudPC.Read.All": "a9e09520-8ed4-4cde-838e-4fdea192c227",
    "CloudPC.ReadWrite.All": "3b4349e1-8cf5-45a3-95b7-69d1751d3e6a",
    "BrowserSiteLists.Read.All": "c5ee1f21-fc7f-4937-9af0-c91648ff9597",
    "BrowserSiteLists.ReadWrite.All": "8349ca94-3061-44d5-9bfb-33774ea5e4f9",
    "WindowsUpdates.Read.All": "fa099153-0225-489c-980e-384dc674ab81",
}


def asked_for(accesses, look_ups):
    return {access.ask for access in [*accesses, *(one.access for one in look_ups)]}


def documented_permissions():
    """The two tables: {permission: (id, what for)} to back up, and to restore."""
    row = re.compile(r"\| `([A-Z]\w+(?:\.\w+)+)` \| `([0-9a-f-]{36})` \| (.+) \|")
    parts = CONNECTING.read_text().split("To **restore**")
    return [{name: (guid, what) for name, guid, what in row.findall(part)} for part in parts]


def test_the_documented_permissions_are_those_of_the_code():
    to_back_up, to_restore = documented_permissions()
    written = [rule.access for rule in WRITE_RULES.values() if not rule.cannot_restore]
    assert set(to_back_up) == asked_for((row.access for row in POLICY_TYPES.values()), TO_BACK_UP)
    assert set(to_restore) == asked_for(written, TO_RESTORE)
    assert {name: guid for table in (to_back_up, to_restore) for name, (guid, _) in table.items()} == IDS
    for table, look_ups in ((to_back_up, TO_BACK_UP), (to_restore, TO_RESTORE)):
        for one in look_ups:
            assert one.what in table[one.access.ask][1]


def test_scripts_ask_for_the_permission_that_they_have_needed_since_2025():
    """MC1066336 and field reports; what the old tables still name is not enough to promise anything."""
    scripts = [key for key in POLICY_TYPES if key.endswith("Scripts")]
    assert len(scripts) == 5
    for key in scripts:
        for access, old in ((POLICY_TYPES[key].access, "Read"), (WRITE_RULES[key].access, "ReadWrite")):
            held = {f"DeviceManagementConfiguration.{old}.All"}
            assert access.ask == f"DeviceManagementScripts.{old}.All"
            assert not access.is_granted(held)
            assert access.may_be_granted(held) == (key != "deviceManagementScripts"), "in no table any more"


@pytest.mark.parametrize(
    ("access", "held"),
    [
        (permissions.CONFIGURATION, "DeviceManagementConfiguration.ReadWrite.All"),
        (permissions.SCOPE_TAGS, "DeviceManagementConfiguration.Read.All"),
        (permissions.STRENGTHS, "Policy.Read.AuthenticationMethod"),
        (permissions.AUTHENTICATION_CONTEXTS, "Policy.Read.ConditionalAccess"),
        (permissions.AUTHENTICATION_CONTEXTS, "Policy.ReadWrite.ConditionalAccess"),
        (permissions.WRITE_STRENGTHS, "Policy.ReadWrite.AuthenticationMethod"),
        (permissions.GROUP_NAMES, "Group.Read.All"),
        (permissions.GROUP_NAMES, "Directory.Read.All"),
        (permissions.ORGANIZATION, "Organization.Read.All"),
    ],
)
def test_whoever_has_another_that_does_as_well_is_not_asked_for_more(access, held):
    assert access.ask != held
    assert access.is_granted({held})
    assert not access.may_be_granted({"Mail.Read", "DeviceManagementManagedDevices.Read.All"})


def test_no_two_rows_share_a_key_a_title_or_a_path():
    for attribute in ("key", "title", "path"):
        values = [getattr(row, attribute) for row in POLICY_TYPES.values()]
        assert len(set(values)) == len(values), attribute
