"""Small exports of each foreign format, composed for tests: {format: {path: bytes}}. All in them is invented.

What each tool does to a policy is from its published code, as docs/importing.md says.
"""

import json

import yaml

from graph.foreign.export import ForeignFormat

TENANT = "aaaabbbb-0000-4ccc-9111-dddd2222eeee"
GROUP, FILTER, LOCATION = (
    "3f2c6f0e-8a51-4d0a-9a55-0d1f6d8f4a10",
    "c0ffee00-1111-4222-8333-444455556666",
    "185c993e-10a9-44fa-98d1-230c8f72f497",
)
SETTING = {
    "id": "0",
    "settingInstance": {
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
        "settingDefinitionId": "device_vendor_msft_policy_config_camera_AllowCamera",
        "choiceSettingValue": {"value": "device_vendor_msft_policy_config_camera_AllowCamera_0", "children": []},
    },
}
DEFINITIONS = "https://graph.microsoft.com/beta/deviceManagement/groupPolicyDefinitions"
DEFINITION = f"{DEFINITIONS}('5c4f1d8b-1111-4aaa-8bbb-123456789012')"
PRESENTATION = f"{DEFINITION}/presentations('99393fdc-d630-444f-9b2f-caa8aca81ffb')"
METADATA = "https://graph.microsoft.com/beta/$metadata#deviceManagement/"


def catalog(name, **more):
    return {
        "name": name,
        "description": "",
        "platforms": "windows10",
        "technologies": "mdm",
        "roleScopeTagIds": ["0"],
        "settingCount": 1,
        "settings": [SETTING],
        "templateReference": {"templateId": "", "templateFamily": "none"},
        **more,
    }


def access(name, state="enabled", **users):
    return {
        "displayName": name,
        "state": state,
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "users": {"includeUsers": ["All"], "excludeUsers": [], "includeGroups": [], "excludeGroups": [], **users},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        "sessionControls": None,
    }


def group_target(**more):
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", **more}
    return {"target": target}


def as_json(value, indent=2):
    return json.dumps(value, indent=indent).encode()


def windows(value):
    """Return JSON as Windows PowerShell 5.1 writes it."""
    return b"\xff\xfe" + json.dumps(value, indent=4).replace("\n", "\r\n").encode("utf-16-le")


def _intune_management():
    metadata = {"@odata.context": f"{METADATA}x/$entity",
                "@odata.editLink": "deviceManagement/x", "createdDateTime@odata.type": "#DateTimeOffset",
                "#microsoft.graph.assign": {"title": "assign"}, "#CustomRef_x": "A,B|:|group"}  # fmt: skip
    target = group_target(groupId=GROUP, deviceAndAppManagementAssignmentFilterId=FILTER)
    by_set = {**group_target(groupId=GROUP), "source": "policySets"}
    value = {"enabled": True, "definition@odata.bind": DEFINITION, "#Definition_displayName": "Sync",
             "#Definition_classType": "user", "#Definition_categoryPath": "\\OneDrive",
             "presentationValues": {"@odata.type": "#microsoft.graph.groupPolicyPresentationValueText",
                                    "value": "%OrganizationId%", "#Presentation_Label": "Tenant",
                                    "presentation@odata.bind": PRESENTATION}}  # fmt: skip
    intent = {"@odata.type": "#microsoft.graph.deviceManagementIntent", "id": "383669a5-d5b6-4f8c-b3e1-a88247572441",
              "displayName": "Firewall", "templateId": "0f2b5d70-d4e9-4156-8c16-1397eb6c54a5",
              "roleScopeTagIds": ["0"]}  # fmt: skip
    settings = {"settings": [{"@odata.type": "#microsoft.graph.deviceManagementBooleanSettingInstance",
                              "definitionId": "deviceConfiguration--x_y", "valueJson": "true"}]}  # fmt: skip
    return {
        "Contoso/MigrationTable.json": b"\xef\xbb\xbf"
        + as_json({"TenantId": TENANT, "Organization": "Contoso",
                   "Objects": [{"Id": GROUP, "DisplayName": "Pilot", "Type": "Group"}]}),
        "Contoso/SettingsCatalog/Camera .json": windows(
            {**metadata, **catalog("Camera ", id="5076ad76-d261-4738-8af6-268793f11a26"),
             "assignments": [target, by_set]}
        ),
        "Contoso/AdministrativeTemplates/OneDrive.json": as_json(
            {**metadata, "id": "15bbe762-2bcd-4b66-af67-a19a88de9c8e", "displayName": "OneDrive",
             "@odata.type": "#microsoft.graph.groupPolicyConfiguration", "definitionValues": value}
        ),
        "Contoso/EndpointSecurity/Firewall.json": as_json(intent),
        "Contoso/EndpointSecurity/Firewall_Settings.json": as_json(json.dumps(settings)),
        "Contoso/AssignmentFilters/Corporate.json": as_json(
            {"id": FILTER, "displayName": "Corporate", "platform": "windows10AndLater", "roleScopeTags": ["0"],
             "rule": '(device.deviceOwnership -eq "Corporate")', "assignmentFilterManagementType": "devices"}
        ),
    }  # fmt: skip


