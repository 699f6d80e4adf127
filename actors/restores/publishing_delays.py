"""Objects that a live restore created a moment ago: Graph may refuse to use one for a while, which is no failure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from actors.plans import plan_items
from db.clock import utcnow
from db.models import RestoreItem, Run
from db.recovery import write_log
from db.restores import restore_items
from graph.write.readiness import patience_seconds


@dataclass(frozen=True)
class CreatedObject:
    """An object that this restore created: the item itself, or what it refers to."""

    graph_id: str
    name: str
    at: datetime
    policy_type: str

    @property
    def is_young(self) -> bool:
        return utcnow() < self.at + timedelta(seconds=patience_seconds(self.policy_type))


def created_by_run(item: RestoreItem, run: Run, own_id: str | None) -> list[CreatedObject]:
    """Return what this run created of the item itself and of what it refers to.

    `own_id`: the item's own id, if this message knows that it was created.
    """
    created_objects = [_created_object(needed, run.started_at) for needed in _needed_items(item) if needed.created_id]
    if own_id:
        # A later run that goes on with the item waits anew.
        own = _created_object(item, run.started_at, own_id)
        created_objects.append(CreatedObject(own_id, own.name, max(own.at, run.started_at), own.policy_type))
    return [created for created in created_objects if created.at >= run.started_at]


def _needed_items(item: RestoreItem) -> list[RestoreItem]:
    return restore_items.items_by_ids([resolution.item for resolution in plan_items.resolutions(item)])


def _created_object(item: RestoreItem, default_at: datetime, graph_id: str | None = None) -> CreatedObject:
    writes = write_log.writes_by_item([item.id])[item.id]
    is_made = [write.known_ids is not None or write.path.endswith("/restore") for write in writes]
    creates = [write for write, makes in zip(writes, is_made, strict=True) if makes and write.answered_at]
    at = creates[-1].answered_at if creates else default_at
    return CreatedObject(str(graph_id or item.created_id), item.name, at, item.policy_type)
