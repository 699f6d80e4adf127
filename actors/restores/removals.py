"""Removals that are refused while something names what is removed: the same restore may be about to put that back."""

from datetime import timedelta
from enum import StrEnum

from actors.queue.run_actor import Wait
from db.clock import utcnow
from db.models import RestoreItem, Run
from db.policies import snapshots
from db.recovery import write_log
from db.restores import restore_items
from db.runs import run_items
from graph.content.normalise import canonical_json
from graph.errors import Forbidden, Rejected

# A named location is let go of a while after the last policy that named it was written: the removal is tried for a
# minute (deploymenttheory/terraform-provider-microsoft365).
LET_GO_AFTER = timedelta(seconds=60)
TRY_AGAIN_SECONDS = 5.0


class Hold(StrEnum):
    """A policy that names what is to be removed: still, and the run has yet to write it; or until just now."""

    STILL = "still"
    JUST_NOW = "just now"


def find_hold(item: RestoreItem, run: Run, error: Rejected) -> Hold | None:
    """Return what the refusal of a removal may come from, and passes by itself; None: nothing that is known."""
    if isinstance(error, Forbidden):
        return None
    if _is_named_by(item, [item_id for _, item_id in run_items.unsettled_restore_items(run)]):
        return Hold.STILL
    written = write_log.items_written_since(run, utcnow() - LET_GO_AFTER)
    return Hold.JUST_NOW if _is_named_by(item, written) else None


def wait_to_be_let_go(item: RestoreItem) -> Wait:
    return Wait(f"Waiting until Microsoft lets go of “{item.name}”, which a policy named until now.", TRY_AGAIN_SECONDS)


def _is_named_by(item: RestoreItem, item_ids: list[int]) -> bool:
    """Tell whether the policy of one of these items, as the preview saw it, names what the item removes."""
    named = str(item.target_id).casefold()
    others = restore_items.items_by_ids([item_id for item_id in item_ids if item_id != item.id])
    return any(_names(other.live_content_id, named) for other in others if other.live_content_id)


def _names(content_id: int, graph_id: str) -> bool:
    """Tell whether a content has the id in it. One that does not open costs its own policy, not what is removed."""
    try:
        return graph_id in canonical_json(snapshots.read_content(content_id)).casefold()
    except snapshots.NOT_OPENED:
        return False