def _intune_cd(dump):
    script = {"@odata.type": None, "displayName": "Dock", "description": "", "executionFrequency": "PT0S",
              "retryCount": 0, "blockExecutionNotifications": False, "runAsAccount": "system", "fileName": "dock.sh",
              "scriptContent": "IyEvYmluL3NoCmVjaG8gMQo=", "roleScopeTagIds": ["Default"]}  # fmt: skip
    del script["@odata.type"]
    policy = catalog("Camera") | {
        "roleScopeTagIds": ["Default", "Vienna"],
        "assignments": [
            group_target(groupName="Pilot", groupType="StaticMembership",
                         deviceAndAppManagementAssignmentFilterId="Corporate",
                         deviceAndAppManagementAssignmentFilterType="include")
        ],
    }  # fmt: skip
    ending = "json" if dump is as_five else "yaml"
    return {
        f"Backup/Settings Catalog/Camera_mdm.{ending}": dump(policy),
        f"Backup/Scripts/Shell/Dock.{ending}": dump(script),
        "Backup/Scripts/Shell/Script Data/dock.sh": b"#!/bin/sh\necho 2\n",
        "Backup/index.md": b"# Documentation\n- name: none\n",
    }


def as_five(value):
    return as_json(value, indent=5)


def as_yaml(value):
    return yaml.dump(value, sort_keys=False, default_flow_style=False).encode()


def _intune_backup():
    definition = {"enabled": True, "definition@odata.bind": DEFINITION, "presentationValues": []}
    return {
        "Settings Catalog/Camera.json": windows(catalog("Camera", id="742193ff-2cab-43a0-b250-3ded9691da1f")),
        # One assignment went through the pipeline, and is no list.
        "Settings Catalog/Assignments/Camera.json": windows(
            {"id": "742193ff_3f2c6f0e", "source": "direct", **group_target(groupId=GROUP)}
        ),
        "Administrative Templates/OneDrive.json": windows(definition),
        "Device Management Intents/Firewall/0f2b5d70-d4e9-4156-8c16-1397eb6c54a5_Fire.json": as_json(
            {"displayName": "Fire", "description": "", "roleScopeTagIds": ["0"],
             "settingsDelta": [{"@odata.type": "#microsoft.graph.deviceManagementBooleanSettingInstance",
                                "definitionId": "deviceConfiguration--x_y", "value": True}]}
        ),
        "Device Management Scripts/Cut.json": as_json(
            {"displayName": "Cut", "scriptContent": "ZWNobw==", "enforceSignatureCheck": False, "fileName": "c.ps1",
             "runAsAccount": "system", "groupAssignments": "System.Collections.Hashtable"}
        ),
    }  # fmt: skip


def _cipp():
    template = {"Displayname": "Camera", "Description": "", "RAWJson": json.dumps(catalog("Camera")), "Type": "Catalog",
                "GUID": "b2f1c5de-3c77-4f9c-8a3d-0a1b2c3d4e5f"}  # fmt: skip
    nested = {"Displayname": "Camera 2", "RAWJson": json.dumps({"RAWJson": json.dumps(catalog("Camera 2"))})}
    location = {"@odata.type": "#microsoft.graph.countryNamedLocation", "displayName": "Allowed countries",
                "countriesAndRegions": ["AT"], "includeUnknownCountriesAndRegions": False}  # fmt: skip
    policy = access("CA1", excludeGroups=["Break glass"]) | {"LocationInfo": [None, location]}
    policy["conditions"]["locations"] = {"includeLocations": ["All"], "excludeLocations": ["Allowed countries"]}
    return {
        "IntuneTemplate/row.json": as_json({"PartitionKey": "IntuneTemplate", "RowKey": "b2f1c5de",
                                            "JSON": json.dumps(template), "GUID": "b2f1c5de"}),
        "nested.IntuneTemplate.json": as_json(nested),
        "ca.CATemplate.json": b"\xef\xbb\xbf" + as_json(policy),
        "GroupTemplate/g.json": as_json({"Displayname": "G", "groupType": "Security", "GUID": "0f1e2d3c"}),
    }  # fmt: skip


def _graph_list():
    chosen = f"{METADATA}configurationPolicies(id,name)"
    filters = "https://graph.microsoft.com/beta/$metadata#deviceManagement/assignmentFilters"
    listed = {"id": FILTER, "displayName": "Corporate", "platform": "macOS", "rule": "(device.osVersion -eq 1)"}
    return {
        "select.json": as_json({"@odata.context": chosen, "value": [{"id": GROUP, "name": "Camera"}]}),
        "filters.json": as_json(
            {"@odata.context": filters, "@odata.nextLink": "https://graph.microsoft.com/next", "value": [listed]}
        ),
    }


