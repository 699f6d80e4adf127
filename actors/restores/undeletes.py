"""Objects that were to come back from Microsoft's bins: what became of them, and whether a policy may be on."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import config
from actors.plans import plan_items
from actors.restores.live_contents import LiveContents
from db.clock import utcnow
from db.database import database
from db.models import RestoreItem, RunItem, Tenant, Write
from db.recovery import write_log
from db.restores import restore_items
from db.runs import run_items
from db.runs.claims import Claim
from db.states import POSSIBLY_APPLIED, UNRESOLVED_WRITES, Outcome, WriteState
from db.tenants import bin_refusals
from graph.restore.executor import UndeleteRefused
from graph.restore.shortfalls import ACCESS, ON, WATCHED
from graph.write.write_requests import PolicyContent

FORBIDDEN = 403
# Reason of a run item.
REFUSED = "undelete_refused"
MADE_ANEW = "Microsoft did not bring it back: {} A new one was made, with another id."
NOT_BACK = "Microsoft did not bring it back: {} Nothing was written."
_ON = {
    "disabled": "It was brought back, and is possibly ON: the plan wanted it off. Look at it in Entra now.",
    WATCHED: "It was brought back, and is possibly ON: the plan wanted it in report-only. Look at it in Entra now.",
}


def comes_back(item: RestoreItem) -> bool:
    return plan_items.action_of(item) == Outcome.UNDELETE


def note_refusal(claim: Claim, row: RunItem, item: RestoreItem, error: UndeleteRefused) -> bool:
    """Record that Microsoft did not bring an item back. Return whether a new one is to be made, as its plan says.

    A new one is made as the plan wants it: it is not possibly on.
    """
    if not item.kept["may_recreate"]:
        return False
    with database.atomic():
        restore_items.record_undelete_refusal(item, error.sentence)
        run_items.set_item_reason(claim, row, None)
    return True


def remember_refusals(tenant: Tenant, refused: Mapping[str, UndeleteRefused]) -> None:
    """Remember by policy type that the tenant lets nobody of ours bring anything back."""
    for policy_type, error in refused.items():
        if error.status == FORBIDDEN:
            bin_refusals.remember(tenant, policy_type, error.sentence)


def is_patience_over(writes: Sequence[Write]) -> bool:
    """Tell whether what was asked to come back should have been seen by now."""
    sent = [write.answered_at or write.sent_at for write in writes if write.state in POSSIBLY_APPLIED]
    return bool(sent) and utcnow() - sent[0] > timedelta(seconds=config.settings().settle_seconds)


def settle_as_not_made(writes: Sequence[Write]) -> None:
    """Note of requests without an answer that they brought nothing back: the bin still has it."""
    for write in writes:
        if write.state in UNRESOLVED_WRITES:
            write_log.settle(write, WriteState.NOT_FOUND)


def may_be_on(item: RestoreItem, contents: LiveContents, live: PolicyContent | None) -> bool:
    """Tell whether a policy that has come back may be on against the plan. `live`: as it was read last, if it was.

    Until it is read nobody knows: Microsoft says nowhere in which state one comes back.
    """
    if item.policy_type != ACCESS or not comes_back(item) or contents.wanted_state(item) == ON:
        return False
    return live is None or bool(live["body"].get("state") == ON)


def note_possibly_on(
    claim: Claim, rows: Mapping[int, RunItem], items: Sequence[RestoreItem], contents: LiveContents
) -> None:
    """Note which of the items may be on from the moment they are back: whoever ends the run before that is settled, a
    person or a death, says so (db/runs/completion.py).
    """
    for item in items:
        if may_be_on(item, contents, None) and rows[item.id].reason != run_items.POSSIBLY_ON:
            run_items.set_item_reason(claim, rows[item.id], run_items.POSSIBLY_ON)


def on_sentence(item: RestoreItem, contents: LiveContents, why: str | None) -> str:
    sentence = _ON.get(str(contents.wanted_state(item)), _ON["disabled"])
    return f"{sentence} {why or ''}".strip()
