"""Write rules of the policy types in graph/policy_types/tenant_wide_types.py; write_rules.py has the others.

Calls without a named source are those of Microsoft's own package, msgraph-beta-sdk 1.66.0.
"""

from collections.abc import Callable, Mapping
from typing import Any

from graph.policy_types.permissions import (
    WRITE_AGREEMENTS,
    WRITE_APPS,
    WRITE_BRANDING,
    WRITE_CLEANUP,
    WRITE_CLOUD_PC,
    WRITE_CONFIGURATION,
    WRITE_GROUPS,
    WRITE_RBAC,
    WRITE_SITE_LISTS,
    WRITE_WINDOWS_UPDATES,
)
from graph.policy_types.tenant_wide_types import BRANDING_FILES, DEFAULT_LOCALE, DM
from graph.policy_types.write_rule import APP_NAMED, CA_NAMED, DIRECTORY, LOCKS, POLICIES, Object, Part, WriteRule
from graph.read import groups
from graph.transport.client import Request
from graph.write.actions import element_requests, omit, pick, post

AUTOPATCH = (
    "It is for an audience of devices and rings that only its own tenant knows, and that Microsoft Graph does not make "
    "anew: it is backed up and compared, and not written."
)

# --- warnings --------------------------------------------------------------------------------------------------------


def _retires_devices(body: Object) -> str:
    days = body.get("deviceInactivityBeforeRetirementInDays")
    return f"It retires every device that has not been in touch for {days} days, as soon as it is there."


def _locks_writes(body: Object) -> str:
    return (
        "From then on what it protects needs a second person's approval in the tenant, this product's own writes "
        "included. If its approver groups have no members, nobody can change any of it."
    )


def _new_token(body: Object) -> str:
    return "Enrollment tokens are not kept: one that is made anew gets another token, and printed QR codes are void."


def _defaults_to_noncompliant(body: Object) -> str:
    is_on = body.get("secureByDefault") is True
    return "Devices without a compliance policy count as not compliant with it." if is_on else ""


def _is_to_be_published(body: Object) -> str:
    return "" if body.get("status") == "draft" else _stays_a_draft(body)


def _stays_a_draft(body: Object) -> str:
    return "Browsers follow the list that was published last: publish it in the Microsoft 365 admin center."


# --- terms of use ----------------------------------------------------------------------------------------------------


def _shape_agreement(body: Object) -> None:
    body["files"] = [
        pick(file, "fileName", "displayName", "language", "isDefault", "fileData") for file in body.get("files") or ()
    ]


def _lacks_files(body: Object) -> str:
    """Refuse an agreement without its PDF: it makes the list of all agreements a 500 (Micke-K/IntuneManagement,
    2026-09-06).
    """
    files = body.get("files") or ()
    has_all = bool(files) and all((file.get("fileData") or {}).get("data") for file in files)
    return "" if has_all else "The backup does not hold all of its PDFs, and Microsoft Graph takes none without them."


# --- company branding ------------------------------------------------------------------------------------------------

# The header that means the default branding, without a language (learn.microsoft.com: Update organizationalBranding).
_DEFAULT = {"Accept-Language": DEFAULT_LOCALE}


def _create_branding(path: str, body: Object) -> Request:
    if body.get("id") == DEFAULT_LOCALE:
        return Request(path.removesuffix("/localizations"), "PATCH", _branding_texts(body), _DEFAULT)
    # Here the client says the id.
    return post(path, {"id": body.get("id"), **_branding_texts(body)})


def _branding_texts(body: Object) -> Object:
    """Return what goes with the object itself; a property without a value stays at the service's default."""
    derived = {"id", "cdnList", "@odata.type", *BRANDING_FILES, *(f"{name}RelativeUrl" for name in BRANDING_FILES)}
    return {name: value for name, value in omit(body, *derived).items() if value is not None}


def _branding_file_part(name: str) -> Part:
    def write(path: str, live: Object, want: Object) -> list[Request]:
        data = want.get(name)
        if not data:
            return [Request(f"{path}/{name}", "DELETE")] if live.get(name) else []
        return [Request(f"{path}/{name}", "PUT", {"type": _media_type(name, data), "value": data}, is_media=True)]

    return write


# The first characters of each sort of file, in base64.
_BEGINNINGS = {"iVBORw": "image/png", "/9j/": "image/jpeg", "AAABAA": "image/x-icon", "R0lGOD": "image/gif"}


