"""What a live restore itself has made a moment ago: who uses it may be refused for a while, and is no failure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from actors.plans import plan_items
from db.clock import utcnow
from db.models import RestoreItem, Run
from db.recovery import write_log
from db.restores import restore_items
from graph.write.readiness import patience_seconds


@dataclass(frozen=True)
class Made:
    """By this restore: the item itself, or what it refers to."""

    graph_id: str
    name: str
    at: datetime
    policy_type: str

    @property
    def is_young(self) -> bool:
        return utcnow() < self.at + timedelta(seconds=patience_seconds(self.policy_type))


def made_for(item: RestoreItem, run: Run, own_id: str | None) -> list[Made]:
    """The item itself, if it was made, and what of it was made in this run. `own_id`: as far as this message knows."""
    found = [_made(one, run.started_at) for one in _needed(item) if one.created_id]
    if own_id:
        # A later run that goes on with it has patience of its own.
        own = _made(item, run.started_at, own_id)
        found.append(Made(own_id, own.name, max(own.at, run.started_at), own.policy_type))
    return [one for one in found if one.at >= run.started_at]


def _needed(item: RestoreItem) -> list[RestoreItem]:
    return restore_items.items_by_ids([one.item for one in plan_items.resolutions(item) if one.item])


def _made(item: RestoreItem, otherwise: datetime, graph_id: str | None = None) -> Made:
    creates = [
        one for one in write_log.writes_by_item([item.id])[item.id] if one.known_ids is not None and one.answered_at
    ]
    at = creates[-1].answered_at if creates else otherwise
    return Made(str(graph_id or item.created_id), item.name, at, item.policy_type)
