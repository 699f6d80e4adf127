"""Proof that somebody still has a recovery key: it opens what a store has now, or a small sealed text."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actors.copies.stores.opening import open_store
from actors.recovering import state_choice
from actors.recovering.source import CopySource, Unproved
from db.audit import audit
from db.audit.audit import Action, Actor
from db.copies import recovery_keys, signer, stores
from db.copies.recovery_keys import BY_KEY, BY_STORE
from db.errors import Invalid
from db.installation import import_file
from db.models import CopyStore, RecoveryKey

CONTENTS = 3
# 80 bits: nobody guesses it.
WORD_BYTES = 10


@dataclass(frozen=True)
class KeyProof:
    state_at: datetime
    # The number of the newest set that it opened, and how many contents of it; None and 0 where none is there yet.
    set_number: int | None
    contents: int
    # What is newer, and no recovery takes: it is not what this installation pushed.
    not_taken: list[str]


def prove(row: CopyStore, identities: Sequence[object], actor: Actor) -> KeyProof:
    """Open the newest state, the newest set and some of its contents. Raises Invalid, which says what does not open."""
    if stores.is_git(row.address):
        raise Invalid(stores.NOT_FOR_RECOVERY)
    store = open_store(row.address, stores.open_credentials(row))
    try:
        source = CopySource(store, identities, signer.own_signer().public_key)
        state_at, others = _open_state(source)
        number, contents, other_sets = _open_set(source)
    except Unproved as e:
        raise Invalid(str(e)) from e
    finally:
        store.close()
    recovery_keys.adopt(row, actor)
    audit.record(Action.RECOVERY_KEY_PROVED, actor, f"store of copies {row.name}", state_at=state_at.isoformat())
    recovery_keys.note_held([key for key in public_halves(identities) if key in row.recipients], actor, BY_STORE)
    return KeyProof(state_at, number, contents, others + other_sets)


def _open_state(source: CopySource) -> tuple[datetime, list[str]]:
    """Return the time of the state that a recovery takes, and what it would not take before it."""
    with state_choice.open_chosen(source) as state:
        import_file.read_head(state.lines)
    return state.at, state.unproved + state.doubted


def _open_set(source: CopySource) -> tuple[int | None, int, list[str]]:
    """Open the newest set that a recovery takes. Return its number, how many contents, and what is not taken."""
    unproved = []
    for place in source.sets():
        try:
            items = source.read_manifest(place)["items"][:CONTENTS]
        except Unproved as e:
            unproved.append(str(e))
            continue
        for item in items:
            source.read_content(item["content"], {item["sha256"]})
        return place.number, len(items), unproved
    return None, 0, unproved


def new_key() -> tuple[str, str]:
    """Return a new recovery key and its public half. Nothing of it is kept."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def public_halves(identities: Sequence[Any]) -> list[str]:
    return [str(identity.to_public()) for identity in identities]


def ask_for_proof(key: RecoveryKey, actor: Actor) -> str:
    """Seal a new word to the key and return the sealed text, which `age -d` opens. Raises Invalid for a retired key."""
    import pyrage

    letters = base64.b32encode(secrets.token_bytes(WORD_BYTES)).decode()
    word = "-".join(letters[begin : begin + 4] for begin in range(0, len(letters), 4))
    text = f"You have this recovery key. Enter this word where Tenantkeep asks for it:\n{word}\n"
    recipient = pyrage.x25519.Recipient.from_str(key.recipient)
    sealed: str = pyrage.encrypt(text.encode(), [recipient], armored=True).decode()
    recovery_keys.ask_for_proof(key, sealed, word, actor)
    return sealed


def prove_held(key: RecoveryKey, identities: Sequence[object], actor: Actor) -> None:
    """Note that somebody has the key itself: its public half follows from it. Raises Invalid for another key."""
    if key.recipient not in public_halves(identities):
        raise Invalid(f"That is another key than “{key}”.")
    if not recovery_keys.note_held([key.recipient], actor, BY_KEY):
        raise Invalid(f"“{key}” was retired. Whoever has it needs to prove nothing any longer.")
