"""What a plan leaves to a person is said in it, in the words of readiness, and of what is written alone."""

import pytest

from actors.plans.tenant_notes import add_hand_work, read_approval_policies
from actors.reading.answer_memory import RunMemory
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.models import RestoreItem
from db.policies import policies
from db.runs import claims, runs
from graph.errors import Unavailable
from tests.support.captures import capture_by_hand

BY_SECOND_ADMIN = (
    "second_admin",
    "A second administrator of the tenant has to approve it first: Multi Admin Approval, “Two for apps”.",
)


APPROVAL = {"displayName": "Two for apps", "policyType": "app"}


def said(policy_type, action, body=None, approvals=(APPROVAL,)):
    item, plan = RestoreItem(id=1, policy_type=policy_type), {"action": action, "dangers": [{"code": "code"}]}
    add_hand_work([(item, plan)], {item: {"body": body or {}}}, lambda: approvals)
    assert plan["dangers"].pop()["code"] == "code", "what was found before stays"
    return [(entry["code"], entry["said"]) for entry in plan["dangers"]]


def test_a_write_that_waits_for_a_second_administrator_is_told():
    for action in ("create", "update", "remove"):
        assert said("mobileApps", action) == [BY_SECOND_ADMIN]
    assert said("mobileApps", "matches") == [], "nothing is written"
    assert said("mobileApps", "blocked") == []
    assert said("configurationPolicies", "update") == [], "of another type"
    assert said("mobileApps", "update", approvals=()) == []


def test_nothing_is_asked_where_no_approval_policy_could_hold_anything_up():
    item, plan = RestoreItem(id=1, policy_type="conditionalAccessPolicies"), {"action": "update", "dangers": []}
    add_hand_work([(item, plan)], {item: {"body": {}}}, lambda: pytest.fail("the tenant is asked"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_the_tenant_does_not_tell_its_approval_policies_the_backups_do(graph, cast):
    run = runs.start(tenant=cast.contoso, kind="restore.preview", dedupe_key="k", items=[], actor=SYSTEM).run
    memory = RunMemory(claims.take_claim(run.id, run.kind), "approvals")

    def read(**chosen):
        client = graph_clients.client(cast.contoso)
        return read_approval_policies(cast.contoso, client, memory, **{"is_last_try": False, **chosen})

    approval = policies.get_or_create(cast.contoso, "operationApprovalPolicies", "a1", "Two for apps", None)
    capture_by_hand(approval, SYSTEM, APPROVAL)
    graph.fault(kind="status", status=503, path="operationApprovalPolicies", times=2)
    with pytest.raises(Unavailable):
        read()
    assert read(is_last_try=True) == [APPROVAL]
    graph.fault(kind="status", status=403, path="operationApprovalPolicies", times=2)
    assert read() == [APPROVAL]
    policies.mark_gone(approval)
    assert read() == []
    graph.put("deviceManagement/operationApprovalPolicies", {**APPROVAL, "id": "a2", "displayName": "Since the backup"})
    assert [body["displayName"] for body in read()] == ["Since the backup"]


@pytest.mark.parametrize(
    ("action", "body", "words"),
    [
        ("create", {"groupTypes": ["DynamicMembership"]}, "Its membership rule is written paused"),
        ("create", {"groupTypes": []}, "Its members are added again by hand"),
        ("create", {"members": []}, ""),
        ("undelete", {"groupTypes": ["DynamicMembership"]}, ""),
    ],
)
def test_the_membership_that_a_person_completes_is_told(action, body, words):
    found = said("groups", action, body)
    assert (len(found) == 1 and found[0][1].startswith(words)) if words else found == []
