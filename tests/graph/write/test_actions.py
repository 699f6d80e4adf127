"""Shapes that Graph takes, and writes of one part of a policy."""

from graph.write import actions

BLOCK = {"actionType": "block", "gracePeriodHours": 24}
RETIRE = {"actionType": "retire", "gracePeriodHours": 24}


def rules(*configurations):
    return {"scheduledActionsForRule": [{"ruleName": "x", "scheduledActionConfigurations": list(configurations)}]}


def test_lacks_block_action_only_where_no_action_marks_the_device():
    assert actions.lacks_block_action({})
    assert actions.lacks_block_action(rules(RETIRE))
    assert not actions.lacks_block_action(rules(RETIRE, BLOCK))


def test_add_block_action_keeps_the_other_actions():
    [rule] = actions.add_block_action(rules(RETIRE))
    assert [action["actionType"] for action in rule["scheduledActionConfigurations"]] == ["retire", "block"]


def test_element_requests_creates_changes_and_deletes_by_key():
    now = {"a": {"id": "1", "text": "old"}, "b": {"id": "2", "text": "same"}, "c": {"id": "3", "text": "gone"}}
    then = {"a": {"text": "new"}, "b": {"text": "same"}, "d": {"text": "added"}}
    creations, changes, deletions = actions.element_requests("/x", now, then, dict, lambda item: {"text": item["text"]})
    assert [(request.method, request.path, request.body) for request in [*creations, *changes, *deletions]] == [
        ("POST", "/x", {"text": "added"}),
        ("PATCH", "/x/1", {"text": "new"}),
        ("DELETE", "/x/3", None),
    ]


def test_write_messages_creates_the_default_message_first():
    want = {
        "localizedNotificationMessages": [
            {"locale": "de-de", "subject": "s", "isDefault": False},
            {"locale": "en-us", "subject": "s", "isDefault": True},
        ]
    }
    requests = actions.write_messages("/t", {}, want)
    assert [request.body["locale"] for request in requests] == ["en-us", "de-de"]


def test_write_intent_settings_unsets_a_setting_that_is_not_wanted():
    live = {"settings": [{"id": "1", "definitionId": "a", "valueJson": "true", "value": True}]}
    [request] = actions.write_intent_settings("/i", live, {"settings": []})
    assert request.body == {"settings": [{"id": "1", "definitionId": "a", "valueJson": "null"}]}


def test_shape_conditional_access_names_a_strength_by_its_id():
    body = {"grantControls": {"operator": None, "authenticationStrength": {"id": "s", "displayName": "MFA"}}}
    actions.shape_conditional_access(body)
    assert body["grantControls"] == {"operator": "AND", "authenticationStrength": {"id": "s"}}
