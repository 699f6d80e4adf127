"""The bins: what was deleted and can be brought back with its id, for 30 days.

Conditional Access policies and named locations: learn.microsoft.com, policyDeletableItem and conditionalAccessPolicy
restore; Microsoft's own package for the routes. Strengths, contexts and terms of use have none
(caPoliciesDeletableRoot). Groups: learn.microsoft.com, Restore deleted item (directory object); Microsoft 365 groups,
and since message center MC1183299 security groups of the cloud.

Flags: `bin_refused` {last step of the bin's path: status} of everything below it, `undelete_refused` likewise of the
restore alone, `undelete_wrapped` (one sample of Microsoft's answers {"value": {…}}), `undelete_state` (what state a
policy comes back in is told nowhere; as it was, unless this says otherwise).
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from time import time

from graph.simulator.model.collections import CA
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, error, forbidden, not_found
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import now

KEPT = timedelta(days=30)
DIRECTORY_BIN = "directory/deletedItems"
# Collection -> its bin.
BINS = {
    f"{CA}/policies": f"{CA}/deletedItems/policies",
    f"{CA}/namedLocations": f"{CA}/deletedItems/namedLocations",
    "groups": DIRECTORY_BIN,
}
_LIVE = {bin_path: path for path, bin_path in BINS.items()}
_ACCESS, _GROUPS = ("Policy.ReadWrite.ConditionalAccess",), ("Group.ReadWrite.All", "Directory.ReadWrite.All")
_GROUP_CAST = "microsoft.graph.group"
_DELETED_AT = "deletedDateTime"


def keep(tenant: Tenant, path: str, item: Object) -> None:
    """Keep what was deleted, where the service does. The tenant's lock is held."""
    if path in BINS and (path != "groups" or _is_kept(item)):
        tenant.put(BINS[path], {**item, _DELETED_AT: now()})


def _is_kept(group: Object) -> bool:
    """Groups of the local directory, distribution lists and mail-enabled security groups are deleted for good."""
    if group.get("onPremisesSyncEnabled"):
        return False
    return "Unified" in (group.get("groupTypes") or ()) or not group.get("mailEnabled")


def without_cast(path: str, rest: list[str]) -> list[str]:
    """Drop the type from …/deletedItems/microsoft.graph.group."""
    return rest[1:] if path == DIRECTORY_BIN and rest[:1] == [_GROUP_CAST] else rest


def refuse(tenant: Tenant, path: str) -> None:
    """Drop what is older than 30 days. Raises Refused where the tenant's bin is not to be had."""
    if path not in _LIVE:
        return
    oldest = (datetime.now(UTC) - KEPT).strftime("%Y-%m-%dT%H:%M:%S")
    for key, item in list(tenant.collections.get(path, {}).items()):
        if str(item.get(_DELETED_AT) or "9") < oldest:
            tenant.collections[path].pop(key, None)
    _refuse_by_flag(tenant, path, "bin_refused")


def _refuse_by_flag(tenant: Tenant, path: str, flag: str) -> None:
    status = (tenant.flags.get(flag) or {}).get(_LIVE[path].rpartition("/")[2])
    if status == 403:
        raise Refused(forbidden(["Policy.ReadWrite.ConditionalAccess"], is_directory=True))
    if status:
        raise Refused(error(int(status), "BadRequest" if status == 400 else "ResourceNotFound", "Not offered here."))


def restore(tenant: Tenant, granted: Collection[str], parts: list[str]) -> tuple[str, str, Reply] | None:
    """Carry out POST …/deletedItems/…/{id}/restore; None where the path is another one. The tenant's lock is held.

    Return (collection, id, answer). Raises Refused.
    """
    path = next((path for path in _LIVE if parts[: path.count("/") + 1] == path.split("/")), None)
    rest = without_cast(path, parts[path.count("/") + 1 :]) if path else []
    if path is None or len(rest) != 2 or rest[1] != "restore":
        return None
    needed = _GROUPS if path == DIRECTORY_BIN else _ACCESS
    if not set(granted) & set(needed):
        raise Refused(forbidden(list(needed), is_directory=True))
    refuse(tenant, path)
    _refuse_by_flag(tenant, path, "undelete_refused")
    item = tenant.collections.get(path, {}).pop(rest[0], None)
    if item is None:
        raise Refused(not_found(rest[0]))
    item = {name: value for name, value in item.items() if name != _DELETED_AT}
    if "state" in item and tenant.flags.get("undelete_state"):
        item["state"] = tenant.flags["undelete_state"]
    live = _LIVE[path]
    tenant.put(live, item)
    tenant.arrivals[f"{live}/{item['id']}"] = time()
    shown = {**item, _DELETED_AT: None}
    return live, str(item["id"]), Reply(200, {"value": shown} if tenant.flags.get("undelete_wrapped") else shown)
