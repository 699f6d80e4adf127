"""What a content says of its targets, as the database keeps it: also who is known to be deleted."""

from actors.reading.policy_targets import targets_in

GROUP, FILTER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def test_a_deleted_group_or_filter_is_gone_and_an_unread_one_is_not():
    target = {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupId": GROUP.upper(),
        "deviceAndAppManagementAssignmentFilterId": FILTER,
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    content = {"body": {"description": "\x00"}, "assignments": [{"target": target}]}

    def is_gone(names, were_read=True):
        [row] = targets_in("deviceConfigurations", content, names, were_read=were_read).targets
        assert (row.kind, row.object_id, row.filter_id) == ("group", GROUP, FILTER)
        return row.is_gone

    assert is_gone({"groups": {GROUP.upper(): None}})
    assert is_gone({"groups": {GROUP: "Staff"}, "filters": {FILTER: None}})
    assert not is_gone({"groups": {GROUP: "Staff"}, "filters": {FILTER: "Laptops"}})
    assert not is_gone({"groups": {GROUP: None}}, were_read=False)
    references = targets_in("deviceConfigurations", content, {}).references
    assert {(row.kind, row.object_id) for row in references} == {("groups", GROUP), ("assignmentFilters", FILTER)}


def test_what_looks_like_a_secret_in_a_rule_or_an_assignment_is_masked_for_it_lies_in_clear():
    secret, target = "hunter2hunter2", {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}
    settings = {"installPassword": secret, "notifications": "showAll"}
    content = {"body": {}, "assignments": [{"target": target, "settings": settings}]}
    [row] = targets_in("mobileApps", content, {}).targets
    assert row.terms[1] == ["notifications", "showAll"]
    rule = {"mode": "include", "rule": f'device.displayName -eq "password={secret}"'}
    conditions = {"users": {"includeUsers": ["All"]}, "devices": {"deviceFilter": rule}}
    access = targets_in("conditionalAccessPolicies", {"body": {"conditions": conditions}, "assignments": None}, {})
    assert [name for name, _ in access.targets[0].terms] == ["deviceFilter"]
    assert secret not in f"{row.terms} {access}"
