"""Parts of policies that are written by calls of their own, and the shapes in which Graph takes a body.

`shape_…` changes a body into what Graph takes; `write_…` returns the requests that make one part of a policy another.
Sources: learn.microsoft.com, Microsoft Graph beta reference of each action; where it is silent or wrong, what
open-source exporters were seen to send to the service and what it answered.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graph.content.normalise import ZERO_GUID, canonical_json
from graph.content.secrets import ONBOARDING
from graph.policy_types.enrollment import notification_templates
from graph.policy_types.write_rule import Object, Part
from graph.transport import paths
from graph.transport.client import Request

TYPE = "#microsoft.graph."


def post(path: str, body: Mapping[str, Any]) -> Request:
    return Request(path, "POST", body)


def omit(value: Mapping[str, Any], *names: str) -> Object:
    return {key: inner for key, inner in value.items() if key not in names}


def pick(value: Mapping[str, Any], *names: str) -> Object:
    return {key: value[key] for key in names if key in value}


def index_by(items: Iterable[Object] | None, name: str) -> dict[str, Object]:
    return {str(item.get(name)): item for item in items or ()}


def element_requests(
    path: str,
    now: Mapping[str, Object],
    then: Mapping[str, Object],
    new_body: Callable[[Object], Object],
    changed_body: Callable[[Object], Object],
) -> tuple[list[Request], list[Request], list[Request]]:
    """Return the creations, changes and deletions that turn a list's elements `now` into `then`, both by their key."""
    creations = [post(path, new_body(element)) for key, element in then.items() if key not in now]
    changes = [
        Request(paths.join(path, now[key]["id"]), "PATCH", changed_body(element))
        for key, element in then.items()
        if key in now and changed_body(now[key]) != changed_body(element)
    ]
    deletions = [Request(paths.join(path, element["id"]), "DELETE") for key, element in now.items() if key not in then]
    return creations, changes, deletions


def write_whole(action: str, key: str, clean: Callable[[Object], list[Any]]) -> Part:
    """Return a part that one action replaces as a whole."""
    return lambda path, live, want: [post(f"{path}/{action}", {key: clean(want)})]


# --- settings catalog ------------------------------------------------------------------------------------------------


def shape_catalog(body: Object) -> None:
    """Drop the settings' ids, which the service assigns, and all of the template reference but its id."""
    if isinstance(body.get("templateReference"), dict):
        body["templateReference"] = pick(body["templateReference"], "templateId")
    if isinstance(body.get("settings"), list):
        body["settings"] = [omit(setting, "id", "settingDefinitions") for setting in body["settings"]]


# --- device configuration --------------------------------------------------------------------------------------------

_ENCODED = (f"{TYPE}omaSettingStringXml", f"{TYPE}omaSettingBase64")


def shape_device_configuration(body: Object) -> None:
    if body.get("omaSettings"):
        body["omaSettings"] = [_sent_oma_setting(setting) for setting in body["omaSettings"]]
    for name in ("privacyAccessControls", "certStore"):
        if body.get(name) is None:
            body.pop(name, None)


def _sent_oma_setting(setting: Object) -> Object:
    """Return a revealed secret as plain text; XML has to be base64 again, though it was revealed as text."""
    sent = omit(setting, "isEncrypted", "secretReferenceValueId")
    if setting.get("isEncrypted") and setting.get("@odata.type") in _ENCODED and not _is_base64(setting.get("value")):
        sent["value"] = base64.b64encode(str(setting["value"]).encode()).decode()
    return sent


def _is_base64(value: Any) -> bool:
    try:
        base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def write_privacy_controls(path: str, live: Object, want: Object) -> list[Request]:
    controls = [omit(control, "id") for control in want.get("privacyAccessControls") or ()]
    return [post(f"{path}/windowsPrivacyAccessControls", {"windowsPrivacyAccessControls": controls})]


# --- administrative templates ----------------------------------------------------------------------------------------


def write_definition_values(path: str, live: Object, want: Object) -> list[Request]:
    now, then = _by_definition(live), _by_definition(want)
    same = {
        key for key in now.keys() & then.keys() if _definition_value_body(now[key]) == _definition_value_body(then[key])
    }
    # A changed value is deleted and added: an update in place would need the ids of its presentation values.
    body = {
        "added": [_definition_value_body(value) for key, value in then.items() if key not in same],
        "updated": [],
        "deletedIds": [value["id"] for key, value in now.items() if key not in same],
    }
    return [post(f"{path}/updateDefinitionValues", body)]


def _by_definition(body: Object) -> dict[str, Object]:
    return {str((value.get("definition") or {}).get("id")): value for value in body.get("definitionValues") or ()}


