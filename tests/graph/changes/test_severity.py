"""The rules of severity, one case each, and what an admin makes of them."""

import pytest

from graph.changes.differences import changed_places
from graph.changes.severity import RULES, ChangeFacts, RuleSetting, assess
from graph.policy_types.table import POLICY_TYPES
from tests.support.product_modules import ROOT

CA, CATALOG, COMPLIANCE = "conditionalAccessPolicies", "configurationPolicies", "deviceCompliancePolicies"
CA_BODY = {"displayName": "CA", "state": "enabled", "conditions": {
    "users": {"includeUsers": ["All"], "excludeGroups": []}, "applications": {"includeApplications": ["All"]}},
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}  # fmt: skip
ALL_USERS = [{"target": {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}}]
GROUP = [{"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g"}}]
EXCLUDED = {"users": {"includeUsers": ["All"], "excludeGroups": ["g"]}}
OTHER_APPS = {"applications": {"includeApplications": ["Office365"]}}


def ca(**values):
    return CA_BODY | values


def conditions(**values):
    return ca(conditions=CA_BODY["conditions"] | values)


def of_change(key, before, after, old=(), new=(), kind="changed"):
    contents = [body and {"body": body, "assignments": list(given)} for body, given in ((before, old), (after, new))]
    places = changed_places(POLICY_TYPES[key], *contents, {}) if all(contents) else []
    return ChangeFacts(POLICY_TYPES[key], kind, places, *contents)


DEFENDER = {"@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "D"}
EXCLUSION = {"defenderFilesAndFoldersToExclude": ["c:"]}
COMPLIANT = {"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "displayName": "C", "passwordRequired": True}
SCRIPT = {"displayName": "S", "scriptContent": "YQ==", "runAsAccount": "user"}
ROLE = {"displayName": "R", "rolePermissions": [{"resourceActions": [{"allowedResourceActions": ["a"]}]}]}
LOCATION = {"@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "L", "isTrusted": False}
APPROVAL = {"displayName": "A", "policyType": "script", "approverGroupIds": ["g"]}
PLAIN = {"name": "P", "description": ""}

# (the rule, its severity, the change)
CASES = [
    ("removed", "high", of_change(CATALOG, PLAIN, None, kind="removed")),
    ("conditional_access_new", "high", of_change(CA, None, CA_BODY, kind="added")),
    ("conditional_access_new", "high", of_change(CA, CA_BODY, CA_BODY, kind="came_back")),
    ("conditional_access_state", "high", of_change(CA, CA_BODY, ca(state="disabled"))),
    ("conditional_access_people", "high", of_change(CA, CA_BODY, conditions(**EXCLUDED))),
    ("conditional_access_conditions", "high", of_change(CA, CA_BODY, conditions(**OTHER_APPS))),
    ("conditional_access_controls", "high", of_change(CA, CA_BODY, ca(grantControls=None))),
    ("conditional_access_parts", "high", of_change("namedLocations", LOCATION, LOCATION | {"isTrusted": True})),
    ("everybody", "high", of_change(CATALOG, PLAIN, PLAIN, GROUP, ALL_USERS)),
    ("everybody", "high", of_change(CATALOG, PLAIN, PLAIN, ALL_USERS, [])),
    ("everybody", "high", of_change(CATALOG, None, PLAIN, new=ALL_USERS, kind="added")),
    ("compliance", "high", of_change(COMPLIANCE, COMPLIANT, COMPLIANT | {"passwordRequired": False})),
    ("script_text", "high", of_change("deviceManagementScripts", SCRIPT, SCRIPT | {"scriptContent": "Yg=="})),
    ("script_new", "high", of_change("deviceShellScripts", None, SCRIPT, kind="added")),
    ("roles", "high", of_change("roleDefinitions", ROLE, ROLE | {"rolePermissions": []})),
    ("protection", "high", of_change("deviceConfigurations", DEFENDER, DEFENDER | EXCLUSION)),
    ("rights", "high", of_change("operationApprovalPolicies", APPROVAL, APPROVAL | {"approverGroupIds": ["h"]})),
    ("certificate", "high", of_change("deviceConfigurations", None, {
        "@odata.type": "#microsoft.graph.windows81TrustedRootCertificate", "displayName": "T",
        "trustedRootCertificate": "YQ=="}, kind="added")),
    ("unopened", "medium", ChangeFacts(POLICY_TYPES[CATALOG], "changed", is_unopened=True)),
    ("added", "medium", of_change(CATALOG, None, PLAIN, kind="added")),
    ("came_back", "medium", of_change(CATALOG, PLAIN, PLAIN, kind="came_back")),
    ("assignments", "medium", of_change(CATALOG, PLAIN, PLAIN, [], GROUP)),
    ("settings", "medium", of_change(CATALOG, PLAIN, PLAIN | {"platforms": "macOS"})),
    ("name", "low", of_change(CATALOG, PLAIN, PLAIN | {"name": "Q", "roleScopeTagIds": ["1"]})),
    ("name", "low", of_change(CA, CA_BODY, ca(displayName="CA 2"))),
    ("name", "low", of_change(COMPLIANCE, COMPLIANT, COMPLIANT | {"description": "D"})),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "severity", "facts"), CASES, ids=[f"{n}-{case[0]}" for n, case in enumerate(CASES)])
def test_each_rule_says_how_grave_its_change_is(rule, severity, facts):
    found = assess(facts)
    assert rule in found.rules
    assert found.severity == severity


def test_every_rule_has_a_case_a_name_of_its_own_and_a_sentence():
    assert {rule.name for rule in RULES} == {rule for rule, _, _ in CASES}
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.sentence.endswith(".") and len(rule.sentence) < 110 for rule in RULES)


def test_the_gravest_rule_counts_and_all_are_kept():
    found = assess(of_change(CA, CA_BODY, ca(state="disabled", displayName="CA 2"), GROUP, ALL_USERS))
    assert found.severity == "high"
    assert {"conditional_access_state", "everybody", "assignments", "settings"} == set(found.rules)


def test_an_admin_makes_a_rule_less_grave_switches_it_off_and_adds_their_own():
    change = of_change(CATALOG, PLAIN, PLAIN | {"platforms": "macOS"})
    assert assess(change, [RuleSetting("settings", "low")]).severity == "low"
    off = [RuleSetting("settings", "medium", is_active=False)]
    assert assess(change, off) == assess(ChangeFacts(POLICY_TYPES[CATALOG], "changed"), off)
    own = RuleSetting("own:1", "high", policy_type=CATALOG, path="Platforms")
    assert assess(change, [own]).rules == ("own:1", "settings")
    for other in (RuleSetting("own:1", "high", policy_type=CA), RuleSetting("own:1", "high", path="technologies"),
                  RuleSetting("own:1", "high", is_active=False)):  # fmt: skip
        assert assess(change, [other]).rules == ("settings",)


def test_the_document_has_every_rule_with_its_severity():
    told = (ROOT / "docs" / "changes.md").read_text().partition("<!-- severity rules")[2].partition("<!-- end")[0]
    rows = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| ")][2:]
    assert rows == [[rule.sentence, rule.severity] for rule in RULES]
