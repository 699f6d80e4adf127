"""Fingerprints are kept in databases: those of yesterday have to be found again."""

from graph.content.fingerprint import assignments_fingerprint, content_hash, fingerprint
from graph.policy_types.table import POLICY_TYPES

ZERO = "00000000-0000-0000-0000-000000000000"
GRAPH = "#microsoft.graph."
# One property for each rule of graph/content/normalise.py, and kinds of values that have several spellings.
CONTENTS = {
    "configurationPolicies": {
        "@odata.context": "x", "id": "1", "name": "Näme \ud800", "description": "", "roleScopeTagIds": ["0"],
        "settingCount": 3, "lastModifiedDateTime": "2025-04-18T11:09:03.68Z", "unheardOf": [1.0, 2.5, None, {}],
        "settings": [
            {"id": "1", "settingInstance": {"settingDefinitionId": "b", "simpleSettingValue": {
                "value": "t", "valueState": "encryptedValueToken"}}},
            {"id": "0", "settingInstance": {"settingDefinitionId": "a", "choiceSettingValue": {
                "value": "a_1", "children": []}}},
        ],
    },
    "deviceConfigurations": {
        "@odata.type": f"{GRAPH}windows10CustomConfiguration", "version": 3, "roleScopeTagIds": ["7", "0"],
        "omaSettings": [{"@odata.type": f"{GRAPH}omaSettingStringXml", "omaUri": "./x", "value": "PGEvPg=="}],
    },
    "compliancePolicies": {
        "scheduledActionsForRule": [{"ruleName": "PasswordRequired", "scheduledActionConfigurations": [
            {"id": "2", "notificationTemplateId": ZERO, "gracePeriodHours": 1}]}],
    },
    "intents": {"settings": [{"id": "x", "definitionId": "y", "valueJson": "null"},
                             {"id": "z", "definitionId": "w", "valueJson": "1", "value": 1}]},
}  # fmt: skip
ASSIGNMENTS = [
    {"id": "a", "source": "direct", "target": {"@odata.type": f"{GRAPH}groupAssignmentTarget", "groupId": "G" * 8,
     "deviceAndAppManagementAssignmentFilterType": "none"}},
    {"id": "b", "target": {"@odata.type": f"{GRAPH}allDevicesAssignmentTarget",
     "deviceAndAppManagementAssignmentFilterId": ZERO}},
]  # fmt: skip
KEPT = {
    "configurationPolicies": "9313c66a5e6818a48cfaa0de3f0993c932dbb1370c37ab1ed377e3de2cd4b59f",
    "deviceConfigurations": "174a37b05743a9a2fd0d8baae6fe9cd74b7a3e021256e4daf9d3e9dcfcd0625e",
    "compliancePolicies": "9babfa6c16b4fd7da6d118712ed80d8ee51c7a9f66280a12fca8a9ff6628fb37",
    "intents": "000c096b32ba57990ea2fdcc59798ce638c4cb100ef043c8df9edebcd5ada9cf",
}


def test_a_fingerprint_that_a_database_holds_is_made_again():
    made = {
        key: fingerprint(POLICY_TYPES[key], {"body": body, "assignments": ASSIGNMENTS})
        for key, body in CONTENTS.items()
    }
    assert made == KEPT


def test_assignments_and_contents_have_their_own():
    assert assignments_fingerprint(ASSIGNMENTS) == "7ef60b8d09fee5f84c4c0cb446507a5cf2acdf13531331ada5f0c8c6cea2986d"
    assert content_hash({"ä": [1.0, 1]}) == "b3564d63fbc319394abfca06b738c060c6fb6d5021bcf9c72274e6fcf81b89aa"
