"""What the plan of an item holds, as graph/ takes it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from db.models import RestoreItem
from db.policies import snapshots
from db.states import WRITTEN_OUTCOMES, Outcome
from graph.display.masking import as_told
from graph.policy_types.policy_type import PolicyType, policy_name
from graph.policy_types.table import POLICY_TYPES
from graph.restore.desired_content import desired_content
from graph.restore.options import LEAVE, RestoreOptions
from graph.restore.planner import ItemPlan
from graph.restore.resolver import Resolution
from graph.review.dangers import find_dangers
from graph.write.write_requests import PolicyContent
from graph.write.write_rules import WRITE_RULES


def resolutions(item: RestoreItem) -> list[Resolution]:
    """What stands for each thing that it refers to; none before a preview."""
    return [Resolution(**one) for one in item.resolutions or ()]


def content(
    item: RestoreItem, options: RestoreOptions, created: Mapping[int, str] = MappingProxyType({})
) -> PolicyContent:
    """What a live restore writes of an item that has a content. Raises SealError.

    `created`: restore item -> Graph id, of what the item refers to and this restore has made by now.
    """
    backup = held(item)
    left_out = item.left_out or ()
    live = there(item) if left_out else None
    return desired_content(
        POLICY_TYPES[item.policy_type],
        backup,
        options,
        resolutions(item),
        created,
        left_out=left_out,
        live=live,
        is_there=item.action not in (Outcome.CREATE, Outcome.RECREATE),
    )


def held(item: RestoreItem) -> PolicyContent:
    """What the backup, or the file, has of it. Raises SealError."""
    found = snapshots.read_content(item.content_id)
    return found if is_uploaded(item) else snapshots.with_own_id(found, item.graph_id)


def there(item: RestoreItem) -> PolicyContent | None:
    """What its preview found in the tenant; None: nothing. Raises SealError."""
    return snapshots.read_content(item.live_content_id) if item.live_content_id else None


def is_uploaded(item: RestoreItem) -> bool:
    """Its content is a file's, or was ours once and is no more: neither a snapshot nor what an undo writes back."""
    return item.content_id is not None and item.snapshot_id is None and item.restore.undo_of_id is None


def seen(item: RestoreItem, live: PolicyContent | None, want: PolicyContent) -> PolicyContent | None:
    """What is there, as who may not see its secrets may compare it with what the item would write."""
    if live is None or not is_uploaded(item):
        return live
    return as_told(live, want, WRITE_RULES[item.policy_type].fixed)


class Contents(dict[RestoreItem, PolicyContent]):
    """What the items hold, each opened when it is first needed."""

    def __missing__(self, item: RestoreItem) -> PolicyContent:
        self[item] = held(item)
        return self[item]


def as_columns(plan: ItemPlan, resolutions: Iterable[Resolution] = ()) -> dict[str, Any]:
    """As an item keeps it."""
    return {
        "action": plan.action,
        "reason": plan.reason,
        "message": plan.message,
        "differences": plan.differences,
        "notes": list(plan.notes),
        "left_out": list(plan.left_out),
        "resolutions": [asdict(one) for one in resolutions],
    }


def told(
    policy_type: PolicyType,
    held: PolicyContent | None,
    plan: ItemPlan,
    want: PolicyContent | None,
    live: PolicyContent | None,
    options: RestoreOptions,
) -> dict[str, Any]:
    """What a person is told of it first, as an item keeps it: what it is called, by what the item holds or by what is
    removed, whatever anybody else says; and what is dangerous.
    """
    is_written = plan.action in WRITTEN_OUTCOMES
    found = find_dangers(policy_type, want, live, with_assignments=options.assignments != LEAVE) if is_written else []
    named = {"name": policy_name(policy_type, held["body"])} if held else {}
    return {**named, "dangers": [{"code": danger.code, "said": danger.sentence} for danger in found]}
