"""Whoever a policy includes, excludes or names is found, in each way that Microsoft's model has to say it."""

import pytest

from graph.assignments import target as kinds
from graph.assignments.target import Target
from graph.assignments.targets import targets_of
from graph.content.places import root_type
from graph.microsoft import model
from graph.policy_types.policy_type import NONE
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import GROUPS, USERS
from graph.references.references import find_references

ONE, TWO, THREE = (f"{n * 8}-1111-4111-8111-{n * 12}" for n in "123")
FILTER = "deviceAndAppManagementAssignmentFilter"
ABSTRACT = {"deviceAndAppManagementAssignmentTarget", "cloudPcManagementAssignmentTarget"}


def found(policy_type, body, assignments=None):
    content = {"body": body, "assignments": assignments}
    return targets_of(policy_type, content, find_references(policy_type, content))


def target_types():
    """(policy type, target type) of every target that Microsoft's model lets a policy of the table have."""
    for key, row in POLICY_TYPES.items():
        declared = model.properties(root_type(row)).get("assignments")
        assert (row.assignments == NONE) == (declared is None), key
        if declared is not None:
            assigned = model.properties(declared.type)["target"].type
            yield from ((key, name) for name in sorted(model.subtypes(assigned) - ABSTRACT))


@pytest.mark.parametrize(("policy_type", "target_type"), list(target_types()))
def test_every_target_that_the_model_knows_is_one(policy_type, target_type):
    ids = {name: ONE for name in model.properties(target_type) if name in ("groupId", "collectionId")}
    target = {"@odata.type": f"{model.PREFIX}{target_type}", **ids}
    target |= {f"{FILTER}Id": TWO, f"{FILTER}Type": "exclude"}
    [first, *_] = found(policy_type, {}, [{"intent": "required", "target": target}])
    assert first.kind not in (kinds.OTHER, kinds.NOBODY)
    assert (first.object_id == ONE) == bool(ids)
    assert first.is_excluded == target_type.startswith("exclusion")
    assert (first.filter_id, first.filter_mode, first.intent) == (TWO, "exclude", "required")


def holders():
    """(policy type, body) with an id at each property of groups or people that the model knows, one at a time."""
    conditions = {
        (holder, f"{prefix}{name}")
        for holder, names in (("users", ("Users", "Groups", "Roles")), ("agents", ("AgentUsers",)))
        for name in names
        for prefix in ("include", "exclude")
    }
    for holder, name in sorted(conditions):
        yield "conditionalAccessPolicies", {"conditions": {holder: {name: [ONE]}}}
    for name in ("members", "resourceScopes", "scopeMembers"):
        yield "roleAssignments", {"@odata.type": "#microsoft.graph.deviceAndAppManagementRoleAssignment", name: [ONE]}
    for name in ("includedGroupAssignment", "excludedGroupAssignment"):
        yield "windowsUpdatePolicies", {"rings": [{name: {"assignments": [{"groupId": ONE}]}}]}
    yield "operationApprovalPolicies", {"approverGroupIds": [ONE]}
    actions = [{"scheduledActionConfigurations": [{"notificationMessageCCList": [ONE]}]}]
    yield "deviceCompliancePolicies", {"scheduledActionsForRule": actions}
    yield "androidDeviceOwnerEnrollmentProfiles", {"enrollmentTimeDeviceMembershipTargets": [{"targetId": ONE}]}


@pytest.mark.parametrize(("policy_type", "body"), list(holders()))
def test_whoever_a_body_names_is_found(policy_type, body):
    assert ONE in {target.object_id for target in found(policy_type, body)} or policy_type.startswith("android")
    references = find_references(policy_type, {"body": body, "assignments": None})
    of_people = {row.id for row in references if row.kind in (GROUPS, USERS) and not row.is_hint}
    assert of_people <= {target.object_id for target in found(policy_type, body)}


def test_a_policy_without_anybody_is_for_nobody_unless_it_needs_none():
    exclusion = {"target": {"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": ONE}}
    assert found("configurationPolicies", {}, [exclusion]) == [
        Target(kinds.GROUP, ONE, is_excluded=True), Target(kinds.NOBODY),
    ]  # fmt: skip
    everyone = {"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget", "groupId": ONE}}
    assert found("configurationPolicies", {}, [everyone]) == [Target(kinds.ALL_DEVICES)]
    assert found("roleScopeTags", {"id": "7"}, []) == []
    assert found("namedLocations", {}) == []
    assert found("deviceEnrollmentConfigurations", {"priority": 0}, []) == [], "a default is for whoever is left"
    off = {"state": "disabled", "conditions": {"users": {"includeUsers": ["None"]}}}
    assert found("conditionalAccessPolicies", off) == [Target(kinds.NOBODY, intent="disabled")]


def test_terms_of_an_app_are_its_plain_settings():
    settings = {"@odata.type": "#microsoft.graph.iosVppAppAssignmentSettings", "useDeviceLicensing": True, "x": {}}
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": ONE, f"{FILTER}Type": "none"}
    [app] = found("mobileApps", {}, [{"intent": "available", "settings": settings, "target": target}])
    assert app == Target(kinds.GROUP, ONE, intent="available", terms=(("useDeviceLicensing", "True"),))


@pytest.mark.parametrize(
    "odd", [None, [], "x", [None], [{"target": 7}], [{"target": {}}], [{"target": {"groupId": 7}}]]
)
def test_what_has_no_such_shape_is_no_error(odd):
    for key in POLICY_TYPES:
        found(key, {"conditions": odd, "members": odd, "roleDefinition": odd, "rings": odd}, odd)
