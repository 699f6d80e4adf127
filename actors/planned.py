"""What the plan of an item holds, as graph/ takes it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from db import snapshots
from db.models import RestoreItem
from db.states import Outcome
from graph.planning import Options, Plan, wanted
from graph.policy_types import POLICY_TYPES
from graph.resolving import Resolution
from graph.writing import Content


def resolutions(item: RestoreItem) -> list[Resolution]:
    """What stands for each thing that it refers to; none before a preview."""
    return [Resolution(**one) for one in item.resolutions or ()]


def content(item: RestoreItem, options: Options, created: Mapping[int, str] = MappingProxyType({})) -> Content:
    """What a live restore writes of an item that has a content. Raises SealError.

    `created`: restore item -> Graph id, of what the item refers to and this restore has made by now.
    """
    backup = snapshots.document(item.content_id)
    left_out = item.left_out or ()
    live = snapshots.document(item.live_content_id) if left_out and item.live_content_id else None
    return wanted(
        POLICY_TYPES[item.policy_type],
        backup,
        options,
        resolutions(item),
        created,
        left_out=left_out,
        live=live,
        is_there=item.action not in (Outcome.CREATE, Outcome.RECREATE),
    )


class Contents(dict[RestoreItem, Content]):
    """What the items hold, each opened when it is first needed."""

    def __missing__(self, item: RestoreItem) -> Content:
        self[item] = snapshots.document(item.content_id)
        return self[item]


def as_columns(plan: Plan) -> dict[str, Any]:
    """As an item keeps it."""
    return {
        "action": plan.action,
        "reason": plan.reason,
        "message": plan.message,
        "differences": plan.differences,
        "notes": list(plan.notes),
    }
