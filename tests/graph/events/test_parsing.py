"""What records of both logs say: the shapes that were seen, their oddities, and hostile ones."""

import json
from copy import deepcopy
from datetime import datetime

import pytest

from graph.events.parsing import PORTAL_APP, parse_entra, parse_intune
from graph.events.read_event import APP, NOT_STATED, PERSON, SERVICE
from tests.support.simulated_tenant import REAL

AUDIT = REAL.parent / "audit" / "composed"
POLICY, DEVICES = "22223333-cccc-4444-8888-5555eeee6666", "adadadad-808e-44e2-905a-0b7873a8a531"
ASSIGNED = {
    "id": "0f6c1c1e-6a55-4f0e-9d38-1c1d1f8e2a10",
    "displayName": "Create device configuration assignment 2.0 (beta)",
    "componentName": "DeviceConfiguration",
    "category": "DeviceConfiguration",
    "activity": None,
    "activityType": "create DeviceManagementConfigurationPolicyAssignment",
    "activityOperationType": "Create",
    "activityResult": "Success",
    "activityDateTime": "2026-10-02T07:41:12.3391804Z",
    "correlationId": "5d0a3f0e-7a0b-4a64-9d43-7a3f0d6f5d11",
    "actor": {
        "auditActorType": "ItPro",
        "userId": "11112222-bbbb-3333-cccc-4444dddd5555",
        "userPrincipalName": "anna@contoso.example",
        "applicationId": PORTAL_APP,
        "applicationDisplayName": "Microsoft Intune portal extension",
        "servicePrincipalName": None,
        "ipAddress": None,
    },
    "resources": [
        {
            "auditResourceType": "DeviceManagementConfigurationPolicy",
            "resourceId": POLICY,
            "displayName": "macOS updates",
            "modifiedProperties": [],
        },
        {
            "auditResourceType": "DeviceManagementConfigurationPolicyAssignment",
            "resourceId": "[redacted]/x",
            "displayName": "<null>",
            "modifiedProperties": [
                {"displayName": "Target.Type", "oldValue": None, "newValue": "a secret"},
                {"displayName": "Id", "oldValue": None, "newValue": f"{POLICY}_{DEVICES}"},
                {"displayName": "SourceId", "oldValue": None, "newValue": f'"{POLICY}"'},
                {"displayName": "DeviceManagementAPIVersion", "oldValue": None, "newValue": "5025-06-03"},
            ],
        },
    ],
}


def entra(**values):
    user = {"id": "11112222-bbbb-3333-cccc-4444dddd5555", "userPrincipalName": "anna@contoso.example",
            "displayName": None, "ipAddress": "2001:db8::7"}  # fmt: skip
    return {
        "id": "IPCGraph_0f1e2d3c_ABCDE_10000001",
        "category": "Policy",
        "correlationId": "0f1e2d3c-4b5a-4687-9788-a9bacbdcedf0",
        "result": "success",
        "activityDisplayName": "Update Conditional Access policy",
        "activityDateTime": "2024-11-27T03:31:26.7088498Z",
        "loggedByService": "Conditional Access",
        "operationType": "Update",
        "initiatedBy": {"user": user, "app": None},
        "targetResources": [
            {"id": POLICY, "displayName": "MFA", "type": "Policy", "modifiedProperties": [
                {"displayName": "ConditionalAccessPolicy", "oldValue": "{…}", "newValue": "{…}"}]}
        ],
        **values,
    }  # fmt: skip


def twin(**values):
    beneath = {"id": "Directory_0f1e2d3c_ABCDE_10000001", "activityDisplayName": "Update policy",
               "loggedByService": "Core Directory", "activityDateTime": "2024-11-27T03:31:26.2934305Z"}  # fmt: skip
    return entra(**{**beneath, **values})


