"""Policies that leave for other tools: one of each sort that a format treats in its own way."""

import base64

from graph.leaving.export import LeavingPolicy, LeavingSource

DIRECTORY = "aaaabbbb-0000-4ccc-8111-dddd2222eeee"
GROUP, RULED, FILTER, TAG, TEMPLATE = (f"{n}0000000-0000-4000-8000-000000000000" for n in range(1, 6))
EVIL = '../../a${jndi} %{b} "c"\nd\\'
SCRIPT = b"#!/bin/zsh\necho hello\n"
RULE = '(device.deviceOSType -eq "MacMDM")'


def assigned(group_id=GROUP, filter_id=None, mode="none"):
    target = {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupId": group_id,
        "deviceAndAppManagementAssignmentFilterId": filter_id,
        "deviceAndAppManagementAssignmentFilterType": mode,
    }
    return {"id": f"x_{group_id}", "source": "direct", "sourceId": "x", "target": target}


def policy(policy_type, number, name, body, assignments=None, odata_type=None, **references):
    graph_id = f"a000000{number}-0000-4000-8000-00000000000{number}"
    typed = {"@odata.type": f"#microsoft.graph.{odata_type}"} if odata_type else {}
    content = {"body": {**typed, "id": graph_id, **body}, "assignments": assignments}
    return LeavingPolicy(policy_type, graph_id, name, content, references)


def catalog(number, name, **more):
    setting = {
        "id": "0",
        "settingInstance": {
            "@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance",
            "settingDefinitionId": "com.apple.mcx_timeserver",
            "simpleSettingValue": {
                "@odata.type": "#microsoft.graph.deviceManagementConfigurationStringSettingValue",
                "value": "time.example.com",
            },
        },
    }
    body = {
        "name": name,
        "description": f"Of {DIRECTORY}",
        "platforms": "macOS",
        "technologies": "mdm,appleRemoteManagement",
        "roleScopeTagIds": ["0", TAG],
        "settings": [setting],
    }
    return policy("configurationPolicies", number, name, body, **more)


TIME = catalog(
    1,
    "Network Time Protocol",
    assignments=[assigned(GROUP, FILTER, "include"), assigned(RULED)],
    groups={GROUP: "Intune - Mac", RULED: "Intune - Ruled"},
    filters={FILTER: "Mac corporate"},
)
TWIN = catalog(2, "network time protocol", assignments=[])
ODD = catalog(3, EVIL)
SHELL = policy(
    "deviceShellScripts",
    4,
    "Hello",
    {
        "displayName": "Hello",
        "fileName": "../evil.sh",
        "scriptContent": base64.b64encode(SCRIPT).decode(),
        "executionFrequency": "PT0S",
        "retryCount": 0,
        "blockExecutionNotifications": False,
        "runAsAccount": "system",
        "roleScopeTagIds": ["0"],
    },
    assignments=[],
)
ADMX = policy(
    "groupPolicyConfigurations",
    5,
    "OneDrive",
    {
        "displayName": "OneDrive",
        "definitionValues": [
            {
                "id": "v1",
                "enabled": True,
                "definition": {"id": "d1", "displayName": "Sync"},
                "presentationValues": [
                    {
                        "@odata.type": "#microsoft.graph.groupPolicyPresentationValueBoolean",
                        "id": "p1",
                        "value": True,
                        "presentation": {"id": "q1", "label": "On"},
                    }
                ],
            }
        ],
    },
    assignments=[],
)
COMPLIANCE = policy(
    "deviceCompliancePolicies",
    6,
    "Compliance",
    {
        "displayName": "Compliance",
        "scheduledActionsForRule": [
            {
                "id": "r1",
                "ruleName": None,
                "scheduledActionConfigurations": [
                    {"id": "s1", "actionType": "notification", "notificationTemplateId": TEMPLATE}
                ],
            }
        ],
    },
    assignments=[],
    odata_type="windows10CompliancePolicy",
)
INTENT = policy(
    "intents",
    7,
    "Firewall",
    {
        "displayName": "Firewall",
        "templateId": "t1",
        "settings": [{"id": "i1", "definitionId": "deviceConfiguration--x_y", "valueJson": "true"}],
    },
    assignments=[],
)
ACCESS = policy(
    "conditionalAccessPolicies",
    8,
    "CA001",
    {"displayName": "CA001", "state": "enabled", "conditions": {"users": {"includeGroups": [GROUP]}}},
    groups={GROUP: "Intune - Mac"},
)
RINGS = policy("windowsUpdatePolicies", 9, "Autopatch", {"displayName": "Autopatch"})
ALL = (TIME, TWIN, ODD, SHELL, ADMX, COMPLIANCE, INTENT, ACCESS, RINGS)


def source():
    names = {("roleScopeTags", TAG): "Berlin", ("notificationMessageTemplates", TEMPLATE): "Warning"}
    groups = {RULED: {"groupTypes": ["DynamicMembership"], "membershipRule": RULE}}
    return LeavingSource(DIRECTORY, "Contoso", names, groups)


def written(writer):
    """Return path -> data of all sample policies as this writer writes them."""
    files = [file for leaving in ALL for file in writer.files(leaving)] + writer.closing_files()
    assert len({file.path for file in files}) == len(files)
    return {file.path: file.data for file in files}