def _definition_value_body(value: Object) -> Object:
    definition = paths.key_link("/deviceManagement/groupPolicyDefinitions", (value.get("definition") or {}).get("id"))
    presentations = [
        {
            **omit(presentation, "id", "createdDateTime", "lastModifiedDateTime", "presentation"),
            "presentation@odata.bind": paths.key_link(
                f"{definition}/presentations", (presentation.get("presentation") or {}).get("id")
            ),
        }
        for presentation in value.get("presentationValues") or ()
    ]
    presentations.sort(key=canonical_json)
    return {"enabled": value.get("enabled"), "definition@odata.bind": definition, "presentationValues": presentations}


# --- compliance ------------------------------------------------------------------------------------------------------


def _compliance_actions(body: Object) -> list[Object]:
    """Return the rules as Graph takes them: it answers no rule name, and takes no rule without one."""
    return [
        {
            "ruleName": rule.get("ruleName") or "PasswordRequired",
            "scheduledActionConfigurations": [
                _compliance_action(action) for action in rule.get("scheduledActionConfigurations") or ()
            ],
        }
        for rule in body.get("scheduledActionsForRule") or ()
    ]


def _compliance_action(action: Object) -> Object:
    template = action.get("notificationTemplateId")
    return {**omit(action, "id"), "notificationTemplateId": "" if template in (None, ZERO_GUID) else template}


_BLOCK: Object = {
    "actionType": "block", "gracePeriodHours": 0, "notificationTemplateId": "", "notificationMessageCCList": [],
}  # fmt: skip


def lacks_block_action(body: Object) -> bool:
    """Return whether no action marks the device noncompliant: the service takes no such policy."""
    rules = body.get("scheduledActionsForRule") or ()
    actions = [action for rule in rules for action in rule.get("scheduledActionConfigurations") or ()]
    return all(action.get("actionType") != "block" for action in actions)


def add_block_action(body: Object) -> list[Object]:
    """Return the rules with the action that the service demands and shows as "mark device noncompliant"."""
    rules = body.get("scheduledActionsForRule") or [{"ruleName": "PasswordRequired"}]
    first = {**rules[0]}
    first["scheduledActionConfigurations"] = [*(first.get("scheduledActionConfigurations") or ()), dict(_BLOCK)]
    return [first, *rules[1:]]


def shape_compliance(body: Object) -> None:
    if "scheduledActionsForRule" in body:
        body["scheduledActionsForRule"] = _compliance_actions(body)


write_actions_for_rules = write_whole(
    "scheduleActionsForRules", "deviceComplianceScheduledActionForRules", _compliance_actions
)
write_scheduled_actions = write_whole("setScheduledActions", "scheduledActions", _compliance_actions)

# --- endpoint security intents ---------------------------------------------------------------------------------------


def create_intent(path: str, body: Object) -> Request:
    template = body.get("templateId")
    settings = [_settings_delta(setting) for setting in _settings_by_definition(body).values()]
    return post(
        paths.join("/deviceManagement/templates", template, "createInstance"),
        {**pick(body, "displayName", "description", "roleScopeTagIds"), "settingsDelta": settings},
    )


def write_intent_settings(path: str, live: Object, want: Object) -> list[Request]:
    now, then = _settings_by_definition(live), _settings_by_definition(want)
    changed = [
        {**_settings_delta(setting), **({"id": now[key]["id"]} if key in now else {})}
        for key, setting in then.items()
        if key not in now or now[key].get("valueJson") != setting.get("valueJson")
    ]
    # Nothing removes a setting; "null" makes it not configured.
    unset = [
        {"id": setting["id"], **_settings_delta(setting), "valueJson": "null"}
        for key, setting in now.items()
        if key not in then
    ]
    return [post(f"{path}/updateSettings", {"settings": [*changed, *unset]})]


def _settings_delta(setting: Object) -> Object:
    """Return a setting as an update takes it, without `value`, which says the same as `valueJson`."""
    return omit(setting, "id", "value")


def _settings_by_definition(body: Object) -> dict[str, Object]:
    settings = index_by(body.get("settings"), "definitionId")
    return {key: setting for key, setting in settings.items() if not ONBOARDING.search(key)}


# --- app protection --------------------------------------------------------------------------------------------------


def write_target_apps(path: str, live: Object, want: Object) -> list[Request]:
    group = want.get("appGroupType")
    chosen = [] if str(group).startswith("all") else want.get("apps") or []
    apps = [{"mobileAppIdentifier": app.get("mobileAppIdentifier")} for app in chosen]
    # Windows has no such groups, and its action takes none (msgraph-beta-sdk 1.66.0).
    return [post(f"{path}/targetApps", {"apps": apps, **({"appGroupType": group} if group else {})})]


def write_app_settings(path: str, live: Object, want: Object) -> list[Request]:
    return [
        post(f"{path}/changeSettings", {"settings": [omit(setting, "id") for setting in want.get("settings") or ()]})
    ]


# --- enrollment ------------------------------------------------------------------------------------------------------


def write_priority(path: str, live: Object, want: Object) -> list[Request]:
    return [post(f"{path}/setPriority", {"priority": want["priority"]})] if want.get("priority") else []


