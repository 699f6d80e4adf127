"""Calls that write: the tenant, the place and the body of each."""

import copy
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from graph.microsoft.model import Route
from graph.simulator.model.collections import Collection
from graph.simulator.model.replies import Refused, not_found
from graph.simulator.model.write_rules import WriteRules
from graph.simulator.store.known_properties import KnownProperties
from graph.simulator.store.state import Object, Tenant


@dataclass(frozen=True)
class Call:
    """A call that writes: POST, PATCH, PUT or DELETE, with the tenant and the rules of its place."""

    tenant: Tenant
    learned: KnownProperties
    rules: WriteRules
    method: str
    # What follows the collection in the path: id, child, …
    rest: list[str]
    body: Object
    # What Microsoft's routes say of it; None below what only types tell.
    route: Route | None = None

    @property
    def collection(self) -> Collection:
        return self.rules.collection

    @property
    def path(self) -> str:
        return self.rules.path

    def item(self) -> Object:
        """The object itself. Never to be changed: see `draft`."""
        found = self.tenant.held(self.path, self.rest[0])
        if found is None:
            raise Refused(not_found(self.rest[0]))
        return found

    def draft(self) -> Object:
        return copy.deepcopy(self.item())

    def keep(self, item: Object) -> Object:
        """Put the changed object, with the marks that the service sets at each change."""
        for name in self.rules.times:
            if name != "createdDateTime":
                item[name] = now()
        return self.tenant.put(self.path, item)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def guid() -> str:
    return str(uuid.uuid4())


def objects(value: Any) -> list[Object]:
    """The objects of a list in a body, whatever was sent."""
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []
