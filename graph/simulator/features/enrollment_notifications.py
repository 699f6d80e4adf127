"""Enrollment notifications: their texts are in message templates that the service makes, and that no page lists.

Seen by deploymenttheory/terraform-provider-microsoft365, device_enrollment_notification (its captured requests).
"""

from graph.simulator.features.references import TEMPLATES, ZERO_GUID
from graph.simulator.model.collections import DM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import bad_request
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import Call, guid, now

PATH = f"{DM}/deviceEnrollmentConfigurations"
NAME = "EnrollmentNotificationInternalMEO"
_KINDS = ("email", "push")


def refuse(call: Call, item: Object | None = None) -> None:
    """An id is the service's to make: a body names none, or those that the policy has."""
    known = {name.lower() for name in (item or {}).get("notificationTemplates") or ()}
    for name in call.body.get("notificationTemplates") or ():
        kind, _, template = str(name).partition("_")
        if kind.lower() not in _KINDS or (template != ZERO_GUID and str(name).lower() not in known):
            raise bad_request(f"The notification template '{name}' is not valid.")


def settle_templates(call: Call, item: Object) -> None:
    """After each write: templates that are wanted are made, those that are not named any more go."""
    if "notificationTemplates" not in item:
        return
    before = (call.tenant.held(PATH, item["id"]) or {}).get("notificationTemplates") or ()
    named = [str(name).partition("_") for name in item["notificationTemplates"] or ()]
    item["notificationTemplates"] = [
        f"{kind.capitalize()}_{_made(call.tenant) if template == ZERO_GUID else template}"
        for kind, _, template in named
    ]
    _remove(call.tenant, set(before) - set(item["notificationTemplates"]))
    # Whatever a body says of these is in the templates.
    item |= {"brandingOptions": "none", "defaultLocale": None, "templateType": "0",
             "notificationMessageTemplateId": ZERO_GUID}  # fmt: skip


def remove_templates(tenant: Tenant, item: Object) -> None:
    _remove(tenant, set(item.get("notificationTemplates") or ()))


def _made(tenant: Tenant) -> str:
    template = guid()
    tenant.put(TEMPLATES, {"id": template, "displayName": NAME, "description": None, "defaultLocale": None,
                           "brandingOptions": "none", "roleScopeTagIds": ["0"], "lastModifiedDateTime": now(),
                           "localizedNotificationMessages": []})  # fmt: skip
    return template


def _remove(tenant: Tenant, names: set[str]) -> None:
    for name in names:
        tenant.collections.get(TEMPLATES, {}).pop(name.partition("_")[2], None)
