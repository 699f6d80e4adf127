"""Refusing bodies as the service does, in its own words where those were captured."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graph.simulator.features import enrollment_notifications, enrollment_policies, tenant_wide
from graph.simulator.model import conformance, observed_facts
from graph.simulator.model.collections import AGREEMENTS, CA, DM
from graph.simulator.model.conformance import is_base64, refuse_misfits
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, bad_request, error, invalid, malformed
from graph.simulator.store.known_properties import bare
from graph.simulator.store.write_request import Call, objects

TYPE = "#microsoft.graph."
DEFAULT_ENROLLMENT = "All users and all devices"
_BASE64 = ("omaSettingStringXml", "omaSettingBase64")
_BRANDING_CREATE = frozenset({"profileName", "profileDescription", "roleScopeTagIds"})
_BRANDING_DEFAULT = frozenset({"profileName", "profileDescription"})
# Read by everyone, set by nobody: a body may repeat them and changes nothing.
_SILENT = frozenset({"id", "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "version", "isAssigned",
                     "settingCount", "creationSource", "supportsScopeTags"})  # fmt: skip


def refuse_create(call: Call) -> None:
    _refuse_any(call, None)
    for refuse in _CREATE.get(call.path, ()):
        refuse(call)


def refuse_update(call: Call, item: Object) -> None:
    _refuse_any(call, item)
    if call.method == "PATCH":
        changed = {name for name in call.rules.unchangeable & set(call.body) if call.body[name] != item.get(name)}
        sent = sorted(call.rules.immutable & set(call.body) | changed)
        if sent:
            raise bad_request(f"Property {sent[0]} cannot be updated.")
    for refuse in _UPDATE.get(call.path, ()):
        refuse(call, item)


def _refuse_any(call: Call, item: Object | None) -> None:
    _refuse_annotations(call.body)
    _refuse_type(call)
    _refuse_misfits(call, item)
    _refuse_navigation(call)
    _refuse_other_type(call, item)
    _refuse_named(call)
    _refuse_oma(call.body)


def _refuse_annotations(value: Any) -> None:
    """Context, links and action advertisements belong to answers; a type that annotates a property is harmless."""
    if isinstance(value, list):
        for inner in value:
            _refuse_annotations(inner)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key.startswith("#") or ("@odata." in key and not key.endswith(("@odata.type", "@odata.bind"))):
            raise invalid(f"The annotation '{key}' is not expected in a request payload.")
        _refuse_annotations(inner)


def _refuse_type(call: Call) -> None:
    """Refuse a type, or a missing one, where the service wants otherwise and the model does not say so."""
    kind, rules = bare(call.body), call.rules
    if not kind and rules.typed == "required":
        raise invalid(f"Cannot create an abstract class: @odata.type is required for {call.path}.")
    if kind and rules.typed == "refused":
        raise invalid(f"A type named 'microsoft.graph.{kind}' could not be resolved by the model. When a model is "
                      "available, each type name must resolve to a valid type.")  # fmt: skip


def _refuse_other_type(call: Call, item: Object | None) -> None:
    kind = bare(call.body)
    if item is not None and kind and bare(item) not in ("", kind):
        raise invalid(f"The type '{kind}' does not match the type '{bare(item)}' of the entity.")
    if item is None and re.match(call.rules.uncreatable or r"(?!)", kind):
        raise invalid(f"A {kind} cannot be created.")


def _refuse_misfits(call: Call, item: Object | None) -> None:
    declared = observed_facts.type_of_collection(call.path)
    if declared is None:
        return
    held = bare(item or {})
    body = call.body if bare(call.body) or not held else {**call.body, "@odata.type": TYPE + held}
    refuse_misfits(declared, body, is_intune=call.path.startswith("device"))


def _refuse_navigation(call: Call) -> None:
    """Refuse what the model marks as read-only. In what words the service refuses, nobody wrote down."""
    known = observed_facts.properties(conformance.type_at(call.path, call.body))
    for name, value in call.body.items():
        if value and name in known and known[name].is_navigation and known[name].is_read_only:
            raise bad_request(f"The navigation property {name} is read-only.")


def _refuse_named(call: Call) -> None:
    for name in sorted(call.rules.refused & set(call.body)):
        # The one that may be sent, as long as it says no.
        if name != "supportsScopeTags" or call.body[name]:
            raise bad_request(f"Property {name} is not supported in a request.")


def _refuse_oma(body: Object) -> None:
    for setting in objects(body.get("omaSettings")):
        value = setting.get("value")
        if setting.get("secretReferenceValueId") is not None:
            raise Refused(error(400, "NotSupported", "SecretReferenceValueId invalid for create."))
        if value == "****":
            raise bad_request("The value of an encrypted setting has to be given in plain text.")
        if bare(setting) in _BASE64 and not is_base64(value):
            raise invalid(f"Cannot convert the literal '{str(value)[:60]}' to the expected type 'Edm.Binary'.")


def _refuse_no_settings(call: Call) -> None:
    if not objects(call.body.get("settings")):
        raise bad_request("The policy must have at least one setting.")


def _refuse_tokens(call: Call) -> None:
    if any(_tokens(call.body)):
        raise bad_request("A secret setting value has to be sent with the value state notEncrypted.")


def _tokens(value: Any) -> Iterator[tuple[str, str]]:
    """(setting definition, token) of every secret in it that is only known by its token."""
    if isinstance(value, list):
        for inner in value:
            yield from _tokens(inner)
    if not isinstance(value, dict):
        return
    values = [value.get("simpleSettingValue"), *(value.get("simpleSettingCollectionValue") or ())]
    for element in objects(values):
        if element.get("valueState") == "encryptedValueToken":
            yield str(value.get("settingDefinitionId")), str(element.get("value"))
    for inner in value.values():
        yield from _tokens(inner)


def _refuse_catalog_update(call: Call, item: Object) -> None:
    if call.method == "PATCH":
        # To a compliance policy almenscorner/IntuneCD (update/Intune/Compliance.py) sends them along, to no effect.
        if "settings" in call.body and not call.path.endswith("compliancePolicies"):
            raise bad_request("Settings cannot be changed by PATCH.")
        return
    _refuse_no_settings(call)
    if set(_tokens(call.body)) - set(_tokens(item)):
        raise bad_request("The encrypted value token is not one of this policy.")


def _refuse_no_block(call: Call) -> None:
    refuse_without_block(objects(call.body.get("scheduledActionsForRule")))


def refuse_without_block(rules: list[Object]) -> None:
    actions = [
        configuration.get("actionType")
        for rule in rules
        for configuration in objects(rule.get("scheduledActionConfigurations"))
    ]
    if len(rules) != 1 or "block" not in actions:
        raise bad_request("A compliance policy needs one scheduled action rule with a block action.")


def _refuse_rules_in_update(call: Call, _item: Object) -> None:
    if "scheduledActionsForRule" in call.body:
        raise bad_request("scheduledActionsForRule cannot be updated with the policy.")


def _refuse_default_enrollment(call: Call) -> None:
    if call.body.get("displayName") == DEFAULT_ENROLLMENT:
        raise bad_request("A default enrollment configuration cannot be created.")


def _refuse_more_than_names(call: Call) -> None:
    more = sorted(set(call.body) - _BRANDING_CREATE - _SILENT)
    if more:
        raise bad_request(f"{more[0]} cannot be set when a branding profile is created.")


def _refuse_default_branding(call: Call, item: Object) -> None:
    sent = sorted(_BRANDING_DEFAULT & set(call.body))
    if item.get("isDefaultProfile") and sent:
        raise bad_request(f"{sent[0]} of the default branding profile cannot be changed.")


def _refuse_incomplete_group(call: Call) -> None:
    for name in ("displayName", "mailNickname"):
        if not call.body.get(name):
            raise Refused(error(400, "Request_BadRequest", f"A value is required for property '{name}' of resource "
                                "'Group'."))  # fmt: skip
    if call.body.get("mailEnabled") is not False or call.body.get("securityEnabled") is not True:
        raise Refused(error(400, "Request_BadRequest", "Cannot Create a mail-enabled security groups and or "
                            "distribution list."))  # fmt: skip


def _refuse_no_content(call: Call) -> None:
    if not is_base64(call.body.get("content")) or not call.body.get("fileName"):
        raise bad_request("An ADMX file needs its fileName and content.")


def _refuse_no_role(call: Call) -> None:
    if "roleDefinition@odata.bind" not in call.body:
        raise bad_request("A role assignment needs roleDefinition@odata.bind.")


def _refuse_access(call: Call, item: Object | None = None) -> None:
    """Conditional Access says little of what is wrong."""
    if item is not None and "templateId" in call.body:
        # Even as null: Azure-Samples/azure-ad-conditional-access-apis#20.
        raise Refused(error(400, "BadRequest", "1118: TemplateId is a read-only field and cannot be updated."))
    conditions, grant = call.body.get("conditions"), call.body.get("grantControls")
    if item is None and not (isinstance(conditions, dict) and isinstance(conditions.get("users"), dict)):
        raise malformed()
    if item is not None and "templateId" in call.body:
        raise Refused(error(400, "BadRequest", "1118: TemplateId is a read-only field and cannot be updated."))
    if not isinstance(grant, dict):
        return
    strength = grant.get("authenticationStrength")
    if strength is not None and (not isinstance(strength, dict) or set(strength) != {"id"}):
        raise malformed()
    if grant.get("operator") not in {"AND", "OR"}:
        raise malformed()


def _refuse_built_in(_call: Call, item: Object) -> None:
    if is_built_in(item):
        raise bad_request("A built-in object cannot be changed.")


def is_built_in(item: Object) -> bool:
    """Microsoft's own roles, tags, strengths and scripts."""
    flags = ("isBuiltIn", "isBuiltInRoleDefinition", "isGlobalScript")
    return any(item.get(name) is True for name in flags) or item.get("policyType") == "builtIn"


