"""Proof that the recovery key that somebody holds opens what a store has now, as a recovery would begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from actors.copies.stores.opening import open_store
from actors.recovering.source import CopySource, Unproved
from db.audit import audit
from db.audit.audit import Action, Actor
from db.copies import signer, stores
from db.errors import Invalid
from db.installation import import_file
from db.models import CopyStore

CONTENTS = 3


@dataclass(frozen=True)
class KeyProof:
    state_at: datetime
    # The number of the newest set that it opened, and how many contents of it; None and 0 where none is there yet.
    set_number: int | None
    contents: int


def prove(row: CopyStore, identities: Sequence[object], actor: Actor) -> KeyProof:
    """Open the newest state, the newest set and some of its contents. Raises Invalid, which says what does not open."""
    store = open_store(row.address, stores.open_credentials(row))
    try:
        source = CopySource(store, identities, signer.own_signer().public_key)
        state_at = _open_state(source)
        number, contents = _open_set(source)
    except Unproved as e:
        raise Invalid(str(e)) from e
    finally:
        store.close()
    audit.record(Action.RECOVERY_KEY_PROVED, actor, f"store of copies {row.name}", state_at=state_at.isoformat())
    return KeyProof(state_at, number, contents)


def _open_state(source: CopySource) -> datetime:
    states = source.states()
    if not states:
        raise Invalid("The store has no state yet: there is nothing to open. A worker pushes one each day.")
    at, name = states[0]
    with source.open_state(name) as lines:
        import_file.read_head(lines)
    return at


def _open_set(source: CopySource) -> tuple[int | None, int]:
    places = source.sets()
    if not places:
        return None, 0
    items = source.read_manifest(places[0])["items"][:CONTENTS]
    for item in items:
        source.read_content(item["content"], item["sha256"])
    return places[0].number, len(items)


def new_key() -> tuple[str, str]:
    """Return a new recovery key and its public half. Nothing of it is kept."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())
