"""A preview ends with a plan whatever was chosen, also of a policy that refers to others in every way there is."""

from itertools import product

import pytest

from actors import restore_requests
from db import restores
from db.audit import SYSTEM
from db.models import Policy
from tests.conftest import capture_by_hand
from tests.restoring import options, previewed

KEY = "deviceCompliancePolicies"
GROUP, TEMPLATE = "00000901-1111-4111-8111-111111111111", "00000902-1111-4111-8111-111111111111"
ID = "00000001-1111-4111-8111-111111111111"
BODY = {
    "@odata.type": "#microsoft.graph.windows10CompliancePolicy", "id": ID, "displayName": "Compliant",
    "description": "", "roleScopeTagIds": ["0", "7"], "passwordRequired": True,
    "scheduledActionsForRule": [{"id": "r", "ruleName": None, "scheduledActionConfigurations": [
        {"id": "a", "actionType": "notification", "gracePeriodHours": 24, "notificationTemplateId": TEMPLATE,
         "notificationMessageCCList": []},
        {"id": "b", "actionType": "block", "gracePeriodHours": 0, "notificationTemplateId": "",
         "notificationMessageCCList": []},
    ]}],
}  # fmt: skip
ASSIGNMENTS = [
    {
        "id": "x",
        "source": "direct",
        "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP},
    }
]
CHOICES = {
    "existing": ("update", "skip", "copy"),
    "assignments": ("leave", "exact", "none"),
    "drop_missing": ("no", "yes"),
}
pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def test_every_option_is_previewed_of_what_has_an_assignment_a_scope_tag_and_a_reference(contoso, cast, ended):
    contoso.put("deviceManagement/notificationMessageTemplates", {"id": TEMPLATE, "displayName": "Mail"})
    contoso.put("deviceManagement/roleScopeTags", {"id": "7", "displayName": "Vienna", "isBuiltIn": False})
    contoso.put("groups", {"id": GROUP, "displayName": "SG-All", "groupTypes": [], "securityEnabled": True})
    contoso.put(f"deviceManagement/{KEY}", {**BODY, "description": "by hand", "assignments": ASSIGNMENTS})
    policy = Policy.create(tenant=cast.contoso, policy_type=KEY, graph_id=ID, name="Compliant")
    snapshot = capture_by_hand(policy, SYSTEM, BODY, assignments=ASSIGNMENTS)[1]
    planned = {}
    for number, values in enumerate(product(*CHOICES.values())):
        chosen = dict(zip(CHOICES, values, strict=True))
        others = {
            "conditional_access": ("off", "as captured")[number % 2],
            "groups": ("no", "empty", "members")[number % 3],
        }
        wanted = options(**others, **chosen, prefix="Copy - ")
        restore = previewed(restore_requests.of_snapshot(snapshot, cast.contoso, wanted, SYSTEM), ended)
        [item] = restores.items(restore)
        planned.setdefault(chosen["existing"], set()).add(item.action)
    assert planned == {"update": {"update"}, "skip": {"exists"}, "copy": {"create"}}
