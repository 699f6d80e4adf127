"""Whatever has an address of its own choice, or is there once in every tenant, is never made a second time. Pure."""

import pytest

from graph.content.timestamps import parse_time
from graph.errors import NotFound
from graph.policy_types.table import POLICY_TYPES
from graph.policy_types.tenant_wide_types import BUILT_IN_CATEGORIES
from graph.restore.executor import ChangedSincePreview, RestoreTask, execute_task
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.transport.client import Answer, Request
from graph.write.write_requests import chosen_id, created_id, creation_request
from graph.write.write_rules import WRITE_RULES

NOW = parse_time("2026-11-24T00:00:00Z")
COPY = RestoreOptions("exact", existing="copy", prefix="Copy - ")
UPDATE = RestoreOptions("exact")
# What a tenant has one of, or has of itself, of every policy type that has such.
OF_EVERY_TENANT = {
    "organizationalBranding": {"id": "0"},
    "deviceManagementSettings": {"id": "tenant-wide", "secureByDefault": True},
    "deviceEnrollmentConfigurations": {
        "@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration", "displayName": "All users", "priority": 0,
    },
    "intuneBrandingProfiles": {"profileName": "Default", "isDefaultProfile": True},
    "mobileAppCategories": {"id": next(iter(BUILT_IN_CATEGORIES)), "displayName": "Other apps"},
    "authenticationStrengths": {"displayName": "MFA", "policyType": "builtIn"},
    "roleScopeTags": {"id": "0", "displayName": "Default"},
    "roleDefinitions": {"@odata.type": "#microsoft.graph.deviceAndAppManagementRoleDefinition", "displayName": "Admin",
                        "isBuiltIn": True, "isBuiltInRoleDefinition": True},
    "deviceHealthScripts": {"displayName": "Restart", "publisher": "Microsoft", "isGlobalScript": True},
    "deviceComplianceScripts": {"displayName": "x", "publisher": "Microsoft"},
    "namedLocations": {"@odata.type": "#microsoft.graph.compliantNetworkNamedLocation", "displayName": "All"},
}  # fmt: skip


def case(key, body, live=None):
    match = Match("x", how="id") if live else Match()
    live = live and {"body": live, "assignments": []}
    return PlanCase(POLICY_TYPES[key], {"body": body, "assignments": []}, match, live, NOW)


def test_every_policy_type_with_something_of_every_tenant_is_in_the_table():
    empty = {"id": "x", "displayName": "x", "isDefaultProfile": True, "priority": 0}
    with_own = {key for key, row in POLICY_TYPES.items() if row.is_single or row.has_defaults or row.named}
    with_own |= {key for key, rule in WRITE_RULES.items() if rule.cannot_create(empty).startswith("This is the tenant")}
    assert {key for key in with_own if not WRITE_RULES[key].cannot_restore} <= OF_EVERY_TENANT.keys()


@pytest.mark.parametrize("key", OF_EVERY_TENANT)
@pytest.mark.parametrize("is_there", [True, False])
def test_a_copy_of_what_every_tenant_has_of_itself_is_blocked_with_a_sentence(key, is_there):
    body = OF_EVERY_TENANT[key]
    plan = plan_item(case(key, body, body if is_there else None), COPY)
    assert plan.action == "blocked"
    assert plan.message.endswith(".")


@pytest.mark.parametrize(
    "key", [key for key, row in POLICY_TYPES.items() if key in OF_EVERY_TENANT and not row.has_defaults]
)
def test_what_is_built_in_stays_though_the_file_calls_it_something_else(key):
    live = OF_EVERY_TENANT[key]
    kind = {"@odata.type": live["@odata.type"]} if key == "roleDefinitions" else {}
    plan = plan_item(case(key, {**kind, "displayName": "Mine", "description": "x"}, live), UPDATE)
    assert (plan.action, plan.reason) == ("blocked", "built_in")


NAMED = {
    "authenticationContextClassReferences": {"id": "c7", "displayName": "x"},
    "organizationalBranding": {"id": "en-US"},
}


def test_the_table_of_what_names_itself_holds_every_create_that_goes_to_an_address_of_its_own():
    """A create that is no POST, or that says an id."""
    for key, rule in WRITE_RULES.items():
        if rule.cannot_restore or POLICY_TYPES[key].is_single:
            continue
        body = {"id": "c7", "displayName": "x", "@odata.type": rule.odata_type or None, "templateId": "t"}
        made = creation_request(POLICY_TYPES[key], {"body": body, "assignments": None})
        says_it = made.method != "POST" or "id" in (made.body or {})
        assert says_it == rule.names_itself == (key in NAMED), key


@pytest.mark.parametrize("key", NAMED)
def test_the_worker_looks_before_it_makes_such_a_one_and_writes_over_nothing(key):
    row, want = POLICY_TYPES[key], {"body": NAMED[key], "assignments": None}
    steps = execute_task(RestoreTask(row, want, None))
    assert next(steps) == [row.item_path(chosen_id(row, want))]
    with pytest.raises(ChangedSincePreview):
        steps.send([Answer(body=NAMED[key])])
    steps = execute_task(RestoreTask(row, want, None))
    next(steps)
    [request] = steps.send([Answer(error=NotFound("not_found", "It is not there."))])
    assert isinstance(request, Request)
    assert request.creates


def test_the_id_of_what_was_made_is_the_answers_and_never_the_backups():
    want = {"body": {"id": "of the backup", "displayName": "x"}, "assignments": None}
    assert created_id(POLICY_TYPES["deviceCategories"], want, {"id": "new"}) == "new"
    assert created_id(POLICY_TYPES["deviceCategories"], want, {}) == ""
