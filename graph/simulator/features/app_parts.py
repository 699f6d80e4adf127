"""The parts of an app beside its body: its categories, by $ref, and its relationships to other apps, all at once."""

from typing import Any

from graph.simulator.features.references import APPS, bound
from graph.simulator.model.collections import DAM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, bad_request, invalid, no_route, not_found
from graph.simulator.store.known_properties import bare
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import Call, objects

CATEGORIES = f"{DAM}/mobileAppCategories"
# Type -> what says its kind, and which kinds there are.
_KINDS = {
    "mobileAppDependency": ("dependencyType", ("detect", "autoInstall")),
    "mobileAppSupersedence": ("supersedenceType", ("update", "replace")),
}


def change_category(call: Call) -> Reply:
    """POST …/categories/$ref and DELETE …/categories/{id}/$ref; of the categories themselves there is only a GET."""
    rest = call.rest[2:]
    if rest[-1:] != ["$ref"] or len(rest) > 2 or (call.method, len(rest)) not in (("POST", 1), ("DELETE", 2)):
        raise Refused(no_route("/".join(call.rest)))
    item = call.draft()
    key = rest[0] if call.method == "DELETE" else bound(call.body.get("@odata.id"), "mobileAppCategories")
    there = [category for category in item.get("categories") or () if category["id"] != key]
    if call.method == "DELETE" and len(there) == len(item.get("categories") or ()):
        raise Refused(not_found(key))
    if call.method == "POST":
        held = call.tenant.held(CATEGORIES, key)
        if held is None:
            raise Refused(not_found(key))
        there.append({name: held.get(name) for name in ("id", "displayName", "lastModifiedDateTime")})
    call.keep({**item, "categories": there})
    return Reply(204)


def update_relationships(call: Call) -> None:
    """They replace all of the app's own. A cycle is refused, and what is no app of the tenant."""
    if set(call.body) != {"relationships"}:
        raise bad_request("The action takes 'relationships'.")
    item = call.draft()
    new_relationships = [
        _relationship(call, item, relationship) for relationship in objects(call.body["relationships"])
    ]
    if len({(relationship["targetId"], relationship["@odata.type"]) for relationship in new_relationships}) != len(
        new_relationships
    ):
        raise bad_request("The same relationship was given twice.")
    counts = {
        "dependentAppCount": sum(bare(relationship) == "mobileAppDependency" for relationship in new_relationships),
        "supersedingAppCount": sum(bare(relationship) == "mobileAppSupersedence" for relationship in new_relationships),
    }
    call.keep(
        {**item, "relationships": new_relationships, **{name: count for name, count in counts.items() if name in item}}
    )


def _relationship(call: Call, item: Object, body: Object) -> Object:
    name, kinds = _KINDS.get(bare(body), ("", ()))
    if not name or body.get(name) not in kinds:
        raise invalid("A relationship needs its @odata.type and kind.")
    unknown = sorted(set(body) - {"@odata.type", "targetId", name})
    if unknown:
        raise bad_request(f"Property {unknown[0]} of a relationship is read-only.")
    target = str(body.get("targetId"))
    if call.tenant.held(APPS, target) is None:
        raise bad_request(f"mobileApps with id {target} was not found.")
    if target == item["id"] or item["id"] in _reached(call.tenant, target):
        raise bad_request("Apps cannot depend on each other in a circle.")
    return {"@odata.type": body["@odata.type"], "id": f"{item['id']}_{target}", "targetId": target, name: body[name]}


def _reached(tenant: Tenant, app: str) -> set[str]:
    reached: set[str] = set()
    waiting = [app]
    while waiting:
        held = tenant.held(APPS, waiting.pop()) or {}
        new = {relationship["targetId"] for relationship in held.get("relationships") or ()} - reached
        reached |= new
        waiting += new
    return reached


def relationships(tenant: Tenant, item: Object) -> list[Object]:
    """Both directions, as the service answers: of others to this one, the target is the parent."""
    own = [
        _shown(tenant, relationship, relationship["targetId"], "child")
        for relationship in item.get("relationships") or ()
    ]
    theirs = [
        _shown(tenant, relationship, other["id"], "parent")
        for other in tenant.collections.get(APPS, {}).values()
        for relationship in other.get("relationships") or ()
        if relationship["targetId"] == item["id"]
    ]
    return [*own, *theirs]


def _shown(tenant: Tenant, one: Object, target: Any, kind: str) -> Object:
    held = tenant.held(APPS, str(target)) or {}
    return {**one, "targetId": target, "targetType": kind, "targetDisplayName": held.get("displayName"),
            "targetPublisher": held.get("publisher"), "targetDisplayVersion": None}  # fmt: skip