def _graph_powershell():
    policy = {
        "Id": "e430772e-f1c9-4d5a-8a2e-111111111111", "DisplayName": "CA1", "State": "enabled",
        "CreatedDateTime": "/Date(1769788627239)/",
        "Conditions": {"ClientAppTypes": ["all"], "Users": {"IncludeUsers": ["All"], "ExcludeGroups": []},
                       "Applications": {"IncludeApplications": ["All"]}},
        "GrantControls": {"Operator": "OR", "BuiltInControls": ["mfa"]},
        "SessionControls": {"SignInFrequency": {"IsEnabled": None, "Value": None},
                            "PersistentBrowser": {"IsEnabled": True, "Mode": "never"}},
        "AdditionalProperties": {"@odata.context": "x"},
    }  # fmt: skip
    cut = {**policy, "DisplayName": "Cut", "Conditions": "Microsoft.Graph.PowerShell.Models.MicrosoftGraphConditions"}
    return {"policies.json": as_json([policy, cut])}


SAMPLES = {
    ForeignFormat.INTUNE_MANAGEMENT: _intune_management(),
    ForeignFormat.INTUNE_CD: _intune_cd(as_five),
    ForeignFormat.INTUNE_CD_YAML: _intune_cd(as_yaml),
    ForeignFormat.INTUNE_BACKUP: _intune_backup(),
    ForeignFormat.CIPP: _cipp(),
    ForeignFormat.PORTAL: {
        "Camera_2026-07-27T19_05_31.178Z.json": b"\xef\xbb\xbf"
        + json.dumps(
            {"@odata.context": f"{METADATA}configurationPolicies/$entity",
             **catalog("Camera", id="5d85bf9f-d568-4d5a-8a2e-111111111111")}
        ).encode()
    },
    ForeignFormat.GRAPH_LIST: _graph_list(),
    ForeignFormat.GRAPH_POWERSHELL: _graph_powershell(),
    ForeignFormat.CONDITIONAL_ACCESS: {
        "contoso.onmicrosoft.com/CA1.json": as_json(access("CA1", "disabled", excludeGroups=[GROUP])),
        "contoso.onmicrosoft.com/CA2.json": as_json(
            access("CA2", "disabled", excludeGroups=["xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"] * 2) | {"note": "replace"}
        ),
        "NL1.json": as_json({"displayName": "Offices", "locationType": "ipNamedLocation", "isTrusted": True,
                             "ipRanges": [{"description": "HQ", "cidrAddress": "203.0.113.0/24"}]}),
        "groups.csv": f"DisplayName,Description,Id\nAdmins,,{GROUP}\n".encode(),
    },
    ForeignFormat.DC_TOOLBOX: {
        # Its last member was dropped by lines, and left a comma.
        "Conditional Access Backup 2026-06-27.json": b'[\n' + as_json(access("CA1"))[:-2] + b",\n}\n]"
    },
    ForeignFormat.ENTRA_EXPORTER: {
        f"Identity/Conditional/AccessPolicies/{GROUP}/{GROUP}.json": windows({"id": GROUP, **access("CA1")}),
        f"Users/{FILTER}/{FILTER}.json": as_json({"id": FILTER, "displayName": "A person"}),
        "Organization/Organization.json": as_json({"id": TENANT, "displayName": "Contoso"}),
    },
    ForeignFormat.TENU_VAULT: {
        "backup-2026-06-27-020000/metadata.json": as_json(
            {"BackupFormat": "Individual policy files", "ItemCounts": {}, "TenantId": TENANT,
             "Status": "CompletedWithWarnings", "TenantName": "Contoso"}
        ),
        "backup-2026-06-27-020000/ConfigurationPolicies/Camera.json": as_json(
            {**catalog("Camera", id=LOCATION), "assignments": [group_target(groupId=GROUP)]}
        ),
    },
    ForeignFormat.INTUNE_TOOLS: {
        "settingscatalog.json": as_json(
            {"exportedAt": "2026-06-27", "tenantName": "Contoso", "items": [
                {"name": "Camera", "type": "x", "id": LOCATION, "policyData": catalog("Camera", id=LOCATION)},
                {"name": "Only listed", "type": "x", "id": GROUP}]}
        )
    },
    ForeignFormat.M365_DSC: {
        "M365TenantConfig.ps1": b"Configuration A\n{\n    Import-DscResource -ModuleName 'Microsoft365DSC'\n"
        b"    Node localhost\n    {\n        AADConditionalAccessPolicy \"CA1\"\n        {\n"
    },
    ForeignFormat.GRAPH_BODY: {
        "ring.json": as_json({"@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration",
                              "displayName": "Ring <RING>", "id": LOCATION, "qualityUpdatesDeferralPeriodInDays": 3})
    },
}  # fmt: skip
