"""Writes of what stands beside a policy's body: links to other objects, decisions, and the service's own children.

graph/read/children.py names the sources. Further ones: app categories (deploymenttheory/terraform-provider-microsoft365
and microsoft/Microsoft365DSC use $ref; Microsoft's model shows but the GET), relationships of apps and driver approvals
(Microsoft's model: updateRelationships, executeAction).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from graph.content.normalise import ZERO_GUID
from graph.content.spellings import normalise_spelling
from graph.content.timestamps import parse_time
from graph.policy_types.driver_approvals import ACTIONS, decided_drivers, driver_of, inventory_entries
from graph.policy_types.enrollment import (
    IS_DEFAULT,
    MESSAGES,
    enrollment_token,
    is_enrollment_policy,
    notification_templates,
)
from graph.policy_types.write_rule import Object, Part
from graph.references import navigations
from graph.references.navigations import NavigationLink
from graph.transport import paths
from graph.transport.client import Request
from graph.write.actions import TYPE, index_by, pick, post, write_messages

# --- what is referred to by navigation -------------------------------------------------------------------------------


def link_parts(policy_type: str) -> dict[str, Part]:
    """Return {navigation: its part} for all subtypes of a policy type."""
    return {name: _link_part(policy_type, link) for name, link in navigations.all_links(policy_type).items()}


def _link_part(policy_type: str, link: NavigationLink) -> Part:
    def write(path: str, live: Object, want: Object) -> list[Request]:
        bare = str(want.get("@odata.type") or "").removeprefix(TYPE)
        if not navigations.has_link(policy_type, bare, link.name):
            return []
        nav = paths.join(path, f"microsoft.graph.{bare}", link.name)
        now, then = (_ids(body.get(link.name)) for body in (live, want))
        if link.is_many:
            return reference_requests(nav, now, then, navigations.PATHS[link.kind])
        if now == then:
            return []
        # PUT replaces the one link that there may be.
        return [
            Request(f"{nav}/$ref", "PUT", _link_body(navigations.PATHS[link.kind], target_id)) for target_id in then
        ] or [Request(f"{nav}/$ref", "DELETE")]

    return write


def _ids(value: Any) -> list[str]:
    objects = value if isinstance(value, list) else [value]
    return [str(element["id"]) for element in objects if isinstance(element, dict) and element.get("id")]


def reference_requests(nav: str, now: Iterable[str], then: Iterable[str], collection: str) -> list[Request]:
    """Return the requests that replace the links `now` by the links `then`, to objects of a collection."""
    now, then = list(now), list(then)
    removals = [Request(f"{paths.join(nav, graph_id)}/$ref", "DELETE") for graph_id in now if graph_id not in then]
    return [
        *removals,
        *(post(f"{nav}/$ref", _link_body(collection, graph_id)) for graph_id in then if graph_id not in now),
    ]


def _link_body(collection: str, graph_id: str) -> Object:
    return {"@odata.id": paths.key_link(collection, graph_id)}


# --- apps ------------------------------------------------------------------------------------------------------------


def write_categories(path: str, live: Object, want: Object) -> list[Request]:
    now, then = (_ids(body.get("categories")) for body in (live, want))
    return reference_requests(f"{path}/categories", now, then, "/deviceAppManagement/mobileAppCategories")


def write_relationships(path: str, live: Object, want: Object) -> list[Request]:
    """Write the app's own relationships, all at once; those of other apps to it are written with the others."""
    own = [link for link in want.get("relationships") or () if link.get("targetType") != "parent"]
    sent = [pick(link, "@odata.type", "targetId", "dependencyType", "supersedenceType") for link in own]
    return [post(f"{path}/updateRelationships", {"relationships": sent})]


# --- driver approvals ------------------------------------------------------------------------------------------------


