"""Turns at a store, as it tells them: each is a signed note there, and whoever took the last one has the store.

What is not signed by this installation's key is no turn: who can only write to a store takes it from nobody. A note is
never written over, and its name has a word of chance: no two installations ever write the same one.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from actors.copies import layout, signed_notes, verifying
from actors.copies.stores.store import Store, StoreDamaged, StoreError, StoreRefused, as_file, checksum_of
from db.clock import utcnow
from db.copies import signer, stores, turns
from db.copies.turns import Turn
from db.models import CopyStore

# Of notes that nobody signed: somebody who fills the store with them is not to make each look last for hours.
MOST_FORGED = 20
NOT_TAKEN = "This installation is about to take the store over: a worker does it with the next look at it."
FLOODED = f"More than {MOST_FORGED} files in {layout.TURNS} are not what this installation signed. Delete them there."


@dataclass(frozen=True)
class Note:
    turn: Turn
    taken_at: datetime


def require_turn(row: CopyStore, store: Store) -> None:
    """Raises StoreRefused where a twin took the store over since we did. It asks the store for one list."""
    # The list first: a turn of our own is on record before it is there.
    told = _turns_in(store)
    # Where an admin asks for the next turn meanwhile, the one that we have holds until then.
    own = turns.own_turn(row) or turns.turn_of(row)
    if own is None:
        raise StoreError(NOT_TAKEN)
    later, _ = _newest_signed(store, [turn for turn in told if turn > own])
    if later is not None:
        raise _overtaken(row, later)


def hold_turn(row: CopyStore, store: Store) -> None:
    """Take a turn where we are to, or where ours did not arrive or is gone. Raises StoreError as `require_turn` does.

    Notes that nobody signed are told as damage.
    """
    told = _turns_in(store)
    own = turns.own_turn(row)
    newest, forged = _newest_signed(store, [turn for turn in told if own is None or turn >= own])
    for path in forged:
        stores.record_damage(row, f"{path} in the store is not what this installation signed. Delete it there.")
    last = newest.turn if newest else own
    if own is None and (last is None or last.claim != row.turn_claim):
        # Before the turn is taken: whoever is killed in between does it again.
        verifying.follow_another(row, store)
    if own is None or newest is None:
        _take(row, store, after=last.number if last else 0)
        # A twin may have taken one at the same moment.
        require_turn(row, store)
    elif newest.turn > own:
        raise _overtaken(row, newest)
    stores.record(row, overtaken_at=None)


def _overtaken(row: CopyStore, later: Note) -> StoreRefused:
    stores.record(row, overtaken_at=later.taken_at)
    return StoreRefused(turns.overtaken_sentence(row))


def _take(row: CopyStore, store: Store, after: int) -> None:
    turn = turns.take(row, after)
    path, note = layout.turn_path(turn), layout.turn_note(turn, utcnow())
    # The signature first: a note without one is nobody's.
    store.put(layout.signature_path(path), signer.own_signer().sign(path, checksum_of(as_file(note))))
    store.put(path, note)


def _turns_in(store: Store) -> list[Turn]:
    """Return the turns that have a note, signed or not; also those that a deletion only hides."""
    found = (layout.turn_in(name) for name in store.all_names(layout.TURNS))
    return [turn for turn in found if turn is not None]


def _newest_signed(store: Store, told: Iterable[Turn]) -> tuple[Note | None, list[str]]:
    """Return the last of these turns that we, or a twin, signed; and the names of later ones that nobody did."""
    public_key, forged = signer.own_signer().public_key, list[str]()
    for turn in sorted(told, reverse=True):
        note = _read_signed(store, turn, public_key)
        if note is not None:
            return note, forged
        if len(forged) == MOST_FORGED:
            raise StoreDamaged(FLOODED)
        forged.append(layout.turn_path(turn))
    return None, forged


def _read_signed(store: Store, turn: Turn, public_key: str) -> Note | None:
    data = signed_notes.read(store, layout.turn_path(turn), public_key)
    return None if data is None else Note(turn, datetime.fromisoformat(json.loads(data)["taken_at"]))
