"""Folders as IntuneManagement exports them, down to what it reads back by."""

import json

from graph.leaving.intunemanagement import IntuneManagementWriter
from tests.support.leaving import ADMX, DIRECTORY, GROUP, RULED, TIME, TWIN, source, written


def test_objects_stand_in_the_tools_folders_with_what_it_reads_them_by():
    writer = IntuneManagementWriter(source())
    files = written(writer)
    assert sorted(files) == [
        "Contoso/AdministrativeTemplates/OneDrive.json",
        "Contoso/CompliancePolicies/Compliance.json",
        "Contoso/ConditionalAccess/CA001.json",
        "Contoso/EndpointSecurity/Firewall.json",
        "Contoso/MacScripts/Hello.json",
        "Contoso/MigrationTable.json",
        "Contoso/SettingsCatalog/Network Time Protocol.json",
        "Contoso/SettingsCatalog/_....a${jndi} %{b} cd.json",
        f"Contoso/SettingsCatalog/network time protocol_{TWIN.graph_id}.json",
        "README.md",
    ]
    assert writer.left_out == {"windowsUpdatePolicies": 1}
    assert b"Windows Autopatch policy: 1" in files["README.md"]
    table = json.loads(files["Contoso/MigrationTable.json"].decode("utf-8-sig"))
    assert table == {
        "TenantId": DIRECTORY,
        "Organization": "Contoso",
        "Objects": [
            {"Id": GROUP, "DisplayName": "Intune - Mac", "Type": "Group"},
            {"Id": RULED, "DisplayName": "Intune - Ruled", "Type": "Group"},
        ],
    }
    time = json.loads(files["Contoso/SettingsCatalog/Network Time Protocol.json"].decode("utf-8-sig"))
    assert time["@odata.context"].endswith("$metadata#deviceManagement/configurationPolicies/$entity")
    assert time["@odata.type"] == "#microsoft.graph.deviceManagementConfigurationPolicy"
    assert (time["id"], time["description"]) == (TIME.graph_id, "Of %OrganizationId%")
    assert time["assignments"][0]["target"]["groupId"] == GROUP
    assert time["settings"] == TIME.body["settings"]


def test_administrative_templates_are_bound_to_their_definitions():
    [file] = IntuneManagementWriter(source()).files(ADMX)
    address = "https://graph.microsoft.com/beta/deviceManagement/groupPolicyDefinitions('d1')"
    assert json.loads(file.data.decode("utf-8-sig"))["definitionValues"] == [
        {
            "enabled": True,
            "definition@odata.bind": address,
            "presentationValues": [
                {
                    "@odata.type": "#microsoft.graph.groupPolicyPresentationValueBoolean",
                    "value": True,
                    "presentation@odata.bind": f"{address}/presentations('q1')",
                }
            ],
        }
    ]
