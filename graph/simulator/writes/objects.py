"""Making the object that is kept from a body: ids, counts, copies and masks are the service's to make."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from graph.simulator.features import enrollment, enrollment_notifications, enrollment_policies, policy_sets, tenant_wide
from graph.simulator.features.references import STRENGTHS, TAGS, bound
from graph.simulator.model.collections import BRANDING, DAM, DM, NAVIGATION
from graph.simulator.model.conformance import type_at
from graph.simulator.model.observed_facts import properties
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import bad_request
from graph.simulator.model.write_rules import ETAG, INT
from graph.simulator.store.known_properties import bare
from graph.simulator.store.write_request import Call, guid, now, objects

_IMAGES = ("themeColorLogo", "lightBackgroundLogo", "landingPageCustomizedImage")
# Uploaded before they can be assigned.
_CONTENT_APPS = ("LobApp", "MSI", "PkgApp", "DmgApp", "AppX", "Appx")
_SILENT = frozenset({"id", "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "isAssigned", "settingCount",
                     "creationSource", "version", "supportsScopeTags"})  # fmt: skip


def create_object(call: Call) -> Object:
    rules = call.rules
    item: Object = {
        "id": _new_id(call),
        **_usual(call, rules.defaults),
        **shape_body(call),
        **_usual(call, rules.initial),
    }
    item |= _usual(call, {name: now() for name in rules.times})
    if rules.version:
        item["version"] = 1 if rules.version == INT else _etag()
    if rules.tells_assigned:
        item["isAssigned"] = False
    item |= {"assignments": [], **item} if "assignments" in properties(type_at(call.path, item)) else {}
    start = _START.get(call.path)
    if start:
        start(call, item)
    _derive(call, item)
    return item


def _usual(call: Call, values: Mapping[str, Any]) -> Object:
    """Return the usual values, as far as the type has them."""
    known = properties(type_at(call.path, call.body))
    return {name: copy.deepcopy(value) for name, value in values.items() if name in known}


def update_object(call: Call) -> Object:
    item = call.draft()
    item.update(shape_body(call))
    return _advanced(call, item)


def replace_object(call: Call) -> Object:
    """PUT: what the body leaves out is gone, but for what a body cannot carry."""
    old = call.draft()
    held = {
        *_SILENT,
        *call.rules.derived,
        *call.rules.initial,
        *call.collection.children,
        *NAVIGATION,
        "priorityMetaData",
    }
    item = {name: value for name, value in old.items() if name in held and name not in call.rules.inline}
    return _advanced(call, item | shape_body(call))


def _advanced(call: Call, item: Object) -> Object:
    version = item.get("version")
    if call.rules.version == INT and isinstance(version, int):
        item["version"] = version + 1
    elif call.rules.version == ETAG:
        item["version"] = _etag()
    _derive(call, item)
    return item


def _etag() -> str:
    return f'"{guid()}"'


def shape_body(call: Call) -> Object:
    """Return what the object takes of the body, in the service's shape."""
    return {
        name: _SHAPES[name](call, value) if name in _SHAPES else value for name, value in writable_part(call).items()
    }


def writable_part(call: Call) -> Object:
    """The body without what a write leaves as it is: read-only properties, children, annotations."""
    left = {*_SILENT, *call.rules.derived, *call.rules.write_only, *call.collection.children, *NAVIGATION}
    left -= call.rules.given
    left -= call.rules.inline if call.method != "PATCH" else set()
    if call.path == f"{DM}/intuneBrandingProfiles":
        left -= set(_IMAGES)
    body = {name: _clean(value) for name, value in call.body.items() if name not in left and not _is_annotation(name)}
    if not call.collection.polymorphic:
        body.pop("@odata.type", None)
    return body


def _is_annotation(name: str) -> bool:
    return "@odata." in name and name != "@odata.type"


def _clean(value: Any) -> Any:
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, dict):
        return {name: _clean(inner) for name, inner in value.items() if not _is_annotation(name)}
    return value


def _new_id(call: Call) -> str:
    if call.path == enrollment.PATH:
        return f"{guid()}_{enrollment.suffix(bare(call.body))}"
    if call.path == BRANDING:
        return str(call.body.get("id"))
    numbers = [int(object_id) for object_id in call.tenant.collections.get(call.path, {}) if object_id.isdigit()]
    return call.rules.id_form.format(guid=guid(), number=max(numbers, default=0) + 1)


