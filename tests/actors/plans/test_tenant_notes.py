"""What a plan leaves to a person is said in it, in the words of readiness, and of what is written alone."""

import pytest

from actors.plans.tenant_notes import add_hand_work
from db.audit.audit import SYSTEM
from db.models import RestoreItem
from db.policies import policies
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BY_SECOND_ADMIN = (
    "second_admin",
    "A second administrator of the tenant has to approve it first: Multi Admin Approval, “Two for apps”.",
)


def said(tenant, policy_type, action, body=None):
    item, plan = RestoreItem(id=1, policy_type=policy_type), {"action": action, "dangers": [{"code": "code"}]}
    add_hand_work([(item, plan)], {item: {"body": body or {}}}, tenant)
    assert plan["dangers"].pop()["code"] == "code", "what was found before stays"
    return [(entry["code"], entry["said"]) for entry in plan["dangers"]]


def test_a_write_that_waits_for_a_second_administrator_is_told(cast):
    approval = policies.get_or_create(cast.contoso, "operationApprovalPolicies", "a1", "Two for apps", None)
    capture_by_hand(approval, SYSTEM, {"displayName": "Two for apps", "policyType": "app"})
    for action in ("create", "update", "remove"):
        assert said(cast.contoso, "mobileApps", action) == [BY_SECOND_ADMIN]
    assert said(cast.contoso, "mobileApps", "matches") == [], "nothing is written"
    assert said(cast.contoso, "mobileApps", "blocked") == []
    assert said(cast.contoso, "configurationPolicies", "update") == [], "of another type"
    assert said(cast.fabrikam, "mobileApps", "update") == [], "of another tenant"
    policies.mark_gone(approval)
    assert said(cast.contoso, "mobileApps", "update") == []


@pytest.mark.parametrize(
    ("action", "body", "words"),
    [
        ("create", {"groupTypes": ["DynamicMembership"]}, "Its membership rule is written paused"),
        ("create", {"groupTypes": []}, "Its members are added again by hand"),
        ("create", {"members": []}, ""),
        ("undelete", {"groupTypes": ["DynamicMembership"]}, ""),
    ],
)
def test_the_membership_that_a_person_completes_is_told(cast, action, body, words):
    found = said(cast.contoso, "groups", action, body)
    assert (len(found) == 1 and found[0][1].startswith(words)) if words else found == []
