"""Writes, and the parts of policies beside their bodies: inputs as people met them, with the right answers.

Each stands for its kind; tests/graph/references/test_navigations.py holds the kinds against Microsoft's model.
"""

import base64
import json

import pytest

from graph.content.fingerprint import fingerprint
from graph.content.normalise import ZERO_GUID
from graph.content.timestamps import parse_time
from graph.display.diff import compare
from graph.policy_types.table import POLICY_TYPES
from graph.restore.desired_content import desired_content
from graph.restore.executor import (
    APPROVAL_HEADER,
    JUSTIFICATION_HEADER,
    RestoreTask,
    approval_reason_header,
    execute_task,
    request_hash,
)
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.write.write_requests import change_requests, creation_request, remaining_differences
from graph.write.write_rules import WRITE_RULES
from tests.support.told import told

TYPE = "#microsoft.graph."
TOKEN = "00000070-1111-4111-8111-111111111111"


def content(body, assignments=None):
    return {"body": body, "assignments": assignments}


def writes(key, live, want, graph_id="x"):
    """(method, path below the policy, body) of what makes the one body the other."""
    row = POLICY_TYPES[key]
    found = change_requests(row, graph_id, content(live), content(want), with_assignments=False)
    return [(request.method, request.path.removeprefix(row.item_path(graph_id)), request.body) for request in found]


def made(key, body):
    return creation_request(POLICY_TYPES[key], content(body)).body


def plan(key, body, live=None):
    case = PlanCase(POLICY_TYPES[key], content(body), Match("x" if live else None), live and content(live),
                parse_time("2026-06-01T00:00:00Z"))  # fmt: skip
    return plan_item(case, RestoreOptions("leave"))


# --- what a PUT repeats ----------------------------------------------------------------------------------------------

CATALOG = {"id": "x", "name": "Migrated", "description": "", "platforms": "windows10", "technologies": "mdm",
           "templateReference": {"templateId": "", "templateFamily": "none"}, "roleScopeTagIds": ["0"],
           "settingCount": 1, "settings": [{"id": "0", "settingInstance": {"settingDefinitionId": "one"}}]}  # fmt: skip


@pytest.mark.parametrize("key", [key for key, rule in WRITE_RULES.items() if rule.repeated_by_put])
@pytest.mark.parametrize("source", ["CloudManagedServices", f"Migration_DI_{TOKEN}", f"DepTokenId_{TOKEN}"])
def test_a_put_repeats_the_source_that_the_tenant_shows(key, source):
    live = {**CATALOG, "description": "changed by hand", "creationSource": source}
    [(method, _, body)] = writes(key, live, {**CATALOG, "creationSource": "of another tenant"})
    assert (method, body["creationSource"], body["description"]) == ("PUT", source, "")


def test_a_put_keeps_what_the_backup_knows_nothing_of_and_the_spelling_of_what_cannot_change():
    live = {**CATALOG, "description": "changed", "technologies": "mdm,microsoftSense", "isNew": {"deep": True}}
    want = {**CATALOG, "technologies": "mdm,microsoftSense"}
    [(_, _, body)] = writes("configurationPolicies", live, want)
    assert (body["isNew"], body["technologies"], body["description"]) == ({"deep": True}, "mdm,microsoftSense", "")
    assert body.keys().isdisjoint({"id", "settingCount", "assignments", "isAssigned"})
    assert writes("configurationPolicies", live, {**want, "description": "changed"}) == []


def test_a_create_says_only_a_source_that_is_an_enrollment_token():
    token = made("configurationPolicies", {**CATALOG, "creationSource": f"DepTokenId_{TOKEN}"})
    assert token["creationSource"] == f"DepTokenId_{TOKEN}"
    for other in (None, "CloudManagedServices", f"Migration_DI_{TOKEN}"):
        assert "creationSource" not in made("configurationPolicies", {**CATALOG, "creationSource": other})


