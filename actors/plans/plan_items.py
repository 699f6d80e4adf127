"""Translates between a restore item's columns and what graph/ takes and gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from db.models import Content, RestoreItem
from db.policies import lost_bodies, snapshots
from db.sql.value_lists import batched
from db.states import WRITTEN_OUTCOMES, Outcome
from graph.display.masking import hide_live_secrets
from graph.policy_types.policy_type import PolicyType, policy_name
from graph.policy_types.table import POLICY_TYPES
from graph.restore import duration
from graph.restore.desired_content import desired_content
from graph.restore.options import RestoreOptions, writes_assignments
from graph.restore.plan_case import ItemPlan
from graph.restore.resolver import Resolution
from graph.restore.shortfalls import ShortfallCode
from graph.review.danger import Danger
from graph.review.dangers import find_dangers
from graph.write.write_requests import PolicyContent
from graph.write.write_rules import WRITE_RULES

# Sealed contents that are read together.
CONTENTS_AT_ONCE = 100
# What a plan makes anew, and with it what it brings back.
MADE_ANEW = (Outcome.CREATE, Outcome.RECREATE)
MADE = (*MADE_ANEW, Outcome.UNDELETE)


def resolutions(item: RestoreItem) -> list[Resolution]:
    """Return what stands for each thing that the item refers to; none before a preview."""
    return [Resolution(**resolution) for resolution in item.resolutions or ()]


def action_of(item: RestoreItem) -> Outcome:
    """Return what a live restore does with an item that it writes: what Microsoft did not bring back is made anew."""
    if item.action == Outcome.UNDELETE and item.undelete_refusal:
        return Outcome.RECREATE
    return Outcome(str(item.action))


def content_to_write(
    item: RestoreItem,
    options: RestoreOptions,
    created: Mapping[int, str] = MappingProxyType({}),
    read: Callable[[int], PolicyContent] = snapshots.read_content,
) -> PolicyContent:
    """Return what a live restore writes of an item that has a content. Raises SealError.

    `created`: restore item id -> Graph id, of what the item refers to and this restore has created by now.
    """
    backup = _own_content(item, read(item.content_id))
    left_out = item.left_out or ()
    live = read(item.live_content_id) if left_out and item.live_content_id else None
    return desired_content(
        POLICY_TYPES[item.policy_type],
        backup,
        options,
        resolutions(item),
        created,
        left_out=left_out,
        live=live,
        is_there=action_of(item) not in MADE_ANEW,
    )


def backup_content(item: RestoreItem) -> PolicyContent:
    """Return the item's content in the backup or the uploaded file. Raises SealError."""
    return _own_content(item, snapshots.read_content(item.content_id))


def _own_content(item: RestoreItem, document: PolicyContent) -> PolicyContent:
    return document if is_uploaded(item) else snapshots.with_own_id(document, item.graph_id)


def live_content(item: RestoreItem) -> PolicyContent | None:
    """Return the content that its preview found in the tenant, or None. Raises SealError."""
    return snapshots.read_content(item.live_content_id) if item.live_content_id else None


def is_uploaded(item: RestoreItem) -> bool:
    """Tell whether the content is from a file, or its snapshot is gone: neither a snapshot nor part of an undo."""
    return item.content_id is not None and item.snapshot_id is None and item.restore.undo_of_id is None


def comparable_live(item: RestoreItem, live: PolicyContent | None, want: PolicyContent) -> PolicyContent | None:
    """Return the live content in a form that somebody who may not see its secrets may compare with an uploaded item."""
    if live is None or not is_uploaded(item):
        return live
    return hide_live_secrets(live, want, WRITE_RULES[item.policy_type].create_only)


def with_assignments(action: str | None, options: RestoreOptions) -> bool:
    """Tell whether a live restore writes the assignments of an item with this action."""
    return writes_assignments(options, is_made=action in MADE_ANEW)


# The reason of an item whose content in the backup does not open.
DAMAGED = "damaged"
_LOST = "No copy had its content when this installation was recovered: nothing but its name is left of it here."
_SEALED = (
    "Its content in the backup does not open: its encryption key is missing, or it was changed in the database. Look "
    "for the key, capture the policy again while the tenant has it, or restore another snapshot of it."
)


def why_not_opened(content: Content) -> str:
    """Return a sentence for a content that has just been found not to open."""
    return _LOST if lost_bodies.is_lost(content) else _SEALED


