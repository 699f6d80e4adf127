"""Actions and children below an object: what a POST, PATCH, PUT or DELETE deeper than the object does."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from graph.simulator.features import (
    administrative_templates,
    app_parts,
    assignments,
    certificates,
    drivers,
    enrollment,
    enrollment_policies,
    notification_messages,
    policy_sets,
    tenant_wide,
)
from graph.simulator.features.references import refuse_missing
from graph.simulator.model.collections import BRANDING, BRANDING_FILES, CA, DAM, DM, SITE_LISTS
from graph.simulator.model.conformance import refuse_misfits, refuse_parameter
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, bad_request, invalid, no_route, not_found
from graph.simulator.store.known_properties import bare
from graph.simulator.store.write_request import Call, guid, objects
from graph.simulator.writes.objects import action_rules, with_ids
from graph.simulator.writes.validation import refuse_without_block

STRENGTHS = f"{CA}/authenticationStrength/policies"
PROTECTED = (
    *(f"{DAM}/{name}ManagedAppProtections" for name in ("ios", "android", "windows")),
    f"{DAM}/targetedManagedAppConfigurations",
)
_APP_GROUPS = ("selectedPublicApps", "allCoreMicrosoftApps", "allMicrosoftApps", "allApps")


def act(call: Call) -> Reply:
    """The item is there. Raises Refused."""
    call.item()
    _refuse_misfits(call)
    reference = certificates.certificate_reference(call)
    if reference:
        certificates.change(call, reference)
        return Reply(204)
    name = call.rest[1].lower()
    if name.startswith("microsoft.graph.") and len(call.rest) == 3:
        name = call.rest[2].lower()  # …/microsoft.graph.managedDeviceMobileAppConfiguration/assign
    if name == "assign" and call.method == "POST":
        return assignments.assign(call)
    if name == "assignments":
        return assignments.assign_one(call)
    row = _ACTIONS.get((call.path, name)) if call.method == "POST" and len(call.rest) == 2 else None
    if row:
        status, action = row
        return _reply(call, status, action(call))
    child = _CHILDREN.get((call.path, name))
    if child is None:
        raise Refused(no_route("/".join(call.rest[1:])))
    return child(call)


def _refuse_misfits(call: Call) -> None:
    """Raise Refused for what an action does not take, or a child may not hold, by Microsoft's model."""
    parameters = call.route.methods.get(call.method) if call.route else None
    if isinstance(parameters, str) and call.method != "DELETE":
        refuse_misfits(parameters, call.body)
    if not isinstance(parameters, Mapping):
        return
    for name, value in call.body.items():
        if "@" in name:
            continue
        if name not in parameters:
            raise invalid(f"The parameter '{name}' in the request payload is not a valid parameter for the operation "
                          f"'{call.rest[-1]}'.")  # fmt: skip
        refuse_parameter(parameters[name], value)


def _reply(call: Call, status: int, body: Object | None) -> Reply:
    return Reply(status, None if status == 204 else body or {"@odata.context": f"#{call.path}/action", "value": []})


def _only(call: Call, key: str) -> Any:
    if key not in call.body:
        raise bad_request(f"The action takes '{key}'.")
    refuse_missing(call, call.body[key])
    return call.body[key]


def _set_scheduled_actions(call: Call) -> None:
    item = call.draft()
    item["scheduledActionsForRule"] = action_rules(item["id"], _only(call, "scheduledActions"))
    call.keep(item)


def _schedule_actions(call: Call) -> None:
    rules = objects(_only(call, "deviceComplianceScheduledActionForRules"))
    refuse_without_block(rules)
    item = call.draft()
    item["scheduledActionsForRule"] = action_rules(item["id"], rules)
    call.keep(item)