# --- what is spelt as nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", [None, []])
def test_no_scope_tag_is_sent_as_the_built_in_one(nothing):
    for key in ("configurationPolicies", "deviceConfigurations", "mobileApps", "roleDefinitions", "termsAndConditions"):
        assert made(key, {"@odata.type": f"{TYPE}webApp", "roleScopeTagIds": nothing})["roleScopeTagIds"] == ["0"]
    for key in ("assignmentFilters", "policySets"):
        assert made(key, {"displayName": "A", "roleScopeTags": nothing})["roleScopeTags"] == ["0"]
    live, want = ({"displayName": "A", "roleScopeTagIds": tags} for tags in (["5"], nothing))
    assert writes("deviceCategories", live, want) == [("PATCH", "", {"roleScopeTagIds": ["0"]})]
    assert "roleScopeTagIds" not in made("deviceCategories", {"displayName": "A"})


NOTIFY = {"actionType": "notification", "gracePeriodHours": 24, "notificationMessageCCList": []}
RULES = {
    "no rule": None,
    "no rules": [],
    "a rule without actions": [{"ruleName": None}],
    "a rule with none": [{"ruleName": None, "scheduledActionConfigurations": []}],
    "a rule that marks nothing": [{"ruleName": None, "scheduledActionConfigurations": [NOTIFY]}],
}


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("key", ["deviceCompliancePolicies", "compliancePolicies"])
def test_a_compliance_policy_gets_the_action_that_the_service_demands_and_the_plan_says_so(key, rules):
    body = {"displayName": "A", "name": "A", "@odata.type": f"{TYPE}iosCompliancePolicy"}
    body |= {} if rules is None else {"scheduledActionsForRule": rules}
    [rule] = desired_content(POLICY_TYPES[key], content(body), RestoreOptions("leave"), [])["body"][
        "scheduledActionsForRule"
    ]
    kinds = [action["actionType"] for action in rule["scheduledActionConfigurations"]]
    had = [action["actionType"] for each in rules or () for action in each.get("scheduledActionConfigurations", ())]
    assert kinds == [*had, "block"]
    assert any("marks the device noncompliant" in note for note in told(plan(key, body)))


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("key", ["deviceCompliancePolicies", "compliancePolicies"])
def test_a_backup_without_actions_leaves_those_of_the_tenant_as_they_are(key, rules):
    body = {"displayName": "A", "name": "A", "@odata.type": f"{TYPE}iosCompliancePolicy"}
    live = {**body, "scheduledActionsForRule": [{"scheduledActionConfigurations": [NOTIFY, {"actionType": "block"}]}]}
    want = body | ({} if rules is None else {"scheduledActionsForRule": rules})
    assert (plan(key, want, live).action, told(plan(key, want, live))) == ("matches", ())
    assert plan(key, want, want).action == "matches"


def test_a_compliance_policy_that_marks_the_device_keeps_its_actions_and_has_no_note():
    block = {"actionType": "block", "gracePeriodHours": 72}
    body = {"name": "A", "scheduledActionsForRule": [{"scheduledActionConfigurations": [NOTIFY, block]}]}
    kept = desired_content(POLICY_TYPES["compliancePolicies"], content(body), RestoreOptions("leave"), [])
    assert kept["body"]["scheduledActionsForRule"] == body["scheduledActionsForRule"]
    assert told(plan("compliancePolicies", body)) == ()


# --- what is never sent ----------------------------------------------------------------------------------------------


def test_the_template_of_a_conditional_access_policy_is_in_no_write_not_even_as_null():
    """1118: "TemplateId is a read-only field" (Azure-Samples/azure-ad-conditional-access-apis#20)."""
    for template in (None, TOKEN):
        want = {"displayName": "A", "state": "enabled", "templateId": template}
        assert made("conditionalAccessPolicies", want).keys() == {"displayName", "state"}
        [(_, _, body)] = writes("conditionalAccessPolicies", {**want, "templateId": "other", "state": "disabled"}, want)
        assert body == {"state": "enabled"}


