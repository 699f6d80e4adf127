"""Links: which policy of a tenant an item of its standard is. They are mappings; here is what is still to be confirmed.

What somebody has to say first waits in the item's cell, with the policies that it may be.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from db.clock import utcnow
from db.database import lock_rows
from db.models import StandardAdoption, StandardCell
from db.sql import upserts
from db.sql.value_lists import is_in
from db.states import CellState

# [graph id, name]
Candidates = list[list[str]]
MOST_CANDIDATES = 20


@dataclass(frozen=True)
class UnsureItem:
    """An item that may be one of several policies, or one that somebody has to look at first. `why`: a sentence."""

    policy_type: str
    name: str
    candidates: Candidates
    why: str


def candidates_of(adoption: StandardAdoption) -> dict[str, Candidates]:
    """Return item key -> the policies that it may be, of the items that nobody has confirmed."""
    waits = (StandardCell.adoption == adoption) & StandardCell.candidates.is_null(False)
    return dict(StandardCell.select(StandardCell.item_key, StandardCell.candidates).where(waits).tuples())


def save_unsure(adoption: StandardAdoption, unsure: Mapping[str, UnsureItem], settled: Collection[str] = ()) -> None:
    """In a transaction: have these items wait for somebody, and the settled ones no longer."""
    lock_rows(StandardAdoption, StandardAdoption.id == adoption.id)
    known = candidates_of(adoption)
    rows = [
        {
            "adoption": adoption.id,
            "item_key": key,
            "policy_type": item.policy_type,
            "name": item.name[:1000],
            "state": CellState.UNSURE,
            "candidates": item.candidates[:MOST_CANDIDATES],
            "why": item.why[:500],
            "since_at": utcnow(),
        }
        for key, item in unsure.items()
        if known.get(key) != item.candidates[:MOST_CANDIDATES]
    ]
    renewed = (StandardCell.state, StandardCell.candidates, StandardCell.why, StandardCell.since_at)
    upserts.insert_or_update(StandardCell, (StandardCell.adoption, StandardCell.item_key), rows, renewed)
    settle(adoption, [key for key in settled if key in known])


def settle(adoption: StandardAdoption, item_keys: Collection[str]) -> None:
    """In a transaction: somebody has said what these items are, or nothing is there any longer that they may be."""
    if item_keys:
        are_its = (StandardCell.adoption == adoption) & is_in(StandardCell.item_key, item_keys)
        lock_rows(StandardCell, are_its)
        StandardCell.update(candidates=None).where(are_its).execute()
