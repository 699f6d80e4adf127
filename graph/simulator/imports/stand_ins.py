"""Stand-ins for objects that exported policies refer to and that were not exported with them: without them, the
tenant could never have had the policies.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from graph.simulator.features.references import APPS, FILTERS, LOCATIONS, STRENGTHS, TAGS, TEMPLATES, missing
from graph.simulator.model.collections import AGREEMENTS, DM
from graph.simulator.model.odata import Object
from graph.simulator.store.state import Tenant

_TIME = "2024-01-08T08:00:00Z"


def add_missing(tenant: Tenant) -> None:
    tenant.collections.setdefault("servicePrincipals", {})  # without any, none would be asked for
    for path, items in list(tenant.collections.items()):
        for item in list(items.values()):
            _add_strength(tenant, item)
            for collection, object_id in list(missing(tenant, path, item)):
                make = _STAND_INS.get(collection)
                if make:
                    tenant.put(collection, {"id": object_id, **make(object_id)})


def _add_strength(tenant: Tenant, policy: Object) -> None:
    """The policy carries a copy: that is the strength itself."""
    strength = (policy.get("grantControls") or {}).get("authenticationStrength")
    if not strength or not strength.get("id"):
        return
    if tenant.held(STRENGTHS, strength["id"]) is None:
        is_fixed = strength["id"].startswith("00000000-")
        defaults = {"displayName": "Strength", "description": "", "policyType": "builtIn" if is_fixed else "custom",
                    "requirementsSatisfied": "mfa", "allowedCombinations": ["fido2"], "createdDateTime": _TIME,
                    "modifiedDateTime": _TIME}  # fmt: skip
        held = {**defaults, **strength}
        held["combinationConfigurations"] = held.get("combinationConfigurations") or []
        tenant.put(STRENGTHS, held)
    policy["grantControls"]["authenticationStrength"] = copy.deepcopy(tenant.held(STRENGTHS, strength["id"]))


def _group(object_id: str) -> Object:
    return {"displayName": f"Group {object_id[:8]}", "description": None, "groupTypes": [], "mailEnabled": False,
            "mailNickname": f"group-{object_id[:8]}", "securityEnabled": True, "membershipRule": None,
            "membershipRuleProcessingState": None}  # fmt: skip


def _intune(name: str, **more: Any) -> Object:
    return {"displayName": name, "description": "", "createdDateTime": _TIME, "lastModifiedDateTime": _TIME,
            "roleScopeTagIds": ["0"], **more}  # fmt: skip


def _without_creation(name: str, **more: Any) -> Object:
    return {key: value for key, value in _intune(name, **more).items() if key != "createdDateTime"}


def _filter(filter_id: str) -> Object:
    rule = '(device.deviceOwnership -eq "Corporate")'
    assignment_filter = _intune(
        f"Filter {filter_id[:8]}",
        platform="windows10AndLater",
        payloads=[],
        roleScopeTags=["0"],
        rule=rule,
        assignmentFilterManagementType="devices",
    )
    del assignment_filter["roleScopeTagIds"]
    return assignment_filter


_STAND_INS: Mapping[str, Callable[[str], Object]] = {
    "groups": _group,
    "users": lambda object_id: {
        "displayName": f"User {object_id[:8]}",
        "userPrincipalName": f"{object_id[:8]}@adatum.example",
    },
    "servicePrincipals": lambda object_id: {"appId": object_id, "displayName": f"Application {object_id[:8]}"},
    AGREEMENTS: lambda object_id: {
        "displayName": f"Terms {object_id[:8]}",
        "files": [
            {
                "id": object_id,
                "fileName": "terms.pdf",
                "displayName": "Terms",
                "language": "en",
                "isDefault": True,
                "isMajorVersion": False,
                "createdDateTime": _TIME,
                "fileData": {"data": "JVBERi0xLjQK"},
            }
        ],
    },
    FILTERS: _filter,
    TAGS: lambda object_id: {
        "displayName": f"Tag {object_id}",
        "description": "",
        "isBuiltIn": False,
        "assignments": [],
    },
    TEMPLATES: lambda object_id: _without_creation(
        f"Template {object_id[:8]}", brandingOptions="none", defaultLocale=None, localizedNotificationMessages=[]
    ),
    APPS: lambda object_id: _intune(
        f"App {object_id[:8]}",
        bundleId=f"app.{object_id[:8]}",
        publisher="Adatum",
        assignments=[],
        **{"@odata.type": "#microsoft.graph.iosStoreApp"},
    ),
    LOCATIONS: lambda object_id: {
        "displayName": f"Location {object_id[:8]}",
        "countriesAndRegions": ["AT"],
        "countryLookupMethod": "clientIpAddress",
        "includeUnknownCountriesAndRegions": False,
        "createdDateTime": _TIME,
        "modifiedDateTime": _TIME,
        "@odata.type": "#microsoft.graph.countryNamedLocation",
    },
    f"{DM}/deviceComplianceScripts": lambda object_id: _intune(
        f"Script {object_id[:8]}", publisher="IT", version="1", detectionScriptContent="ZXhpdCAwCg==", assignments=[]
    ),
}
