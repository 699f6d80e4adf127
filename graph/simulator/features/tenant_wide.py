"""Objects that a tenant has one of, or that hold files: tenant-wide settings, company branding, terms of use."""

import copy
from collections.abc import Mapping
from typing import Any

from graph.simulator.model import odata
from graph.simulator.model.collections import BRANDING, BRANDING_FILES, DM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, bad_request, error, not_found
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import Call, guid, now, objects

SETTINGS, SINGLE = f"{DM}/settings", "tenant-wide"
# As a tenant has them in which nobody ever changed anything.
_SETTINGS: Object = {
    "deviceComplianceCheckinThresholdDays": 30,
    "isScheduledActionEnabled": False,
    "secureByDefault": False,
    "enhancedJailBreak": False,
    "deviceInactivityBeforeRetirementInDay": 0,
    "derivedCredentialProvider": "notConfigured",
    "derivedCredentialUrl": None,
    "androidDeviceAdministratorEnrollmentEnabled": False,
    "ignoreDevicesForUnsupportedSettingsEnabled": False,
    "enableLogCollection": True,
    "enableAutopilotDiagnostics": True,
    "enableEnhancedTroubleshootingExperience": False,
    "enableDeviceGroupMembershipReport": False,
    "m365AppDiagnosticsEnabled": False,
}


# --- addresses -------------------------------------------------------------------------------------------------------


def branding_address(tenant: Tenant, parts: list[str]) -> list[str]:
    """The address of a branding without the tenant's own id in it. Raises Refused for another tenant's."""
    if [part.lower() for part in (parts[:1] + parts[2:3])] != ["organization", "branding"]:
        return parts
    if parts[1] != tenant.directory_id:
        raise Refused(not_found(parts[1]))
    return ["organization", "branding", *parts[3:]]


def redirect_write(tenant: Tenant, parts: list[str], body: Any, headers: Mapping[str, str]) -> tuple[list[str], Any]:
    """Translate a write below the address of another object: return (the object's own address, its body)."""
    if [part.lower() for part in parts] == ["devicemanagement"]:
        if not isinstance(body, dict) or set(body) != {"settings"}:
            raise bad_request("Only the settings of deviceManagement can be changed here.")
        _settings_of(tenant)
        return [*SETTINGS.split("/"), SINGLE], body["settings"]
    parts = branding_address(tenant, parts)
    if parts == ["organization", "branding"]:
        if headers.get("accept-language") != "0":
            raise Refused(error(400, "Request_BadRequest", "The header Accept-Language is required."))
        if tenant.held(BRANDING, "0") is None:
            tenant.put(BRANDING, branding("0"))
        return [*BRANDING.split("/"), "0"], body
    return parts, {"data": body} if isinstance(body, str) else body


def _settings_of(tenant: Tenant) -> Object:
    return tenant.held(SETTINGS, SINGLE) or tenant.put(SETTINGS, {"id": SINGLE, **_SETTINGS})


def add_settings(tenant: Tenant) -> None:
    _settings_of(tenant)


def settings(tenant: Tenant) -> Reply:
    """None in a tenant that was made for a test, and given none."""
    if tenant.held(SETTINGS, SINGLE) is None:
        return not_found(SETTINGS)
    shown = {name: value for name, value in _settings_of(tenant).items() if name != "id"}
    return Reply(
        200, {"@odata.context": "https://graph.microsoft.com/beta/$metadata#deviceManagement/settings", **shown}
    )


def read_single(tenant: Tenant, path: str, query: str) -> Reply:
    """Answer a GET of an object that a tenant has once, or not at all."""
    held = next(iter(tenant.collections.get(path, {}).values()), None)
    if held is None:
        return not_found(path)
    return Reply(200, odata.selected(dict(held), odata.options(query).get("select", "")))


# --- company branding ------------------------------------------------------------------------------------------------


def branding(locale: str, **texts: Any) -> Object:
    texts_of_all = ("backgroundColor", "signInPageText", "usernameHintText", "customPrivacyAndCookiesText",
                    "customTermsOfUseText", "headerBackgroundColor")  # fmt: skip
    made: Object = {"id": locale, "cdnList": [], **dict.fromkeys(texts_of_all), **texts}
    return (
        made
        | {name: made.get(name) for name in BRANDING_FILES}
        | {f"{name}RelativeUrl": None for name in BRANDING_FILES}
    )


def put_file(call: Call) -> Reply:
    """An image goes and comes as itself; the object shows where browsers find it."""
    item, name = call.draft(), next(file for file in BRANDING_FILES if file.lower() == call.rest[1].lower())
    if call.method not in {"PUT", "DELETE"}:
        raise Refused(error(405, "Request_BadRequest", "Use PUT for a stream."))
    data = call.body.get("data") if call.method == "PUT" else None
    if call.method == "PUT" and not data:
        raise Refused(error(400, "Request_BadRequest", "An image is expected."))
    place = f"{guid()}/logintenantbranding/{item['id']}/{name.lower()}?ts=1" if data else None
    call.keep({**item, name: data, f"{name}RelativeUrl": place})
    return Reply(204)


# --- terms of use ----------------------------------------------------------------------------------------------------


def agreement_files(_call: Call, value: Any) -> list[Object]:
    return [{"isMajorVersion": False, "createdDateTime": now(), **file, "id": guid()} for file in objects(value)]


def refuse_no_file(call: Call) -> None:
    files = objects(call.body.get("files"))
    if not files or not all((file.get("fileData") or {}).get("data") and file.get("language") for file in files):
        raise Refused(error(400, "BadRequest", "An agreement needs a file, its language and its data."))


def agreement_file(item: Object, rest: list[str]) -> Reply:
    """`file/localizations/{id}/fileData/data`, and the list of them."""
    lower, files = [segment.lower() for segment in rest], objects(item.get("files"))
    if lower == ["file", "localizations"]:
        return Reply(200, {"value": [{**file, "fileData": None} for file in files]})
    found = next((file for file in files if len(rest) > 2 and file["id"] == rest[2]), None)
    if found is None or lower[3:] != ["filedata", "data"]:
        raise Refused(not_found("/".join(rest)))
    return Reply(200, {"@odata.context": "…/fileData/data", "value": found["fileData"]["data"]})


# --- Edge site lists -------------------------------------------------------------------------------------------------


def publish(call: Call) -> Object:
    item = call.draft()
    revision = str(call.body.get("revision") or int(item.get("revision") or 0) + 1)
    call.keep({**item, "status": "published", "revision": revision, "publishedDateTime": now()})
    return copy.deepcopy(item)
