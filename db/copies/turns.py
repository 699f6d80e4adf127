"""Turns at a store of copies: which of two installations with one name and one signing key it belongs to.

A recovered installation, an imported one and the one that they come from are such twins. Whoever took the last turn
there has the store. Each turn is on record here before the store is told of it: docs/decisions/0048-turns-at-stores.md.
"""

import secrets
from dataclasses import dataclass

from db.copies import stores
from db.models import CopyStore


@dataclass(frozen=True, order=True)
class Turn:
    """A turn. Of two that were taken at one moment, the one with the higher claim counts."""

    number: int
    claim: str


def turn_of(store: CopyStore | None) -> Turn | None:
    """Return the turn that this installation had at the store as the row was read; None: it is to take the next one."""
    return None if store is None or store.turn is None else Turn(store.turn, store.turn_claim or "")


def own_turn(store: CopyStore) -> Turn | None:
    """Return the same, read anew from the database."""
    return turn_of(CopyStore.get_or_none(CopyStore.id == store.id))


def take(store: CopyStore, after: int) -> Turn:
    """Record that this installation takes the turn after this one, and return it. The store is to be told then."""
    turn = Turn(after + 1, secrets.token_hex(16))
    stores.record(store, turn=turn.number, turn_claim=turn.claim)
    return turn


def overtaken_sentence(store: CopyStore) -> str:
    """Return what is told where a twin took a later turn."""
    return (
        f"Another installation with this one's name and keys took this store over on {store.overtaken_at:%Y-%m-%d} at "
        f"{store.overtaken_at:%H:%M} UTC: nothing is pushed or removed there from here. If that one is right, switch "
        "the store off here. If this one is, stop that one, and take the store back: tenantkeep copies take-back."
    )
