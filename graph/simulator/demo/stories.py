"""Acts of people and apps in a demo tenant while somebody looks: one believable change after the other.

Each is as `POST /_simulator/tenants/ID/changes` takes it. What was done already, and not put back, is not done again:
another one is chosen.
"""

import copy
import random
from collections.abc import Callable, Collection, Iterator
from typing import Any

from graph.simulator.demo.builder import Builder
from graph.simulator.features.references import FILTERS, assignments_using
from graph.simulator.model.collections import CA, DAM, DM
from graph.simulator.store.state import Object, Tenant

Change = dict[str, Any]
ACCESS, CONFIGURATIONS, COMPLIANCE = f"{CA}/policies", f"{DM}/deviceConfigurations", f"{DM}/deviceCompliancePolicies"
_ALL_DEVICES = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}
_PIPELINE = {"kind": "app", "name": "Intune deployment pipeline", "app_id": "3c9e5d0a-7f41-4a86-b5d2-6e8f1a2b3c61"}
_PASSWORDS, _BUILDS = (4, 6, 8), ("10.0.19045", "10.0.22621", "10.0.22631")


def next_change(tenant: Tenant, spared: Collection[str], is_first: bool) -> Change | None:
    """Return a change of an object that is not among the ids `spared`; None where there is none.

    The first of a demo is the gravest: somebody is let past multifactor authentication.
    """
    found = [change for change in _changes(tenant) if change["id"] not in spared]
    return (found[0] if is_first else random.choice(found)) if found else None


def _changes(tenant: Tenant) -> Iterator[Change]:
    for path, name, by, story in _STORIES:
        item = _named(tenant, path, name)
        made = story(tenant, item) if item else None
        if item and made:
            yield {"collection": path, "id": item["id"], "by": _doer(tenant, by), **made}


def _named(tenant: Tenant, path: str, name: str) -> Object | None:
    items = list(tenant.collections.get(path, {}).values())
    return next((item for item in items if item.get("displayName") == name), None)


def _doer(tenant: Tenant, name: str) -> dict[str, str]:
    if not name:
        return _PIPELINE
    domain = f"{tenant.name.split()[0].lower()}.example"
    return {"kind": "person", "name": f"{name}@{domain}", "address": f"203.0.113.{len(name)}"}


def _exclude_finance(tenant: Tenant, policy: Object) -> Change | None:
    group = Builder(tenant).group("SG-Finance")
    conditions = copy.deepcopy(policy["conditions"])
    if group in conditions["users"]["excludeGroups"]:
        return None
    conditions["users"]["excludeGroups"].append(group)
    return {"set": {"conditions": conditions}}


def _only_report(_tenant: Tenant, policy: Object) -> Change | None:
    state = "enabledForReportingButNotEnforced"
    return {"set": {"state": state}} if policy["state"] == "enabled" else None


def _without_disk_encryption(_tenant: Tenant, policy: Object) -> Change | None:
    return {"set": {"bitLockerEnabled": False}} if policy.get("bitLockerEnabled") else None


def _older_build(_tenant: Tenant, policy: Object) -> Change:
    return {"set": {"osMinimumVersion": _another(_BUILDS, policy.get("osMinimumVersion"))}}


def _short_password(_tenant: Tenant, policy: Object) -> Change:
    return {"set": {"passwordMinimumLength": _another(_PASSWORDS, policy.get("passwordMinimumLength"))}}


def _pause(_tenant: Tenant, ring: Object) -> Change:
    return {"set": {"qualityUpdatesPaused": not ring.get("qualityUpdatesPaused")}}


def _to_all_devices(_tenant: Tenant, item: Object) -> Change | None:
    kinds = {assignment["target"].get("@odata.type") for assignment in item.get("assignments") or ()}
    return None if _ALL_DEVICES["@odata.type"] in kinds else {"assignments": [{"target": _ALL_DEVICES}]}


def _remove_unused_filter(tenant: Tenant, item: Object) -> Change | None:
    return None if assignments_using(tenant, FILTERS, item["id"]) else {"remove": True}


def _remove(_tenant: Tenant, _item: Object) -> Change:
    return {"remove": True}


def _another(values: tuple[Any, ...], held: Any) -> Any:
    return random.choice([value for value in values if value != held])


# (collection, name, who: an app where nobody, what). A name that the tenant has not is passed over.
_STORIES: tuple[tuple[str, str, str, Callable[[Tenant, Object], Change | None]], ...] = (
    (ACCESS, "CA001 - Require MFA for all users", "anna.berg", _exclude_finance),
    (COMPLIANCE, "Windows - Baseline", "jonas.weber", _without_disk_encryption),
    (f"{DM}/deviceManagementScripts", "Remove consumer Teams", "priya.nair", _to_all_devices),
    (CONFIGURATIONS, "WIN - Device restrictions", "jonas.weber", _short_password),
    (FILTERS, "Personal iOS devices", "tom.fischer", _remove_unused_filter),
    (FILTERS, "Shared Android devices", "tom.fischer", _remove_unused_filter),
    (ACCESS, "CA004 - Require compliant device for Office 365", "anna.berg", _only_report),
    (CONFIGURATIONS, "Update ring - Broad", "", _pause),
    (COMPLIANCE, "Windows - Baseline", "", _older_build),
    (CONFIGURATIONS, "Wi-Fi Guests", "lena.hoffmann", _remove),
    (f"{DAM}/mobileApps", "7-Zip", "priya.nair", _to_all_devices),
)