def test_a_role_is_written_by_its_role_permissions_alone():
    """Send `rolePermissions` alone: with both, each action is there twice (Micke-K/IntuneManagement)."""

    def permissions(*actions):
        return [{"actions": list(actions), "resourceActions": [
            {"allowedResourceActions": list(actions), "notAllowedResourceActions": []}]}]  # fmt: skip

    want = {"displayName": "A", "rolePermissions": permissions("a", "b"), "permissions": permissions("a", "b")}
    live = {"displayName": "A", "rolePermissions": permissions("a"), "permissions": permissions("a")}
    [(method, _, body)] = writes("roleDefinitions", live, want)
    assert (method, body.keys() - {"@odata.type"}) == ("PATCH", {"rolePermissions"})
    assert "permissions" not in made("roleDefinitions", want)
    assert "actions" not in body["rolePermissions"][0]


# --- apps ------------------------------------------------------------------------------------------------------------

PORTAL = {"@odata.type": f"{TYPE}iosiPadOSWebClip", "id": "x", "displayName": "Portal", "publisher": "M",
          "appUrl": "https://portal.example", "isFeatured": True, "roleScopeTagIds": ["0"], "relationships": [],
          "largeIcon": {"@odata.type": f"{TYPE}mimeContent", "type": "image/png", "value": "iVBORw0KGgo="},
          "categories": [{"id": "productivity", "displayName": "Productivity"}]}  # fmt: skip
CATEGORY = {"@odata.id": "/deviceAppManagement/mobileAppCategories('productivity')"}


def test_an_app_is_made_with_its_icon_and_flag_and_then_gets_its_categories():
    sent = made("mobileApps", PORTAL)
    assert (sent["largeIcon"], sent["isFeatured"]) == (PORTAL["largeIcon"], True)
    assert sent.keys().isdisjoint({"categories", "relationships"})
    assert writes("mobileApps", {**PORTAL, "categories": []}, PORTAL) == [("POST", "/categories/$ref", CATEGORY)]
    gone = ("DELETE", "/categories/productivity/$ref", None)
    assert writes("mobileApps", PORTAL, {**PORTAL, "categories": []}) == [gone]


@pytest.mark.parametrize("part", ["largeIcon", "isFeatured", "categories", "relationships"])
def test_a_part_of_an_app_that_somebody_changed_is_a_difference_and_no_change_is_none(part):
    row = POLICY_TYPES["mobileApps"]
    kind = {"@odata.type": f"{TYPE}mobileAppDependency", "dependencyType": "detect"}
    own = {**kind, "targetId": "y", "targetType": "child"}
    before = {**PORTAL, "relationships": [own]}
    other = {"largeIcon": {"type": "image/png", "value": "AAAA"}, "isFeatured": False, "categories": []}
    after = {**before, part: other.get(part, [])}
    assert fingerprint(row, content(before)) != fingerprint(row, content(after))
    assert {difference.path[1] for difference in compare(row, content(before), content(after))} == {part}
    renamed = {**before, "categories": [{"id": "productivity", "displayName": "Work"}]}
    seen = {**own, "id": "x_y", "targetDisplayName": "Y", "dependentAppCount": 3}
    of_another = {**own, "targetId": "z", "targetType": "parent"}
    same = {**renamed, "relationships": [of_another, seen], "dependentAppCount": 9}
    assert fingerprint(row, content(before)) == fingerprint(row, content(same))


