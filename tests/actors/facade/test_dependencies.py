"""What a policy refers to, by name where anybody knows it."""

from actors.facade.dependencies import Dependency, dependencies_of, kinds_naming
from db.audit.audit import SYSTEM
from db.models import Policy
from db.policies import policies
from tests.support.captures import capture_by_hand

GROUP, DELETED, UNNAMED = (f"{n}0000000-0000-4000-8000-000000000000" for n in (1, 2, 3))
TEMPLATE = "40000000-0000-4000-8000-000000000000"


def test_groups_tags_and_policies_are_named_and_what_is_deleted_or_unknown_is_told(cast):
    policy = Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))
    template = policies.get_or_create(cast.contoso, "notificationMessageTemplates", TEMPLATE, "Warning", None)
    policies.mark_gone(template)
    targets = [
        {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group_id}}
        for group_id in (GROUP, DELETED, UNNAMED)
    ]
    actions = [{"actionType": "notification", "notificationTemplateId": TEMPLATE}]
    body = {
        "name": policy.name,
        "roleScopeTagIds": ["0", "3"],
        "scheduledActionsForRule": [{"scheduledActionConfigurations": actions}],
    }
    policy.policy_type = "deviceCompliancePolicies"
    policy.save()
    _, snapshot = capture_by_hand(policy, SYSTEM, body, targets, {GROUP: "Sales", DELETED: None})
    found = {row.object_id: row for row in dependencies_of(snapshot, {"body": body, "assignments": targets})}
    assert found[GROUP] == Dependency("groups", GROUP, "Sales", None, False)
    assert (found[DELETED].is_gone, found[UNNAMED].is_gone) == (True, False)
    assert (found["3"].kind, found["3"].name) == ("roleScopeTags", "")
    assert found[TEMPLATE] == Dependency("notificationMessageTemplates", TEMPLATE, "Warning", template.id, True)
    assert found.keys() == {GROUP, DELETED, UNNAMED, "3", TEMPLATE}
    assert kinds_naming("iosManagedAppProtections") == ["iosManagedAppProtections", "managedAppProtections"]
    assert kinds_naming("groups") == ["groups"]