_CATALOG = (_refuse_no_settings, _refuse_tokens)
_CREATE: Mapping[str, tuple[Callable[[Call], None], ...]] = {
    f"{DM}/configurationPolicies": _CATALOG,
    f"{DM}/compliancePolicies": _CATALOG,
    f"{DM}/inventoryPolicies": _CATALOG,
    f"{DM}/reusablePolicySettings": (_refuse_tokens,),
    f"{DM}/deviceCompliancePolicies": (_refuse_no_block,),
    f"{DM}/deviceEnrollmentConfigurations": (_refuse_default_enrollment, enrollment_notifications.refuse),
    f"{DM}/intuneBrandingProfiles": (_refuse_more_than_names,),
    f"{DM}/groupPolicyUploadedDefinitionFiles": (_refuse_no_content,),
    f"{DM}/roleAssignments": (_refuse_no_role,),
    f"{CA}/policies": (_refuse_access,),
    "groups": (_refuse_incomplete_group,),
    AGREEMENTS: (tenant_wide.refuse_no_file,),
}
_UPDATE: Mapping[str, tuple[Callable[[Call, Object], None], ...]] = {
    f"{DM}/configurationPolicies": (_refuse_catalog_update, enrollment_policies.refuse_source),
    f"{DM}/compliancePolicies": (_refuse_catalog_update, enrollment_policies.refuse_source),
    enrollment_notifications.PATH: (enrollment_notifications.refuse,),
    f"{DM}/inventoryPolicies": (_refuse_catalog_update,),
    f"{DM}/deviceCompliancePolicies": (_refuse_rules_in_update,),
    f"{DM}/intuneBrandingProfiles": (_refuse_default_branding,),
    f"{DM}/roleScopeTags": (_refuse_built_in,),
    f"{DM}/roleDefinitions": (_refuse_built_in,),
    f"{DM}/deviceHealthScripts": (_refuse_built_in,),
    f"{CA}/authenticationStrength/policies": (_refuse_built_in,),
    f"{CA}/policies": (_refuse_access,),
}
