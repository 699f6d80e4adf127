"""The table of policy types, and the pages that are made from it or must name what it needs."""

import re
from pathlib import Path

import pytest

from graph.policy_types import manifest, permissions
from graph.policy_types.permissions import TO_BACK_UP, TO_RESTORE
from graph.policy_types.table import POLICY_TYPES
from graph.write.write_rules import WRITE_RULES
from tests.tools.policy_types_page import PAGE, page

CONNECTING = Path(__file__).parents[3] / "docs" / "connecting.md"


def test_the_page_says_what_the_table_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.tools.policy_types_page"


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
    for table, roles in ((to_back_up, manifest.TO_READ), (to_restore, manifest.TO_WRITE)):
        assert {name: guid for name, (guid, _) in table.items()} == {role.name: role.id for role in roles}
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