def with_ids(children: Any) -> list[Object]:
    return [{**child, "id": guid()} for child in objects(children)]


def _settings(call: Call, value: Any) -> Any:
    """Numbered anew, secrets replaced by a token. A policy set's item and an app configuration have others."""
    if not call.rules.counts_settings:
        return value
    return [{**_sealed(child), "id": str(number)} for number, child in enumerate(objects(value))]


def _sealed(value: Any) -> Any:
    if isinstance(value, list):
        return [_sealed(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if value.get("valueState") == "notEncrypted":
        return {**value, "value": guid(), "valueState": "encryptedValueToken"}
    return {name: _sealed(inner) for name, inner in value.items()}


def _template_reference(call: Call, value: Any) -> Any:
    template_id = (value or {}).get("templateId", "")
    none = {"templateId": "", "templateFamily": "none", "templateDisplayName": None, "templateDisplayVersion": None}
    known = call.learned.template(template_id) if template_id else none
    return {**none, **(value or {}), **copy.deepcopy(known or {})}


def action_rules(owner: str, rules: Any) -> list[Object]:
    """Return the one rule, whose id is the policy's; "" for no template reads as zeros."""
    new_rules = []
    for rule in objects(rules)[:1]:
        actions = [
            {
                **{name: value for name, value in action.items() if name != "@odata.type"},
                "id": guid(),
                "notificationTemplateId": action.get("notificationTemplateId")
                or "00000000-0000-0000-0000-000000000000",
                "notificationMessageCCList": action.get("notificationMessageCCList") or [],
            }
            for action in objects(_clean(rule.get("scheduledActionConfigurations")))
        ]
        new_rules.append({"id": owner, "ruleName": "PasswordRequired", "scheduledActionConfigurations": actions})
    return new_rules


def _oma_settings(call: Call, value: Any) -> list[Object]:
    """Keep a secret a secret, by the same reference, unless the body says that it is none: almenscorner/IntuneCD
    (update/Intune/DeviceConfigurations.py) sends it without the mark, and then reads it by the reference it had
    before.
    """
    held = (call.tenant.held(call.path, call.rest[0]) if call.rest else None) or {}
    known = {
        setting.get("omaUri"): setting.get("secretReferenceValueId") for setting in objects(held.get("omaSettings"))
    }
    new_settings = []
    for setting in objects(value):
        is_secret = setting.get("isEncrypted", bool(known.get(setting.get("omaUri")))) is True
        reference = (known.get(setting.get("omaUri")) or f"{guid()}_{guid()}_{guid()}") if is_secret else None
        new_settings.append({**setting, "isEncrypted": is_secret, "secretReferenceValueId": reference})
    return new_settings


def _grant_controls(call: Call, value: Any) -> Any:
    """The strength comes by its id and reads as a copy of the whole."""
    strength = (value or {}).get("authenticationStrength")
    if not strength:
        return value
    held = call.tenant.held(STRENGTHS, strength["id"])
    return {**value, "authenticationStrength": copy.deepcopy(held or strength)}


_SHAPES: Mapping[str, Callable[[Call, Any], Any]] = {
    "settings": _settings,
    "settingInstance": lambda _call, value: _sealed(value),
    "templateReference": _template_reference,
    "omaSettings": _oma_settings,
    "grantControls": _grant_controls,
    "files": tenant_wide.agreement_files,
    "combinationConfigurations": lambda _call, value: with_ids(value),
    "protectedAppLockerFiles": lambda _call, value: [{"id": guid(), **file} for file in objects(value)],
    "exemptAppLockerFiles": lambda _call, value: [{"id": guid(), **file} for file in objects(value)],
}


def _derive(call: Call, item: Object) -> None:
    """Set what follows from the rest, after each write."""
    if call.rules.counts_settings:
        item["settingCount"] = len(item.get("settings", ()))
    if item.get("preSharedKey"):
        item["preSharedKey"] = None
        if "preSharedKeyIsSet" in properties(type_at(call.path, item)):
            item["preSharedKeyIsSet"] = True
    derive = _DERIVE.get(call.path)
    if derive:
        derive(call, item)


def _permissions(_call: Call, item: Object) -> None:
    """The same twice, and the allowed actions a third time, as the service gives them."""
    for permission in objects(item.get("rolePermissions")):
        allowed = [allowed for action in objects(permission.get("resourceActions"))
                   for allowed in action.get("allowedResourceActions") or ()]  # fmt: skip
        permission["actions"] = allowed
    item["permissions"] = copy.deepcopy(item.get("rolePermissions"))


def _role_and_tags(call: Call, item: Object) -> None:
    body = call.body
    if "roleDefinition@odata.bind" in body:
        item["roleDefinition"] = _named(call, f"{DM}/roleDefinitions", body["roleDefinition@odata.bind"])
    if "roleScopeTags@odata.bind" in body:
        item["roleScopeTags"] = [_named(call, TAGS, address) for address in body["roleScopeTags@odata.bind"]]
    item.setdefault("roleScopeTags", [])


def _named(call: Call, collection: str, address: Any) -> Object:
    kind = collection.rpartition("/")[2]
    held = call.tenant.held(collection, bound(address, kind))
    if held is None:
        raise bad_request(f"{kind} {address} was not found.")
    return {name: held.get(name) for name in ("id", "displayName")}


def _members(call: Call, item: Object) -> None:
    """Twenty at most come with one request; nobody comes twice."""
    added = [str(address).rpartition("/")[2] for address in call.body.get("members@odata.bind") or ()]
    there = [member["id"] for member in item.get("members") or ()]
    if len(added) > 20:
        raise bad_request("No more than 20 members can be added in one request.")
    if set(added) & set(there):
        raise bad_request("One or more added object references already exist for the following modified properties: "
                          "'members'.")  # fmt: skip
    item["members"] = [{"id": member_id} for member_id in (*there, *added)]


_DERIVE: Mapping[str, Callable[[Call, Object], None]] = {
    enrollment_notifications.PATH: enrollment_notifications.settle_templates,
    "groups": _members,
    f"{DM}/roleDefinitions": _permissions,
    f"{DM}/roleAssignments": _role_and_tags,
}


def _start_compliance(_call: Call, item: Object) -> None:
    item["scheduledActionsForRule"] = action_rules(item["id"], item.get("scheduledActionsForRule"))


def _start_protection(call: Call, item: Object) -> None:
    item["@odata.type"] = f"#microsoft.graph.{call.path.rpartition('/')[2].removesuffix('s')}"
    item["apps"] = []
    if call.path.endswith("targetedManagedAppConfigurations"):
        item.setdefault("settings", [])


def _start_app(_call: Call, item: Object) -> None:
    needs_content = bare(item).endswith(_CONTENT_APPS)
    item["publishingState"] = "notPublished" if needs_content else "published"


def _start_branding(_call: Call, item: Object) -> None:
    for name in _IMAGES:
        item.setdefault(name, {"type": None, "value": None})


def _start_feature_update(_call: Call, item: Object) -> None:
    item |= {
        "deployableContentDisplayName": item.get("featureUpdateVersion"),
        "endOfSupportDate": "2027-10-12T00:00:00Z",
    }


def _start_quality_update(_call: Call, item: Object) -> None:
    release = (item.get("expeditedUpdateSettings") or {}).get("qualityUpdateRelease")
    item |= {"releaseDateDisplayName": release, "deployableContentDisplayName": "Security Updates"}


def _start_file(_call: Call, item: Object) -> None:
    stem = str(item.get("fileName")).partition(".")[0]
    item |= {"status": "available", "languageCodes": ["en-US"], "targetPrefix": stem, "policyType": "admxIngested",
             "targetNamespace": f"Simulated.Policies.{stem}", "revision": "1.0", "uploadDateTime": now()}  # fmt: skip


_START: Mapping[str, Callable[[Call, Object], None]] = {
    f"{DM}/deviceCompliancePolicies": _start_compliance,
    f"{DAM}/iosManagedAppProtections": _start_protection,
    f"{DAM}/androidManagedAppProtections": _start_protection,
    f"{DAM}/windowsManagedAppProtections": _start_protection,
    f"{DAM}/targetedManagedAppConfigurations": _start_protection,
    f"{DAM}/mobileApps": _start_app,
    f"{DAM}/policySets": policy_sets.start_policy_set,
    f"{DM}/intuneBrandingProfiles": _start_branding,
    f"{DM}/windowsFeatureUpdateProfiles": _start_feature_update,
    f"{DM}/windowsQualityUpdateProfiles": _start_quality_update,
    f"{DM}/groupPolicyUploadedDefinitionFiles": _start_file,
    enrollment.PATH: enrollment.start_configuration,
    enrollment_policies.PATH: enrollment_policies.start_policy,
}