def write_driver_decisions(path: str, live: Object, want: Object) -> list[Request]:
    """Decide on the drivers that the tenant lists and has decided otherwise, or not yet."""
    live_entries = {driver_of(entry): entry for entry in inventory_entries(live) if entry.get("id")}
    decisions = [
        (entry, live_entries[driver_of(entry)]) for entry in decided_drivers(want) if driver_of(entry) in live_entries
    ]
    changed = [
        (ACTIONS[decision["approvalStatus"]], _deployment_date(decision), str(entry["id"]))
        for decision, entry in decisions
        if decision["approvalStatus"] != entry.get("approvalStatus")
    ]
    requests = []
    for (action, date), group in groupby(sorted(changed), key=lambda change: change[:2]):
        body = {"actionName": action, "driverIds": [driver_id for *_, driver_id in group]}
        requests.append(post(f"{path}/executeAction", body | ({"deploymentDate": date} if date else {})))
    return requests


def _deployment_date(entry: Object) -> str:
    """Return the day on which an approved driver is offered; "" for a past one: it may be refused (nobody knows)."""
    date = str(entry.get("deployDateTime") or "")
    begins = parse_time(date) if entry.get("approvalStatus") == "approved" else None
    return date if begins and begins > datetime.now(UTC).replace(tzinfo=None) else ""


# --- enrollment ------------------------------------------------------------------------------------------------------


def write_notification_templates(path: str, live: Object, want: Object) -> list[Request]:
    """Name the live templates of the wanted kinds, and new ones for the rest; any other id is refused (400)."""
    live_kinds = dict(notification_templates(live))
    live_names = {
        kind.lower(): name for name in live.get("notificationTemplates") or () for kind in [name.partition("_")[0]]
    }
    new_names = [
        live_names[kind] if kind in live_kinds else f"{kind}_{ZERO_GUID}" for kind, _ in notification_templates(want)
    ]
    return [Request(path, "PATCH", {**pick(want, "@odata.type"), "notificationTemplates": new_names})]


def write_notification_messages(path: str, live: Object, want: Object) -> list[Request]:
    """Write messages to the templates that the tenant's policy has by now; a kind that it is yet to have follows."""
    live_templates = index_by(live.get(MESSAGES), "kind")
    calls: list[Request] = []
    for template in want.get(MESSAGES) or ():
        if template.get("kind") in live_templates:
            calls += _template_requests(live_templates[template["kind"]], template)
    return calls


def _template_requests(live: Object, want: Object) -> list[Request]:
    path = paths.join("/deviceManagement/notificationMessageTemplates", live["id"])
    calls = write_messages(path, live, want)
    # Only that of an e-mail was seen to be changed (its PATCH, after the messages).
    now, then = (normalise_spelling("flags", body.get("brandingOptions") or "none") for body in (live, want))
    if want.get("brandingOptions") and now != then:
        calls.append(Request(path, "PATCH", pick(want, "brandingOptions")))
    return calls


def write_enrollment_order(path: str, live: Object, want: Object) -> list[Request]:
    """Write the priority, from 1 to 500: only enrollment policies have it (Microsoft's model: reorder)."""
    priority = (want.get("priorityMetaData") or {}).get("priority")
    return [post(f"{path}/reorder", {"priority": priority})] if priority and is_enrollment_policy(want) else []


def write_default_profile(path: str, live: Object, want: Object) -> list[Request]:
    """Make the policy its token's default profile. A default profile stays the default until another becomes it."""
    token, policy = enrollment_token(live), path.rpartition("/")[2]
    profiles = paths.join("/deviceManagement/depOnboardingSettings", token, "enrollmentProfiles")
    request = post(paths.join(profiles, f"{token}_{policy}", "setDefaultProfile"), {})
    return [request] if token and want.get(IS_DEFAULT) else []


def write_apple_default_profile(path: str, live: Object, want: Object) -> list[Request]:
    return [post(f"{path}/setDefaultProfile", {})] if want.get("isDefault") else []
