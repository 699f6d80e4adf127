"""Events of one of a tenant's own logs, both told in the same words. Names only: never a value."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

PERSON, APP, SERVICE, NOT_STATED = "person", "app", "service", "not_stated"

# What was done, whatever verb the log has for it.
CREATE, UPDATE, DELETE, ASSIGN, ACTION = "create", "update", "delete", "assign", "action"


@dataclass(frozen=True)
class StatedDoer:
    """The doer that an event states. One of a portal names a person and an app: then `kind` is the person's."""

    kind: str
    name: str | None = None
    id: str | None = None
    app_name: str | None = None
    app_id: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class ReadEvent:
    """`object_ids`: every id that it names, any of which may be a policy's. `properties`: the names of those that it
    says were changed; a hint, and often none.

    `policy_types`: the types that the object may be of, by the event's own words; () for an object of none.
    `is_twin`: another service's record of the same act (the directory's, of a Conditional Access policy).
    """

    event_id: str
    at: datetime
    activity: str
    operation: str
    is_success: bool
    doer: StatedDoer
    category: str | None
    correlation_id: str | None
    object_type: str | None
    object_name: str | None
    object_ids: tuple[str, ...]
    properties: tuple[str, ...]
    policy_types: tuple[str, ...] = ()
    is_twin: bool = False

    def facts(self) -> dict[str, Any]:
        """Return it as db.events.tenant_events.save takes it: columns by name, and what the matching goes by."""
        doer = self.doer
        columns = {key: value for key, value in asdict(self).items() if key != "doer"}
        return {
            **columns,
            "doer_kind": doer.kind,
            "doer_name": doer.name,
            "doer_id": doer.id,
            "app_name": doer.app_name,
            "app_id": doer.app_id,
            "address": doer.address,
        }
