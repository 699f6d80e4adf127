"""What the policy types of a tenant as a whole do otherwise than others: their requests, and what a plan says."""

import copy
from datetime import datetime

from graph.policy_types.table import POLICY_TYPES
from graph.policy_types.tenant_wide_types import BRANDING_FILES
from graph.policy_types.write_rule import LOCKS
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.write.write_requests import change_requests, creation_request
from graph.write.write_rules import WRITE_RULES, write_order

PNG = "iVBORw0KGgoAAAANSUhEUg=="


def requests_of(key, graph_id, live, want):
    row = POLICY_TYPES[key]
    found = change_requests(row, graph_id, {"body": live}, {"body": want}, with_assignments=True)
    return [(one.method, one.path, one.body) for one in found]


def plan_of(key, body, live=None):
    case = PlanCase(POLICY_TYPES[key], {"body": body}, Match(), live and {"body": live}, datetime(2026, 11, 26))
    return plan_item(case, RestoreOptions(assignments="exact"))


def test_tenant_wide_settings_are_changed_one_by_one_and_never_made():
    live = {"id": "tenant-wide", "secureByDefault": False, "deviceComplianceCheckinThresholdDays": 30}
    want = {**live, "deviceComplianceCheckinThresholdDays": 7}
    [(method, path, body)] = requests_of("deviceManagementSettings", "tenant-wide", live, want)
    assert (method, path) == ("PATCH", "/deviceManagement")
    assert body == {"settings": {"deviceComplianceCheckinThresholdDays": 7}}
    assert "not compliant" in " ".join(
        plan_of("deviceManagementSettings", {**want, "secureByDefault": True}, live).notes
    )


def test_terms_of_use_are_never_made_without_their_pdfs():
    file = {"id": "f", "fileName": "terms.pdf", "language": "en", "isDefault": True, "fileData": {"data": "JVBERi0="}}
    whole = {"displayName": "Terms", "files": [file]}
    sent = creation_request(POLICY_TYPES["agreements"], {"body": copy.deepcopy(whole)}).body
    assert sent["files"] == [{name: value for name, value in file.items() if name != "id"}]
    for lacking in ([], [{**file, "fileData": None}], [file, {**file, "language": "de", "fileData": None}]):
        plan = plan_of("agreements", {"displayName": "Terms", "files": lacking})
        assert (plan.action, plan.reason) == ("blocked", "cannot_create")


def test_a_pdf_of_terms_that_are_there_is_not_written_over():
    def terms(data):
        return {"displayName": "Terms", "files": [{"fileName": "a.pdf", "language": "en", "fileData": {"data": data}}]}

    assert plan_of("agreements", terms("JVBERi0="), terms("b3RoZXI=")).reason == "immutable"


def test_the_default_branding_is_meant_by_a_header_and_comes_before_the_languages():
    row = POLICY_TYPES["organizationalBranding"]
    default, german = {"id": "0", "signInPageText": "Help"}, {"id": "de-DE", "signInPageText": "Hilfe"}
    made = creation_request(row, {"body": dict(default)})
    assert (made.method, made.path) == ("PATCH", "/organization/{directory}/branding")
    assert (made.headers, made.body) == ({"Accept-Language": "0"}, {"signInPageText": "Help"})
    made = creation_request(row, {"body": dict(german)})
    assert (made.method, made.body) == ("POST", german)
    assert write_order(row.key, default) < write_order(row.key, german)


def test_images_go_as_files_and_one_that_was_not_there_is_taken_away():
    nothing = dict.fromkeys(BRANDING_FILES)
    there = {**nothing, "bannerLogo": PNG}
    path = "/organization/{directory}/branding/localizations/de/bannerLogo"
    assert requests_of("organizationalBranding", "de", nothing, there) == [
        ("PUT", path, {"type": "image/png", "value": PNG})
    ]
    assert requests_of("organizationalBranding", "de", there, nothing) == [("DELETE", path, None)]


def test_what_writing_does_beyond_itself_is_said_before_it():
    rule = {"displayName": "Old", "deviceInactivityBeforeRetirementInDays": 90, "deviceCleanupRulePlatformType": "all"}
    assert "90 days" in " ".join(plan_of("managedDeviceCleanupRules", rule).notes)
    assert plan_of("managedDeviceCleanupRules", rule, rule).notes == (), "nothing is written"
    assert "approval" in " ".join(plan_of("operationApprovalPolicies", {"displayName": "Two"}).notes)
    assert "QR codes" in " ".join(plan_of("androidDeviceOwnerEnrollmentProfiles", {"displayName": "Kiosk"}).notes)


def test_what_may_lock_all_later_writes_is_written_last():
    last = {key for key, rule in WRITE_RULES.items() if rule.wave == LOCKS}
    assert last == {"operationApprovalPolicies"}
    assert max(rule.wave for rule in WRITE_RULES.values()) == LOCKS


def test_a_category_that_every_tenant_has_is_not_made():
    productivity = {"id": "ed899483-3019-425e-a470-28e901b9790e", "displayName": "Productivity"}
    assert plan_of("mobileAppCategories", productivity).reason == "built_in"
