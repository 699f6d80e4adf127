"""The public recovery keys that a store is sealed to, as somebody gives them."""

from collections.abc import Sequence

from actors.copies import sealing
from actors.copies.stores.store import StoreRefused
from db.errors import Invalid

MOST = 10


def checked_recipients(keys: Sequence[str]) -> list[str]:
    """Return the keys, each once. Raises Invalid for what is no public key of age, and for a secret one above all."""
    # As whoever makes one writes it; in capitals it would be another text, and the same key.
    found = list(dict.fromkeys(key.strip().lower() for key in keys))
    if any(key.upper().startswith("AGE-SECRET-KEY") for key in found):
        raise Invalid(
            "That is the recovery key itself, which never comes here. Make a new one, and give only its public half, "
            "which begins with age1."
        )
    if len(found) > MOST:
        raise Invalid(f"A store is sealed to at most {MOST} recovery keys.")
    try:
        sealing.read_recipients(found)
    except StoreRefused as e:
        raise Invalid(e.sentence) from e
    return found
