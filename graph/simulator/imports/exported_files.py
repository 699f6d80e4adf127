"""Exported policies as people have them: any encoding, any tool's habits; refused plainly when they are no policies."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from graph.simulator.demo.tenants import READ_WRITE
from graph.simulator.features import tenant_wide
from graph.simulator.imports.repair import repair
from graph.simulator.imports.stand_ins import add_missing
from graph.simulator.model.collections import CA, COLLECTIONS, DAM, DM
from graph.simulator.model.conformance import fits_there, type_at
from graph.simulator.model.observed_facts import properties
from graph.simulator.store.state import Object, Tenant


@dataclass
class LoadReport:
    policies: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    # File -> (collection, id) of what came from it.
    where: dict[str, tuple[str, str]] = field(default_factory=dict)


class NotAPolicy(Exception):
    """Raised for a file that is no policy; the text says why."""


def exported_tenant() -> Tenant:
    return Tenant(
        "Adatum (exported policies)",
        "e1d6a3b7-5c48-4f92-8b1d-7a9e6c2f0d14",
        "9c3b5a7d-2e14-4d68-a0f5-8b1c7e6d4f24",
        "aDa8Q~demo.only-exported..0123456789abcd",
        "holds the exported policies given with --load",
        permissions=set(READ_WRITE),
    )


def load_exported(tenant: Tenant, directory: Path) -> LoadReport:
    loaded = LoadReport()
    for path in sorted(directory.rglob("*.json")):
        try:
            collection, item = read_policy_file(path)
        except NotAPolicy as e:
            loaded.skipped.append((str(path.relative_to(directory)), str(e)))
            continue
        if item["id"] in tenant.collections.get(collection, {}):
            # Two files of one id and different content, or a copy: both are kept.
            item["id"] = _made_up_id(path)
        tenant.put(collection, item)
        loaded.policies += 1
        loaded.where[str(path.relative_to(directory))] = (collection, str(item["id"]))
    add_missing(tenant)
    tenant_wide.add_settings(tenant)
    return loaded


def read_policy_file(path: Path) -> tuple[str, Object]:
    """Collection and whole object. Raises Refused."""
    raw = _unwrapped(_parsed(path))
    collection = _collection(raw, path)
    _refuse_truncated(raw)
    if raw.get("@odata.type") and not fits_there(collection, raw):
        raise NotAPolicy(f"a {raw['@odata.type']}, which is none of {collection}")
    item = repair(collection, raw)
    if "assignments" in properties(type_at(collection, item)):
        item.setdefault("assignments", [])
    if not item.get("id"):
        item["id"] = _made_up_id(path)
    if collection.endswith(("configurationPolicies", "compliancePolicies")):
        item["settingCount"] = len(item.get("settings", []))
    return collection, item


def _parsed(path: Path) -> Any:
    data = path.read_bytes()
    for encoding in _encodings(data):
        try:
            return json.loads(data.decode(encoding))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
            continue
    raise NotAPolicy("not JSON in any encoding we know")


def _encodings(data: bytes) -> tuple[str, ...]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    if data[1:2] == b"\x00":
        return ("utf-16-le", "utf-8")
    if data[:1] == b"\x00":
        return ("utf-16-be", "utf-8")
    return ("utf-8-sig", "cp1252")


def _unwrapped(raw: Any) -> Object:
    """The object inside what tools put around it: lists of one, Graph's envelope, JSON strings, PowerShell's pairs."""
    for _ in range(5):
        if isinstance(raw, str):
            raw = _from_string(raw)
        elif isinstance(raw, list) and len(raw) == 1:
            raw = raw[0]
        elif isinstance(raw, dict) and isinstance(raw.get("value"), dict | list) and len(raw) <= 3:
            raw = raw["value"]
        elif isinstance(raw, dict) and isinstance(raw.get("Keys"), list) and isinstance(raw.get("Values"), list):
            # An ordered dictionary that PowerShell wrote as the .NET object it is.
            raw = dict(zip(raw["Keys"], raw["Values"], strict=False))
        else:
            break
    if not isinstance(raw, dict):
        raise NotAPolicy("a list of parts without the policy they belong to")
    return raw


def _from_string(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as e:
        raise NotAPolicy("a text, not an object") from e


# Bare @odata.type -> collection, where the name does not follow from the type by itself.
_BY_TYPE: tuple[tuple[str, str], ...] = (
    (r"deviceManagementConfigurationPolicy$", f"{DM}/configurationPolicies"),
    (r"deviceManagementCompliancePolicy$", f"{DM}/compliancePolicies"),
    (r"deviceManagementIntent$", f"{DM}/intents"),
    (r"groupPolicyConfiguration$", f"{DM}/groupPolicyConfigurations"),
    (r"deviceAndAppManagementAssignmentFilter$", f"{DM}/assignmentFilters"),
    (r"conditionalAccessPolicy$", f"{CA}/policies"),
    (r"NamedLocation$", f"{CA}/namedLocations"),
    (r"(ios|android|windows)ManagedAppProtection$", DAM + r"/\1ManagedAppProtections"),
    (r"mdmWindowsInformationProtectionPolicy$", f"{DAM}/mdmWindowsInformationProtectionPolicies"),
    (r"windowsInformationProtectionPolicy$", f"{DAM}/windowsInformationProtectionPolicies"),
    (r"CompliancePolicy$", f"{DM}/deviceCompliancePolicies"),
    (r"AutopilotDeploymentProfile$", f"{DM}/windowsAutopilotDeploymentProfiles"),
    (r"(EnrollmentCompletionPageConfiguration|deviceEnrollment\w+)$", f"{DM}/deviceEnrollmentConfigurations"),
    (r"(App|LobApp|Msi|AppX)$", f"{DAM}/mobileApps"),
    (r"(Configuration|CertificateProfile|TrustedRootCertificate)$", f"{DM}/deviceConfigurations"),
)
_FOLDERS = {"conditionalaccesspolicies": f"{CA}/policies", "namedlocations": f"{CA}/namedLocations", "groups": "groups"}


def _collection(raw: Object, path: Path) -> str:
    bare = str(raw.get("@odata.type") or "").removeprefix("#microsoft.graph.")
    for pattern, collection in _BY_TYPE:
        match = re.search(pattern, bare)
        if bare and match:
            return match.expand(collection)
    return _by_context(raw) or _by_folder(path) or _by_shape(raw)


def _by_context(raw: Object) -> str | None:
    context = str(raw.get("@odata.context") or "").partition("$metadata#")[2]
    plain = re.split(r"[(/]\(?(?:\)|assignments|\$entity|microsoft)", context)[0].rstrip("/(").lower()
    return COLLECTIONS[plain].path if plain in COLLECTIONS else None


def _by_folder(path: Path) -> str | None:
    for folder in path.parent.parts[::-1]:
        known = _FOLDERS.get(folder.lower())
        for prefix in (DM, DAM):
            row = COLLECTIONS.get(f"{prefix}/{folder}".lower())
            known = known or (row.path if row else None)
        if known:
            return known
    return None


def _by_shape(raw: Object) -> str:
    if "settings" in raw and "platforms" in raw:
        return f"{DM}/configurationPolicies"
    if "templateId" in raw and ("settingsDelta" in raw or "settings" in raw):
        return f"{DM}/intents"
    if "conditions" in raw and "grantControls" in raw:
        return f"{CA}/policies"
    raise NotAPolicy("neither type, context, folder nor shape tells what it is")


def _refuse_truncated(raw: Any) -> None:
    """PowerShell writes objects below its depth as text: what they were is lost."""
    for text in _texts(raw):
        if text.startswith("@{") and "=" in text and text.endswith("}"):
            raise NotAPolicy("cut off by PowerShell's depth limit (“@{…}” where an object belongs)")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


def _made_up_id(path: Path) -> str:
    return str(uuid5(NAMESPACE_URL, path.as_posix()))