def test_an_assignment_in_the_portal_is_a_persons_act_on_the_policy():
    [event] = parse_intune([ASSIGNED])
    assert event.at == datetime(2026, 10, 2, 7, 41, 12, 339180)
    assert event.activity == "Create device configuration assignment 2.0 (beta)"
    assert (event.operation, event.is_success, event.category) == ("assign", True, "DeviceConfiguration")
    assert (event.doer.kind, event.doer.name, event.doer.app_id) == (PERSON, "anna@contoso.example", PORTAL_APP)
    assert event.object_ids == (POLICY, f"{POLICY}_{DEVICES}")
    assert (event.object_type, event.object_name) == ("DeviceManagementConfigurationPolicy", "macOS updates")
    assert event.properties == ("Target.Type", "Id", "SourceId")
    assert event.policy_types == ("configurationPolicies", "inventoryPolicies")
    assert "secret" not in json.dumps(event.facts(), default=str)


@pytest.mark.parametrize(
    ("actor", "kind", "name", "doer_id"),
    [
        ({"userPrincipalName": "a@b.c", "applicationId": "x"}, PERSON, "a@b.c", None),
        ({"userId": "7", "applicationId": "x"}, PERSON, None, "7"),
        ({"servicePrincipalName": "SPN", "applicationDisplayName": "App", "applicationId": "x"}, APP, "SPN", "x"),
        ({"applicationDisplayName": "App", "applicationId": "x", "userPrincipalName": ""}, APP, "App", "x"),
        ({"applicationId": "x", "userPrincipalName": "<null>", "userId": "00000000-0000-0000-0000-000000000000"}, APP,
         "x", "x"),
        ({"auditActorType": "System"}, SERVICE, "Intune", None),
        ({"auditActorType": None, "ipAddress": ""}, NOT_STATED, None, None),
        (None, NOT_STATED, None, None),
        (["a"], NOT_STATED, None, None),
    ],
)  # fmt: skip
def test_a_person_comes_before_an_app_and_an_app_before_nobody_in_intune(actor, kind, name, doer_id):
    [event] = parse_intune([{**ASSIGNED, "actor": actor}])
    assert (event.doer.kind, event.doer.name, event.doer.id) == (kind, name, doer_id)


@pytest.mark.parametrize(
    ("initiated_by", "kind", "name", "doer_id"),
    [
        ({"user": {"userPrincipalName": "a@b.c", "id": "7"}, "app": None}, PERSON, "a@b.c", "7"),
        ({"user": None, "app": {"appId": None, "displayName": "Pipeline", "servicePrincipalId": "9"}}, APP, "Pipeline",
         "9"),
        ({"user": None, "app": {"displayName": "Azure AD Cloud Sync", "servicePrincipalId": None}}, SERVICE,
         "Azure AD Cloud Sync", None),
        ({"user": {"id": "00000000-0000-0000-0000-000000000000"}, "app": None}, NOT_STATED, None, None),
        ({}, NOT_STATED, None, None),
    ],
)  # fmt: skip
def test_an_app_is_known_by_its_principal_in_entra(initiated_by, kind, name, doer_id):
    [event] = parse_entra([entra(initiatedBy=initiated_by)])
    assert (event.doer.kind, event.doer.name, event.doer.id) == (kind, name, doer_id)


@pytest.mark.parametrize(
    ("operation", "activity"),
    [("Get", "Patch X"), ("Action", "Search CloudCertificationAuthority"), ("action", "exportDevices Report"),
     (None, "get DeviceConfiguration"), ("List", None), ("Read", "")],
)  # fmt: skip
def test_reading_is_no_event_of_ours(operation, activity):
    assert parse_intune([{**ASSIGNED, "activityOperationType": operation, "activityType": activity}]) == []


@pytest.mark.parametrize(("result", "is_success"), [("Success", True), ("success", True), ("Failure", False),
                                                    ("Timeout", False), (None, False), (1, False)])  # fmt: skip
def test_whatever_is_no_success_failed(result, is_success):
    assert parse_intune([{**ASSIGNED, "activityResult": result}])[0].is_success == is_success
    assert parse_entra([entra(result=result)])[0].is_success == is_success