def test_the_relationships_of_an_app_are_written_at_once_and_only_its_own():
    app = {"@odata.type": f"{TYPE}winGetApp"}
    kept = {"@odata.type": f"{TYPE}mobileAppSupersedence", "targetId": "old", "supersedenceType": "replace"}
    want = {**app, "relationships": [{**kept, "id": "x_old", "targetType": "child", "targetDisplayName": "Old"},
                                     {**kept, "targetId": "new", "targetType": "parent"}]}  # fmt: skip
    sent = ("POST", "/updateRelationships", {"relationships": [kept]})
    assert writes("mobileApps", {**app, "relationships": []}, want) == [sent]
    assert writes("mobileApps", want, {**app, "relationships": []}) == [(*sent[:2], {"relationships": []})]


# --- driver approvals ------------------------------------------------------------------------------------------------


def driver(name, status, **more):
    return {"id": f"of {name}", "name": name, "version": "1", "manufacturer": "M", "approvalStatus": status, **more}


def drivers(*inventory, approval="manual"):
    return {"displayName": "Drivers", "approvalType": approval, "driverInventories": list(inventory)}


DRIVERS = "windowsDriverUpdateProfiles"


def test_what_was_decided_on_drivers_is_applied_where_the_target_lists_them():
    past, later = "2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
    want = drivers(
        driver("a", "approved", deployDateTime=past),
        driver("b", "declined"),
        driver("c", "approved", deployDateTime=later),
        driver("d", "suspended"),
    )
    live = drivers(*({**driver(name, "needsReview"), "id": f"here {name}"} for name in "abcd"))
    assert writes(DRIVERS, live, want) == [
        ("POST", "/executeAction", {"actionName": "approve", "driverIds": ["here a"]}),
        ("POST", "/executeAction",
         {"actionName": "approve", "driverIds": ["here c"], "deploymentDate": "2099-01-01T00:00:00Z"}),
        ("POST", "/executeAction", {"actionName": "decline", "driverIds": ["here b"]}),
        ("POST", "/executeAction", {"actionName": "suspend", "driverIds": ["here d"]}),
    ]  # fmt: skip
    assert told(plan(DRIVERS, want, live)) == ()
    assert writes(DRIVERS, want, want) == []


def test_a_driver_that_the_target_does_not_list_is_named_and_no_difference_for_ever():
    row, want = POLICY_TYPES[DRIVERS], drivers(driver("a", "approved"), driver("b", "needsReview"))
    assert ["“a 1”" in note for note in told(plan(DRIVERS, want))] == [True]
    bare = drivers()
    assert plan(DRIVERS, want, bare).action == "matches"
    assert ["“a 1”" in note for note in told(plan(DRIVERS, want, bare))] == [True]
    assert remaining_differences(row, content(bare), content(want), with_assignments=False) == []
    taken_back = plan(DRIVERS, drivers(driver("a", "needsReview")), drivers(driver("a", "declined")))
    assert (taken_back.action, ["decision back" in note for note in told(taken_back)]) == ("matches", [True])


def test_what_somebody_decides_is_a_change_and_what_devices_report_is_none():
    row = POLICY_TYPES[DRIVERS]
    marks = {
        fingerprint(row, content(drivers(driver("a", status), driver("b", "declined")))) for status in DriverStates
    }
    assert len(marks) == len(DriverStates)
    one = drivers(driver("a", "approved"))
    grown = drivers({**driver("a", "approved"), "id": "other", "applicableDeviceCount": 9}, driver("b", "needsReview"))
    assert fingerprint(row, content(one)) == fingerprint(row, content(grown))
    by_itself = driver("a", "approved", category="recommended")
    assert fingerprint(row, content(drivers(by_itself, approval="automatic"))) == fingerprint(
        row, content(drivers(approval="automatic"))
    )


DriverStates = ("needsReview", "approved", "declined", "suspended")


def test_a_backup_from_before_approvals_were_read_says_so_when_the_profile_is_made_again():
    assert any("approved or declined" in note for note in told(plan(DRIVERS, {"approvalType": "manual"})))
    assert told(plan(DRIVERS, {"approvalType": "automatic"})) == ()


# --- enrollment ------------------------------------------------------------------------------------------------------

