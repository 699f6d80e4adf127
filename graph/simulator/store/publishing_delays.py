"""The delay between making an object and being able to use it: apps are published, and other services hear of it
later.

Flags: `publishing_delay_s` of store apps ("PublishingState is not 'Published'"; Micke-K/IntuneManagement waits for it),
`propagation_delay_s` of whatever a body names ("1040: NamedLocation with id … does not exist in the directory.",
KelvinTegelaar/CIPP#4655).
"""

from time import time
from typing import TYPE_CHECKING, Any

from graph.simulator.model.collections import CA, DAM
from graph.simulator.model.replies import bad_request

if TYPE_CHECKING:
    from graph.simulator.store.state import Object, Tenant

APPS, LOCATIONS = f"{DAM}/mobileApps", f"{CA}/namedLocations"


def _is_young(tenant: "Tenant", collection: str, object_id: str, flag: str) -> bool:
    delay = float(tenant.flags.get(flag, 0))
    return bool(delay) and tenant.arrivals.get(f"{collection}/{object_id}", 0) > time() - delay


def as_read(tenant: "Tenant", collection: str, item: "Object") -> "Object":
    """Return the object as a read shows it."""
    is_waiting = collection == APPS and item.get("publishingState") == "published"
    if is_waiting and _is_young(tenant, collection, str(item["id"]), "publishing_delay_s"):
        return {**item, "publishingState": "processing"}
    return item


def refuse_unpublished(tenant: "Tenant", collection: str, item: "Object") -> None:
    if collection == APPS and as_read(tenant, collection, item).get("publishingState") == "processing":
        raise bad_request(
            f"The MobileApp entity {item['id']} cannot be assigned: PublishingState is not 'Published' (Processing)."
        )


def refuse_unheard(tenant: "Tenant", references: Any) -> None:
    """Raise Refused where a body names an object, as (collection, id), that other services have not heard of yet."""
    for collection, object_id in references:
        if _is_young(tenant, collection, object_id, "propagation_delay_s"):
            if collection == LOCATIONS:
                raise bad_request(f"1040: NamedLocation with id {object_id} does not exist in the directory.")
            raise bad_request(f"{collection.rpartition('/')[2]} with id {object_id} was not found.")
