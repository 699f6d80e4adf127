"""Folders as IntuneCD backs them up: names in place of ids, and side files."""

import json

from graph.leaving.intunecd import IntuneCdWriter
from tests.support.leaving import RULE, SCRIPT, TEMPLATE, TWIN, assigned, catalog, source, written


def test_objects_stand_in_the_tools_folders_by_name_and_sort_with_scripts_beside_them():
    writer = IntuneCdWriter(source())
    files = written(writer)
    odd = "Settings Catalog/_.._.._a${jndi} %{b} _c_d__appleRemoteManagement.json"
    assert sorted(files) == sorted(
        [
            "Compliance Policies/Policies/Compliance_windows10CompliancePolicy.json",
            "Conditional Access/CA001.json",
            "Group Policy Configurations/OneDrive.json",
            "Management Intents/t1/Firewall.json",
            "README.md",
            "Scripts/Shell/Hello.json",
            "Scripts/Shell/Script Data/_.._evil.sh",
            odd,
            "Settings Catalog/Network Time Protocol_appleRemoteManagement.json",
            f"Settings Catalog/network time protocol_appleRemoteManagement__{TWIN.graph_id}.json",
        ]
    )
    assert files["Scripts/Shell/Script Data/_.._evil.sh"] == SCRIPT
    assert writer.left_out == {"windowsUpdatePolicies": 1}
    time = files["Settings Catalog/Network Time Protocol_appleRemoteManagement.json"]
    assert b'\n     "name": "Network Time Protocol"' in time
    first, second = json.loads(time)["assignments"]
    assert first == {
        "source": "direct",
        "target": {
            "@odata.type": "#microsoft.graph.groupAssignmentTarget",
            "deviceAndAppManagementAssignmentFilterId": "Mac corporate",
            "deviceAndAppManagementAssignmentFilterType": "include",
            "groupName": "Intune - Mac",
            "groupType": "StaticMembership",
        },
    }
    assert (second["target"]["groupType"], second["target"]["membershipRule"]) == ("DynamicMembership", RULE)
    assert (json.loads(time)["roleScopeTagIds"], "id" in json.loads(time)) == (["Default", "Berlin"], False)
    assert "assignments" not in json.loads(files[odd])
    intent = json.loads(files["Management Intents/t1/Firewall.json"])
    assert intent["settingsDelta"] == [{"definitionId": "deviceConfiguration--x_y", "valueJson": "true"}]
    compliance = json.loads(files["Compliance Policies/Policies/Compliance_windows10CompliancePolicy.json"])
    [action] = compliance["scheduledActionsForRule"][0]["scheduledActionConfigurations"]
    assert action == {
        "actionType": "notification",
        "notificationTemplateId": TEMPLATE,
        "notificationTemplateName": "Warning",
    }


def test_a_group_without_a_name_stays_by_its_id():
    gone = "deadbeef-0000-4000-8000-000000000000"
    [file] = IntuneCdWriter(source()).files(catalog(1, "A", assignments=[assigned(gone)], groups={gone: None}))
    [assignment] = json.loads(file.data)["assignments"]
    assert assignment["target"]["groupId"] == gone