ENROLLMENT = "deviceEnrollmentConfigurations"
MESSAGE = {"id": "first_en-us", "locale": "en-us", "subject": "Welcome", "messageTemplate": "Hello", "isDefault": True}
NOTIFICATION = {
    "@odata.type": f"{TYPE}deviceEnrollmentNotificationConfiguration", "displayName": "Welcome", "priority": 1,
    "platformType": "ios", "templateType": "0", "notificationMessageTemplateId": ZERO_GUID, "brandingOptions": "none",
    "notificationTemplates": ["Email_first", "Push_two"],
    "notificationMessages": [
        {"kind": "email", "id": "first", "brandingOptions": "includeCompanyLogo",
         "localizedNotificationMessages": [MESSAGE]},
        {"kind": "push", "id": "two", "brandingOptions": "none", "localizedNotificationMessages": [MESSAGE]},
    ],
}  # fmt: skip


def of_ids(email, push):
    """Return the body as the service shows it: under other ids, yet without a text."""
    templates = [{"kind": kind, "id": template, "brandingOptions": "none", "localizedNotificationMessages": []}
                 for kind, template in (("email", email), ("push", push))]  # fmt: skip
    return {
        **NOTIFICATION, "notificationTemplates": [f"Email_{email}", f"Push_{push}"], "notificationMessages": templates
    }  # fmt: skip


def test_a_notification_is_made_without_ids_and_its_texts_go_where_the_service_says():
    sent = made(ENROLLMENT, NOTIFICATION)
    assert sent["notificationTemplates"] == [f"email_{ZERO_GUID}", f"push_{ZERO_GUID}"]
    assert sent.keys().isdisjoint({"notificationMessages", "templateType", "notificationMessageTemplateId"})
    text = {name: MESSAGE[name] for name in ("locale", "subject", "messageTemplate", "isDefault")}
    templates = "/deviceManagement/notificationMessageTemplates"
    assert writes(ENROLLMENT, of_ids("mail", "push"), NOTIFICATION) == [
        ("POST", f"{templates}/mail/localizedNotificationMessages", text),
        ("PATCH", f"{templates}/mail", {"brandingOptions": "includeCompanyLogo"}),
        ("POST", f"{templates}/push/localizedNotificationMessages", text),
    ]


def test_an_update_of_a_notification_keeps_the_ids_that_the_tenant_has():
    row, there = POLICY_TYPES[ENROLLMENT], json.loads(json.dumps(NOTIFICATION).replace("first", "mail"))
    assert writes(ENROLLMENT, there, NOTIFICATION) == []
    assert fingerprint(row, content(there)) == fingerprint(row, content(NOTIFICATION))
    renamed = [(method, path, set(body)) for method, path, body in writes(
        ENROLLMENT, {**there, "displayName": "B"}, NOTIFICATION)]  # fmt: skip
    assert renamed == [("PATCH", "", {"@odata.type", "displayName"})]
    mail_only = {**there, **{name: there[name][:1] for name in ("notificationTemplates", "notificationMessages")}}
    [(_, _, body)] = writes(ENROLLMENT, mail_only, NOTIFICATION)
    assert body["notificationTemplates"] == ["Email_mail", f"push_{ZERO_GUID}"]


def test_texts_that_a_backup_does_not_hold_are_named():
    old = {name: value for name, value in NOTIFICATION.items() if name != "notificationMessages"}
    assert any("email and push messages" in note for note in told(plan(ENROLLMENT, old)))
    assert told(plan(ENROLLMENT, NOTIFICATION)) == ()


def test_texts_of_a_kind_that_could_not_be_read_stay_and_are_no_difference_for_ever():
    push_only = {**NOTIFICATION, "notificationMessages": NOTIFICATION["notificationMessages"][1:]}
    assert plan(ENROLLMENT, push_only, NOTIFICATION).action == "matches"
    assert any("its email messages" in note for note in told(plan(ENROLLMENT, push_only)))