def _target_apps(call: Call) -> None:
    group = call.body.get("appGroupType", "selectedPublicApps")
    if group not in _APP_GROUPS or not isinstance(call.body.get("apps"), list):
        raise bad_request("targetApps takes apps and appGroupType.")
    item = call.draft()
    apps = [_app(app) for app in call.body["apps"]]
    if call.path.endswith("windowsManagedAppProtections"):
        if "appGroupType" in call.body:
            raise invalid(
                "The parameter 'appGroupType' in the request payload is not a valid parameter for targetApps."
            )
        call.keep({**item, "apps": apps, "deployedAppCount": len(apps)})
        return
    if group != "selectedPublicApps":
        apps = apps or item.get("apps", [])  # the service computes the list: what was there stands for it
    item |= {"appGroupType": group, "apps": apps, "deployedAppCount": len(apps)}
    call.keep(item)


def _app(app: Any) -> Object:
    identifier = app.get("mobileAppIdentifier") if isinstance(app, dict) else None
    ids = [value for key, value in (identifier or {}).items() if key != "@odata.type"]
    if not identifier or not bare(identifier).endswith("AppIdentifier") or len(ids) != 1:
        raise invalid("mobileAppIdentifier needs its @odata.type and one id.")
    platform = bare(identifier).removesuffix("AppIdentifier").removesuffix("Mobile")
    return {"id": f"{ids[0].lower()}.{platform}", "version": "1239242880", "mobileAppIdentifier": dict(identifier)}


def _change_settings(call: Call) -> None:
    settings = [{**setting, "id": str(number)} for number, setting in enumerate(objects(_only(call, "settings")))]
    call.keep({**call.draft(), "settings": settings})


def _update_settings(call: Call) -> None:
    """Update the settings of an intent. A setting that is not there is added; "null" leaves one there that is not
    configured.
    """
    item = call.draft()
    for change in objects(_only(call, "settings")):
        _update_setting(item, change)
    call.keep(item)


def _update_setting(item: Object, change: Object) -> None:
    if not bare(change) or not (change.get("id") or change.get("definitionId")):
        raise invalid("A setting needs its @odata.type and definitionId.")
    same = next((setting for setting in item["settings"] if change.get("id") == setting.get("id")), None)
    same = same or next(
        (setting for setting in item["settings"] if change.get("definitionId") == setting.get("definitionId")), None
    )
    if same is None:
        item["settings"].append({**change, "id": guid()})
    else:
        same.pop("value", None)
        same.update({name: value for name, value in change.items() if name != "id"})


def _combinations(call: Call) -> Object:
    allowed = call.body.get("allowedCombinations")
    if not isinstance(allowed, list) or not allowed:
        raise bad_request("allowedCombinations is required.")
    item = call.draft()
    _refuse_built_in_strength(item)
    before = item["allowedCombinations"]
    call.keep({**item, "allowedCombinations": list(allowed)})
    return {"previousCombinations": before, "currentCombinations": allowed, "conditionalAccessReferences": [],
            "additionalInformation": ""}  # fmt: skip


def _refuse_built_in_strength(item: Object) -> None:
    if item.get("policyType") == "builtIn":
        raise bad_request("A built-in authentication strength cannot be changed.")


def _combination_configurations(call: Call) -> Reply:
    item = call.draft()
    _refuse_built_in_strength(item)
    if call.method != "DELETE" and not bare(call.body):
        raise invalid("@odata.type is required for combinationConfigurations.")
    return change_child(call, item, item.setdefault("combinationConfigurations", []))


def _enrollment_profiles(call: Call) -> Reply:
    if len(call.rest) > 3:
        return enrollment_policies.default_profile(call)
    item = call.draft()
    if call.method == "POST" and not bare(call.body):
        raise invalid("@odata.type is required for enrollmentProfiles.")
    return change_child(call, item, item.setdefault("enrollmentProfiles", []))


def _members(name: str) -> Callable[[Call], Reply]:
    def change(call: Call) -> Reply:
        item = call.draft()
        return change_child(call, item, item.setdefault(name, []))

    return change


