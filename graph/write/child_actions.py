"""How the parts beside a policy's body are written: links to other objects, decisions, and the service's own children.

graph/read/children.py says where each is known from. Of those that are read by routes of their own: app categories
(deploymenttheory/terraform-provider-microsoft365 and microsoft/Microsoft365DSC use $ref; Microsoft's model shows but
the GET), relationships of apps and driver approvals (Microsoft's model: updateRelationships, executeAction).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from graph.content.normalise import ZERO_GUID
from graph.content.spellings import one_spelling
from graph.content.timestamps import parse_time
from graph.policy_types.driver_approvals import ACTIONS, decided, driver_of, entries
from graph.policy_types.enrollment import IS_DEFAULT, MESSAGES, is_of_enrollment, templates_of, token_of
from graph.policy_types.write_rule import Object, Part
from graph.references import navigations
from graph.references.navigations import Link
from graph.transport import paths
from graph.transport.client import Request
from graph.write.actions import TYPE, index_by, pick, post, write_messages

# --- what is referred to by navigation -------------------------------------------------------------------------------


def link_parts(policy_type: str) -> dict[str, Part]:
    """By name, the navigations of whichever of its subtypes."""
    return {name: _link_part(policy_type, link) for name, link in navigations.all_links(policy_type).items()}


def _link_part(policy_type: str, link: Link) -> Part:
    def write(path: str, live: Object, want: Object) -> list[Request]:
        bare = str(want.get("@odata.type") or "").removeprefix(TYPE)
        if not navigations.has_link(policy_type, bare, link.name):
            return []
        nav = paths.join(path, f"microsoft.graph.{bare}", link.name)
        now, then = (_ids(one.get(link.name)) for one in (live, want))
        if link.is_many:
            return reference_requests(nav, now, then, navigations.PATHS[link.kind])
        if now == then:
            return []
        # A reference to one is replaced as it is put.
        return [Request(f"{nav}/$ref", "PUT", _link_body(navigations.PATHS[link.kind], one)) for one in then] or [
            Request(f"{nav}/$ref", "DELETE")
        ]

    return write


def _ids(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [str(one["id"]) for one in found if isinstance(one, dict) and one.get("id")]


def reference_requests(nav: str, now: Iterable[str], then: Iterable[str], collection: str) -> list[Request]:
    """From some objects of a collection to others."""
    now, then = list(now), list(then)
    gone = [Request(f"{paths.join(nav, one)}/$ref", "DELETE") for one in now if one not in then]
    return [*gone, *(post(f"{nav}/$ref", _link_body(collection, one)) for one in then if one not in now)]


def _link_body(collection: str, graph_id: str) -> Object:
    return {"@odata.id": paths.key_link(collection, graph_id)}


# --- apps ------------------------------------------------------------------------------------------------------------


def write_categories(path: str, live: Object, want: Object) -> list[Request]:
    now, then = (_ids(one.get("categories")) for one in (live, want))
    return reference_requests(f"{path}/categories", now, then, "/deviceAppManagement/mobileAppCategories")


def write_relationships(path: str, live: Object, want: Object) -> list[Request]:
    """The app's own, all at once: those of others to it are written with the others."""
    sent = [pick(one, "@odata.type", "targetId", "dependencyType", "supersedenceType")
            for one in want.get("relationships") or () if one.get("targetType") != "parent"]  # fmt: skip
    return [post(f"{path}/updateRelationships", {"relationships": sent})]


# --- driver approvals ------------------------------------------------------------------------------------------------


def write_driver_decisions(path: str, live: Object, want: Object) -> list[Request]:
    """Those that the tenant lists and has decided otherwise, or not yet."""
    there = {driver_of(one): one for one in entries(live) if one.get("id")}
    wanted = [(one, there[driver_of(one)]) for one in decided(want) if driver_of(one) in there]
    changed = [
        (ACTIONS[one["approvalStatus"]], _deployment_date(one), str(entry["id"]))
        for one, entry in wanted
        if one["approvalStatus"] != entry.get("approvalStatus")
    ]
    return [
        post(f"{path}/executeAction", {
            "actionName": action, "driverIds": [one for *_, one in same], **({"deploymentDate": date} if date else {}),
        })
        for (action, date), same in groupby(sorted(changed), key=lambda one: one[:2])
    ]  # fmt: skip


def _deployment_date(entry: Object) -> str:
    """When an approved driver is offered; one that is past is as good as now, and may be refused (nobody knows)."""
    date = str(entry.get("deployDateTime") or "")
    begins = parse_time(date) if entry.get("approvalStatus") == "approved" else None
    return date if begins and begins > datetime.now(UTC).replace(tzinfo=None) else ""


# --- enrollment ------------------------------------------------------------------------------------------------------


def write_notification_templates(path: str, live: Object, want: Object) -> list[Request]:
    """Live's ids of the kinds that are wanted, and none for those to be made; any other id is refused (400)."""
    there = dict(templates_of(live))
    named = {kind.lower(): one for one in live.get("notificationTemplates") or () for kind in [one.partition("_")[0]]}
    wanted = [named[kind] if kind in there else f"{kind}_{ZERO_GUID}" for kind, _ in templates_of(want)]
    return [Request(path, "PATCH", {**pick(want, "@odata.type"), "notificationTemplates": wanted})]


def write_notification_messages(path: str, live: Object, want: Object) -> list[Request]:
    """To the templates that the tenant's own policy has by now; a kind that it is yet to have follows."""
    there = index_by(live.get(MESSAGES), "kind")
    calls: list[Request] = []
    for wanted in want.get(MESSAGES) or ():
        if wanted.get("kind") in there:
            calls += _template_requests(there[wanted["kind"]], wanted)
    return calls


def _template_requests(there: Object, wanted: Object) -> list[Request]:
    path = paths.join("/deviceManagement/notificationMessageTemplates", there["id"])
    calls = write_messages(path, there, wanted)
    # Only that of an e-mail was seen to be changed (its PATCH, after the messages).
    now, then = (one_spelling("flags", one.get("brandingOptions") or "none") for one in (there, wanted))
    if wanted.get("brandingOptions") and now != then:
        calls.append(Request(path, "PATCH", pick(wanted, "brandingOptions")))
    return calls


def write_enrollment_order(path: str, live: Object, want: Object) -> list[Request]:
    """Only policies of enrollment have an order (Microsoft's model: reorder, priorityMetaData, 1 to 500)."""
    wanted = (want.get("priorityMetaData") or {}).get("priority")
    return [post(f"{path}/reorder", {"priority": wanted})] if wanted and is_of_enrollment(want) else []


def write_default_profile(path: str, live: Object, want: Object) -> list[Request]:
    """Of the token that the tenant's policy is under. What is a default stays it until another one becomes it."""
    token, policy = token_of(live), path.rpartition("/")[2]
    profiles = paths.join("/deviceManagement/depOnboardingSettings", token, "enrollmentProfiles")
    made = post(paths.join(profiles, f"{token}_{policy}", "setDefaultProfile"), {})
    return [made] if token and want.get(IS_DEFAULT) else []


def write_apple_default_profile(path: str, live: Object, want: Object) -> list[Request]:
    return [post(f"{path}/setDefaultProfile", {})] if want.get("isDefault") else []