PREPARATION = {**CATALOG, "name": "Prepared", "technologies": "enrollment", "priorityMetaData": {"priority": 2},
               "templateReference": {"templateId": "t_1", "templateFamily": "enrollmentConfiguration"},
               "enrollmentTimeDeviceMembershipTargets": [
                   {"targetType": "staticSecurityGroup", "targetId": "devices"}]}  # fmt: skip


def test_the_device_group_of_an_enrollment_policy_is_a_step_by_hand_and_no_failure():
    row, none = POLICY_TYPES["configurationPolicies"], {**PREPARATION, "enrollmentTimeDeviceMembershipTargets": []}
    assert "enrollmentTimeDeviceMembershipTargets" not in made("configurationPolicies", PREPARATION)
    for live in (None, none):
        assert ["devices by hand" in note for note in told(plan("configurationPolicies", PREPARATION, live))] == [True]
    assert plan("configurationPolicies", PREPARATION, none).action == "matches"
    assert remaining_differences(row, content(none), content(PREPARATION), with_assignments=False) == []
    assert told(plan("configurationPolicies", PREPARATION, PREPARATION)) == ()
    assert fingerprint(row, content(none)) != fingerprint(row, content(PREPARATION))


def test_only_policies_of_enrollment_are_put_in_their_order():
    first = {**PREPARATION, "priorityMetaData": {"priority": 1}}
    assert writes("configurationPolicies", first, PREPARATION) == [("POST", "/reorder", {"priority": 2})]
    plain = {**CATALOG, "priorityMetaData": {"priority": 3}}
    assert writes("configurationPolicies", {**plain, "priorityMetaData": None}, plain) == []


def test_the_default_profile_of_an_apple_token_becomes_it_again():
    token = {**CATALOG, "creationSource": f"DepTokenId_{TOKEN}", "isDefaultEnrollmentProfile": True}
    other = {**token, "isDefaultEnrollmentProfile": False}
    [(method, path, _)] = writes("configurationPolicies", other, token)
    below = f"/deviceManagement/depOnboardingSettings/{TOKEN}/enrollmentProfiles/{TOKEN}_x"
    assert (method, path) == ("POST", f"{below}/setDefaultProfile")
    assert writes("configurationPolicies", token, other) == []
    no_more = plan("configurationPolicies", other, token)
    assert (no_more.action, ["stays it until" in note for note in told(no_more)]) == ("matches", [True])
    apple = {"@odata.type": f"{TYPE}depIOSEnrollmentProfile", "displayName": "A", "isDefault": False}
    row = POLICY_TYPES["depOnboardingSettings"]
    [asked] = change_requests(
        row, f"{TOKEN}/p", content(apple), content({**apple, "isDefault": True}), with_assignments=False
    )
    assert (asked.method, asked.path) == ("POST", f"{row.path}/{TOKEN}/enrollmentProfiles/p/setDefaultProfile")


# --- Multi Admin Approval --------------------------------------------------------------------------------------------


def test_a_reason_is_sent_as_base64_and_an_approval_in_its_place():
    """Plain text is refused (KelvinTegelaar/CIPP, Micke-K/IntuneManagement); the portal was seen to send base64."""
    assert base64.b64decode(approval_reason_header("Änderung  4711\n")).decode() == "Änderung 4711"
    assert len(base64.b64decode(approval_reason_header("ä" * 5000)).decode()) <= 1024
    order = RestoreTask(
        POLICY_TYPES["deviceCategories"], content({"displayName": "A"}), None, justification=approval_reason_header("x")
    )
    [asked] = next(execute_task(order))
    assert asked.headers == {JUSTIFICATION_HEADER: approval_reason_header("x")}
    order.approved = {request_hash(asked): "code"}
    [again] = next(execute_task(order))
    assert again.headers == {APPROVAL_HEADER: "code"}