class BackupContents(dict[RestoreItem, PolicyContent]):
    """Item -> its content in the backup, decrypted when it is first needed.

    One that does not open holds up nothing else: it is in `damaged`, with why, and has a content of its name alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.damaged: dict[RestoreItem, str] = {}

    def __missing__(self, item: RestoreItem) -> PolicyContent:
        self.load([item])
        return self[item]

    def load(self, items: Iterable[RestoreItem]) -> None:
        """Decrypt the contents of all these items, read in few statements."""
        for some in batched((item for item in items if item.content_id and item not in self), CONTENTS_AT_ONCE):
            rows = snapshots.contents_by_id(item.content_id for item in some)
            for item in some:
                self[item] = self._open(item, rows[item.content_id])

    def _open(self, item: RestoreItem, content: Content) -> PolicyContent:
        try:
            return _own_content(item, snapshots.open_content(content))
        except snapshots.NOT_OPENED:
            self.damaged[item] = why_not_opened(content)
            name = POLICY_TYPES[item.policy_type].name_property
            return {"body": {"id": item.graph_id, name: item.name}, "assignments": None}


def estimated_seconds(
    planned: Sequence[tuple[RestoreItem, Mapping[str, Any]]],
    contents: Mapping[RestoreItem, PolicyContent],
    options: Mapping[str, Any],
) -> int:
    """Return how long a live run of these plans takes, in whole seconds; 0 where it writes nothing.

    `options`: the restore's, as they are stored.
    """
    chosen = RestoreOptions(**options)
    return duration.seconds_for(
        duration.requests_of(
            POLICY_TYPES[item.policy_type],
            contents[item] if item.content_id else None,
            is_made=plan["action"] in MADE,
            with_assignments=writes_assignments(chosen, is_made=plan["action"] in MADE),
        )
        for item, plan in planned
        if plan["action"] in WRITTEN_OUTCOMES
    )


def plan_columns(plan: ItemPlan, resolutions: Iterable[Resolution] = ()) -> dict[str, Any]:
    """Return a plan as columns of RestoreItem."""
    return {
        "action": plan.action,
        "reason": plan.reason,
        "message": plan.message,
        "differences": plan.differences,
        "notes": list(plan.notes),
        "left_out": list(plan.left_out),
        "kept": None,
        "undelete_refusal": None,
        "resolutions": [asdict(resolution) for resolution in resolutions],
    }


def summary_columns(
    policy_type: PolicyType,
    backup: PolicyContent | None,
    plan: ItemPlan,
    desired: PolicyContent | None,
    live: PolicyContent | None,
    options: RestoreOptions,
) -> dict[str, Any]:
    """Return the columns that a person sees first: the item's name, and what it leaves weaker or is dangerous in it.

    The name is that of the content itself, or of what is removed, whatever anybody else calls it. Also a policy that
    is not written may have a shortfall: the options leave it weaker than the backup has it.
    """
    named = {"name": policy_name(policy_type, backup["body"])} if backup else {}
    shortfalls = [{"code": str(shortfall.code), "values": dict(shortfall.values)} for shortfall in plan.shortfalls]
    if plan.action not in WRITTEN_OUTCOMES:
        return {**named, "dangers": shortfalls}
    is_assigned = with_assignments(plan.action, options)
    found = find_dangers(policy_type, desired, live, with_assignments=is_assigned)
    dangers = [danger for danger in found if not _is_said(danger, {shortfall.code for shortfall in plan.shortfalls})]
    return {**named, "dangers": [*shortfalls, *map(_danger_entry, dangers)]}


# Danger -> the shortfalls that say the same.
_SAID_BY: Mapping[str, frozenset[ShortfallCode]] = {
    "weakens": frozenset(
        {
            ShortfallCode.ON_TO_REPORT_ONLY,
            ShortfallCode.ON_TO_OFF,
            ShortfallCode.CAPTURED_REPORT_ONLY,
            ShortfallCode.CAPTURED_OFF,
            ShortfallCode.REMOVED_ON,
        }
    ),
    "taken": frozenset({ShortfallCode.UNASSIGNED}),
}


def _is_said(danger: Danger, by: Set[ShortfallCode]) -> bool:
    return not by.isdisjoint(_SAID_BY.get(danger.code, frozenset()))


def _danger_entry(danger: Danger) -> dict[str, str]:
    return {"code": danger.code, "said": danger.sentence, **({"after": danger.after} if danger.after else {})}