def _media_type(name: str, data: str) -> str:
    if name == "customCSS":
        return "text/css"
    return next((kind for begin, kind in _BEGINNINGS.items() if data.startswith(begin)), "image/*")


# --- Edge site lists -------------------------------------------------------------------------------------------------

_SITE = ("webUrl", "allowRedirect", "comment", "compatibilityMode", "mergeType", "targetEnvironment")
_COOKIE = ("displayName", "comment", "hostOnly", "hostOrDomain", "path", "sourceEnvironment")


def _list_part(name: str, key: Callable[[Object], str], shown: tuple[str, ...]) -> Part:
    """Return the part that writes a list below the site list, each of its elements by itself."""

    def body(element: Object) -> Object:
        return pick(element, *shown)

    def write(path: str, live: Object, want: Object) -> list[Request]:
        now, then = ({key(element): element for element in content.get(name) or ()} for content in (live, want))
        creations, changes, deletions = element_requests(f"{path}/{name}", now, then, body, body)
        return [*deletions, *creations, *changes]

    return write


def _cookie_key(cookie: Object) -> str:
    return f"{cookie.get('hostOrDomain')} {cookie.get('displayName')} {cookie.get('path')}"


# --- Windows 365 -----------------------------------------------------------------------------------------------------


def _shape_provisioning_policy(body: Object) -> None:
    if body.get("domainJoinConfigurations"):
        body["domainJoinConfigurations"] = [
            omit(configuration, "geographicLocationType") for configuration in body["domainJoinConfigurations"]
        ]


# --- tenant-wide settings --------------------------------------------------------------------------------------------


def _change_settings(path: str, changed: Object) -> Request:
    """Send only the settings that differ, as the service's one object: the rest would become its default
    (almenscorner/IntuneCD).
    """
    return Request(DM, "PATCH", {"settings": omit(changed, "@odata.type")})


_CLOUD_PC: dict[str, Any] = {"wave": POLICIES, "access": WRITE_CLOUD_PC, "assign": "assignments"}
_NEVER: dict[str, Any] = {"wave": POLICIES, "access": WRITE_WINDOWS_UPDATES, "cannot_restore": AUTOPATCH}

TENANT_RULES: Mapping[str, WriteRule] = {
    "groups": WriteRule(
        DIRECTORY,
        WRITE_GROUPS,
        create=groups.creation_request,
        parts={"members": groups.write_members},
        cannot_create=groups.refuse_creation,
        warn_create=groups.creation_warning,
    ),
    "mobileAppCategories": WriteRule(APP_NAMED, WRITE_APPS),
    "androidDeviceOwnerEnrollmentProfiles": WriteRule(
        POLICIES, WRITE_CONFIGURATION, warn_create=_new_token, left_to_do=_new_token
    ),
    "managedDeviceCleanupRules": WriteRule(POLICIES, WRITE_CLEANUP, warn=_retires_devices),
    "operationApprovalPolicies": WriteRule(LOCKS, WRITE_RBAC, warn=_locks_writes),
    "deviceManagementSettings": WriteRule(
        POLICIES,
        WRITE_CONFIGURATION,
        change=_change_settings,
        cannot_create=lambda body: "Every tenant has them: they are changed, and never made.",
        warn=_defaults_to_noncompliant,
    ),
    "agreements": WriteRule(
        CA_NAMED,
        WRITE_AGREEMENTS,
        create_only=frozenset({"files"}),
        shape=_shape_agreement,
        cannot_create=_lacks_files,
    ),
    "organizationalBranding": WriteRule(
        POLICIES,
        WRITE_BRANDING,
        create=_create_branding,
        names_itself=True,
        parts={name: _branding_file_part(name) for name in BRANDING_FILES},
    ),
    "provisioningPolicies": WriteRule(shape=_shape_provisioning_policy, **_CLOUD_PC),
    "cloudPcUserSettings": WriteRule(**_CLOUD_PC),
    "browserSiteLists": WriteRule(
        POLICIES,
        WRITE_SITE_LISTS,
        parts={
            "sites": _list_part("sites", lambda site: str(site.get("webUrl")), _SITE),
            "sharedCookies": _list_part("sharedCookies", _cookie_key, _COOKIE),
        },
        warn=_stays_a_draft,
        left_to_do=_is_to_be_published,
    ),
    "windowsUpdatePolicies": WriteRule(**_NEVER),
    "windowsUpdateDeployments": WriteRule(**_NEVER),
}
