"""What the plan of an item holds, as graph/ takes it."""

from collections.abc import Mapping
from types import MappingProxyType

from db import snapshots
from db.models import RestoreItem
from db.states import Outcome
from graph.planning import Options, wanted
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
    is_there = item.action not in (Outcome.CREATE, Outcome.RECREATE)
    return wanted(POLICY_TYPES[item.policy_type], backup, options, resolutions(item), created, is_there=is_there)