def shape_enrollment(body: Object) -> None:
    # "Windows Phone operations are no longer supported."
    body.pop("windowsMobileRestriction", None)
    if body.get("notificationTemplates"):
        # As a create names them: the service makes them, and answers with their ids. Any other id is refused (400).
        body["notificationTemplates"] = [f"{kind}_{ZERO_GUID}" for kind, _ in notification_templates(body)]


# --- notification templates ------------------------------------------------------------------------------------------


def write_messages(path: str, live: Object, want: Object) -> list[Request]:
    key = "localizedNotificationMessages"
    now, then = index_by(live.get(key), "locale"), index_by(want.get(key), "locale")
    # The default one first: a template without a default takes no other.
    then = dict(sorted(then.items(), key=lambda pair: not pair[1].get("isDefault")))
    creations, changes, deletions = element_requests(f"{path}/{key}", now, then, _new_message_body, _message_body)
    return [*creations, *changes, *deletions]


def _new_message_body(message: Object) -> Object:
    return pick(message, "locale", "subject", "messageTemplate", "isDefault")


def _message_body(message: Object) -> Object:
    """Return a message as an update takes it. isDefault is only ever set: setting another's takes it away."""
    return {**pick(message, "subject", "messageTemplate"), **({"isDefault": True} if message.get("isDefault") else {})}


# --- policy sets -----------------------------------------------------------------------------------------------------


def policy_set_item(item: Object) -> Object:
    return pick(item, "@odata.type", "payloadId", "intent", "settings", "guidedDeploymentTags")


def shape_policy_set(body: Object) -> None:
    body["items"] = [policy_set_item(item) for item in body.get("items") or ()]


def write_policy_set_items(path: str, live: Object, want: Object) -> list[Request]:
    now, then = index_by(live.get("items"), "payloadId"), index_by(want.get("items"), "payloadId")
    body = {
        "addedPolicySetItems": [policy_set_item(item) for key, item in then.items() if key not in now],
        "updatedPolicySetItems": [
            {"id": now[key]["id"], **policy_set_item(item)}
            for key, item in then.items()
            if key in now and policy_set_item(now[key]) != policy_set_item(item)
        ],
        "deletedPolicySetItems": [item["id"] for key, item in now.items() if key not in then],
    }
    return [post(f"{path}/update", body)]


# --- roles -----------------------------------------------------------------------------------------------------------


def shape_role(body: Object) -> None:
    body["rolePermissions"] = [
        {"resourceActions": [pick(action, "allowedResourceActions", "notAllowedResourceActions")
                             for action in permission.get("resourceActions") or ()]}
        for permission in body.get("rolePermissions") or ()
    ]  # fmt: skip


def shape_role_assignment(body: Object) -> None:
    """Name the role and its scope tags as the portal does: the reference page's way did not work."""
    role_id = (body.pop("roleDefinition", None) or {}).get("id")
    tags = body.pop("roleScopeTags", None) or ()
    if role_id:
        body["roleDefinition@odata.bind"] = paths.key_link("/deviceManagement/roleDefinitions", role_id)
    if tags:
        body["roleScopeTags@odata.bind"] = [
            paths.key_link("/deviceManagement/roleScopeTags", tag["id"]) for tag in tags if tag.get("id")
        ]


# --- Conditional Access ----------------------------------------------------------------------------------------------


def shape_conditional_access(body: Object) -> None:
    grant = body.get("grantControls")
    if isinstance(grant, dict) and isinstance(grant.get("authenticationStrength"), dict):
        # The expanded object is refused as malformed.
        strength = pick(grant["authenticationStrength"], "id")
        body["grantControls"] = {
            **grant,
            "authenticationStrength": strength,
            "operator": grant.get("operator") or "AND",
        }
    if isinstance(body.get("conditions"), dict):
        body["conditions"] = omit(body["conditions"], "deviceStates")
    session = body.get("sessionControls")
    if isinstance(session, dict) and session.get("disableResilienceDefaults") is False:
        body["sessionControls"] = {**session, "disableResilienceDefaults": None}


def write_allowed_combinations(path: str, live: Object, want: Object) -> list[Request]:
    return [post(f"{path}/updateAllowedCombinations", pick(want, "allowedCombinations"))]


def write_combination_configurations(path: str, live: Object, want: Object) -> list[Request]:
    """Write the configurations, each known by its kind and the combinations that it is for."""
    key, body = "combinationConfigurations", combination_configuration
    now, then = ({_combination_key(element): element for element in content.get(key) or ()} for content in (live, want))
    creations, changes, deletions = element_requests(f"{path}/{key}", now, then, body, body)
    return [*creations, *changes, *deletions]


def combination_configuration(value: Object) -> Object:
    return omit(value, "id", "allowedIssuers")


def _combination_key(value: Object) -> str:
    return canonical_json([value.get("@odata.type"), sorted(value.get("appliesToCombinations") or ())])


def shape_authentication_strength(body: Object) -> None:
    body["combinationConfigurations"] = [
        combination_configuration(configuration) for configuration in body.get("combinationConfigurations") or ()
    ]