def change_child(call: Call, item: Object, children: list[Object]) -> Reply:
    """POST, PATCH and DELETE of a plain child list."""
    body = {name: value for name, value in call.body.items() if name == "@odata.type" or "@odata." not in name}
    if call.method == "POST" and len(call.rest) == 2:
        [made] = with_ids([copy.deepcopy(body)])
        children.append(made)
        call.keep(item)
        return Reply(201, made, created=f"{call.path}/{call.rest[1]}")
    child = next((candidate for candidate in children if len(call.rest) == 3 and candidate["id"] == call.rest[2]), None)
    if child is None:
        raise Refused(not_found("/".join(call.rest[1:])))
    if call.method == "DELETE":
        children.remove(child)
    else:
        child.update({name: value for name, value in body.items() if name != "id"})
    call.keep(item)
    return Reply(204) if call.method == "DELETE" else Reply(200, child)


def _privacy_controls(call: Call) -> None:
    item = call.draft()
    if bare(item) != "windows10GeneralConfiguration":
        raise bad_request("Only windows10GeneralConfiguration has privacy access controls.")
    call.keep({**item, "privacyAccessControls": copy.deepcopy(_only(call, "windowsPrivacyAccessControls"))})


def _remove(call: Call) -> None:
    del call.tenant.collections[call.path][call.rest[0]]


# (collection, action in lower case) -> the status of its answer and what it does.
_ACTIONS: Mapping[tuple[str, str], tuple[int, Callable[[Call], Object | None]]] = {
    (f"{DM}/compliancePolicies", "setscheduledactions"): (200, _set_scheduled_actions),
    (f"{DM}/deviceCompliancePolicies", "scheduleactionsforrules"): (204, _schedule_actions),
    (f"{DM}/groupPolicyConfigurations", "updatedefinitionvalues"): (204, administrative_templates.update_values),
    (f"{DM}/groupPolicyUploadedDefinitionFiles", "remove"): (204, _remove),
    **{(path, "targetapps"): (204, _target_apps) for path in PROTECTED},
    (f"{DAM}/targetedManagedAppConfigurations", "changesettings"): (204, _change_settings),
    (enrollment.PATH, "setpriority"): (200, enrollment.set_priority),
    (f"{DAM}/policySets", "update"): (204, policy_sets.update),
    (f"{DM}/intents", "updatesettings"): (204, _update_settings),
    (f"{DM}/deviceConfigurations", "windowsprivacyaccesscontrols"): (200, _privacy_controls),
    (STRENGTHS, "updateallowedcombinations"): (200, _combinations),
    (f"{DAM}/mobileApps", "updaterelationships"): (204, app_parts.update_relationships),
    (f"{DM}/windowsDriverUpdateProfiles", "executeaction"): (200, drivers.execute_action),
    (enrollment_policies.PATH, "reorder"): (204, enrollment_policies.reorder),
    (enrollment_policies.PATH, "setenrollmenttimedevicemembershiptarget"): (200, enrollment_policies.set_device_groups),
    (SITE_LISTS, "publish"): (200, tenant_wide.publish),
}
_CHILDREN: Mapping[tuple[str, str], Callable[[Call], Reply]] = {
    (f"{DM}/groupPolicyConfigurations", "definitionvalues"): administrative_templates.change_value,
    (f"{DM}/notificationMessageTemplates", "localizednotificationmessages"): notification_messages.change,
    (f"{DM}/depOnboardingSettings", "enrollmentprofiles"): _enrollment_profiles,
    (f"{DAM}/mobileApps", "categories"): app_parts.change_category,
    (STRENGTHS, "combinationconfigurations"): _combination_configurations,
    **{(SITE_LISTS, name.lower()): _members(name) for name in ("sites", "sharedCookies")},
    **{(BRANDING, name.lower()): tenant_wide.put_file for name in BRANDING_FILES},
}