@pytest.mark.parametrize(
    ("found", "ids"),
    [
        (f"{POLICY}_Limit", (f"{POLICY}_Limit", POLICY)),
        (f"T_{POLICY}", (f"T_{POLICY}",)),
        (f"A_{POLICY}_{DEVICES}", (f"A_{POLICY}_{DEVICES}", f"A_{POLICY}")),
        ("", ()),
        ("a/b", ()),
        ("x" * 201, ()),
    ],
)
def test_an_id_counts_with_and_without_what_is_behind_it(found, ids):
    assert parse_intune([{**ASSIGNED, "resources": [{"resourceId": found}]}])[0].object_ids == ids


def test_of_a_conditional_access_change_one_record_is_told():
    assert [event.event_id[:8] for event in parse_entra([twin(), entra()])] == ["IPCGraph"]
    other = {"targetResources": [{"id": DEVICES, "type": "Policy"}]}
    later = {"activityDateTime": "2024-11-27T03:31:37Z"}
    for alone in (
        twin(),
        twin(**other),
        twin(**later),
        twin(activityDisplayName="Delete policy", operationType="Delete"),
    ):
        others = [entra()] if alone != twin() else []
        assert alone["id"] in {event.event_id for event in parse_entra([alone, *others])}


def test_of_the_directory_only_what_is_about_policies_is_kept():
    kept = [
        entra(activityDisplayName="Something new of theirs"),
        entra(loggedByService="Authentication Methods", category="ApplicationManagement"),
        entra(loggedByService="Core Directory", activityDisplayName="Update group"),
        entra(loggedByService="Terms Of Use", activityDisplayName="Edit Terms Of Use"),
    ]
    left = [
        entra(
            loggedByService="Authentication Methods",
            category="UserManagement",
            activityDisplayName="User registered security info",
        ),
        entra(loggedByService="Core Directory", activityDisplayName="Add member to group"),
        entra(loggedByService="Self-service Group Management", activityDisplayName="GroupLifecyclePolicies_Get"),
    ]
    numbered = [{**record, "id": str(number)} for number, record in enumerate([*kept, *left])]
    assert [event.event_id for event in parse_entra(numbered)] == ["0", "1", "2", "3"]


HOSTILE = (
    None,
    7,
    True,
    "x" * 3_000_000,
    [],
    {},
    ["a"],
    {"a": 1},
    "\x00\ud800",
    "<null>",
    "9999-99-99T00:00:00Z",
    "0001-01-01T00:00:00Z",
)


@pytest.mark.parametrize("record", [ASSIGNED, entra()], ids=["intune", "entra"])
def test_a_damaged_record_costs_itself_alone(record):
    parse = parse_intune if record is ASSIGNED else parse_entra
    [sound] = parse([record])
    for name in record:
        for value in HOSTILE:
            found = parse([{**record, name: value}, {**record, "id": "sound"}, None, 7, []])
            assert found[-1].event_id == "sound"
            assert found[-1].facts() | {"event_id": ""} == sound.facts() | {"event_id": ""}
            assert len(json.dumps(found[0].facts(), default=str)) < 20_000
    inner = "resources" if record is ASSIGNED else "targetResources"
    for value in HOSTILE:
        for key in record[inner][0]:
            damaged = deepcopy(record)
            damaged[inner][0][key] = value
            assert len(parse([damaged])) == 1
    many = {**record, inner: [{**record[inner][0], "id": f"{n}", "resourceId": f"{n}"} for n in range(10_000)]}
    assert len(parse([many])[0].object_ids) == 100


@pytest.mark.skipif(not AUDIT.exists(), reason="the composed records are not beside this checkout")
def test_the_records_that_were_composed_from_real_ones_are_told():
    intune, directory = (json.loads(path.read_text())["value"] for path in sorted(AUDIT.glob("*.json")))
    events = parse_intune(intune)
    assert [event.operation for event in events] == ["delete", "update", "assign", "create", "update", "assign"]
    assert {event.doer.name for event in events} == {"admin@contoso.example"}
    assert all(event.policy_types and event.object_ids for event in events)
    assert {event.policy_types[0] for event in events} == {"configurationPolicies", "deviceCompliancePolicies"}
    assert [event.activity for event in parse_entra(directory)] == [
        "Delete conditional access policy", "Update conditional access policy",
    ]  # fmt: skip
