"""What a write needs, and the parts of policies beside their bodies: inputs as people met them, with the right answers.

Each stands for its kind; tests/graph/test_navigations.py holds the kinds against Microsoft's model.
"""

import pytest

from graph.planning import Case, Match, Options, decide, wanted
from graph.policy_types import POLICY_TYPES
from graph.times import parse_time
from graph.write_rules import WRITE_RULES
from graph.writing import changes, creation

TYPE = "#microsoft.graph."
TOKEN = "00000070-1111-4111-8111-111111111111"


def content(body, assignments=None):
    return {"body": body, "assignments": assignments}


def writes(key, live, want, graph_id="x"):
    """(method, path below the policy, body) of what makes the one body the other."""
    row = POLICY_TYPES[key]
    found = changes(row, graph_id, content(live), content(want), with_assignments=False)
    return [(one.method, one.path.removeprefix(row.item(graph_id)), one.body) for one in found]


def made(key, body):
    return creation(POLICY_TYPES[key], content(body)).body


def plan(key, body, live=None):
    case = Case(POLICY_TYPES[key], content(body), Match("x" if live else None), live and content(live),
                parse_time("2026-06-01T00:00:00Z"))  # fmt: skip
    return decide(case, Options("leave"))


# --- what a PUT repeats ----------------------------------------------------------------------------------------------

CATALOG = {"id": "x", "name": "Migrated", "description": "", "platforms": "windows10", "technologies": "mdm",
           "templateReference": {"templateId": "", "templateFamily": "none"}, "roleScopeTagIds": ["0"],
           "settingCount": 1, "settings": [{"id": "0", "settingInstance": {"settingDefinitionId": "one"}}]}  # fmt: skip


@pytest.mark.parametrize("key", [key for key, rule in WRITE_RULES.items() if rule.echoed])
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
    [rule] = wanted(POLICY_TYPES[key], content(body), Options("leave"), [])["body"]["scheduledActionsForRule"]
    kinds = [one["actionType"] for one in rule["scheduledActionConfigurations"]]
    had = [one["actionType"] for each in rules or () for one in each.get("scheduledActionConfigurations", ())]
    assert kinds == [*had, "block"]
    assert any("marks the device noncompliant" in note for note in plan(key, body).notes)


def test_a_compliance_policy_that_marks_the_device_keeps_its_actions_and_has_no_note():
    block = {"actionType": "block", "gracePeriodHours": 72}
    body = {"name": "A", "scheduledActionsForRule": [{"scheduledActionConfigurations": [NOTIFY, block]}]}
    kept = wanted(POLICY_TYPES["compliancePolicies"], content(body), Options("leave"), [])
    assert kept["body"]["scheduledActionsForRule"] == body["scheduledActionsForRule"]
    assert plan("compliancePolicies", body).notes == ()


# --- what is never sent ----------------------------------------------------------------------------------------------


def test_the_template_of_a_conditional_access_policy_is_in_no_write_not_even_as_null():
    """1118: "TemplateId is a read-only field" (Azure-Samples/azure-ad-conditional-access-apis#20)."""
    for template in (None, TOKEN):
        want = {"displayName": "A", "state": "enabled", "templateId": template}
        assert made("conditionalAccessPolicies", want).keys() == {"displayName", "state"}
        [(_, _, body)] = writes("conditionalAccessPolicies", {**want, "templateId": "other", "state": "disabled"}, want)
        assert body == {"state": "enabled"}


def test_a_role_is_written_by_its_role_permissions_alone():
    """With both, each action is there twice (Micke-K/IntuneManagement)."""

    def permissions(*actions):
        return [{"actions": list(actions), "resourceActions": [
            {"allowedResourceActions": list(actions), "notAllowedResourceActions": []}]}]  # fmt: skip

    want = {"displayName": "A", "rolePermissions": permissions("a", "b"), "permissions": permissions("a", "b")}
    live = {"displayName": "A", "rolePermissions": permissions("a"), "permissions": permissions("a")}
    [(method, _, body)] = writes("roleDefinitions", live, want)
    assert (method, body.keys() - {"@odata.type"}) == ("PATCH", {"rolePermissions"})
    assert "permissions" not in made("roleDefinitions", want)
    assert "actions" not in body["rolePermissions"][0]
