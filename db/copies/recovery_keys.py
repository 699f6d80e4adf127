"""Recovery keys: what stores are sealed to, who proved to have them, and their end. Only public halves are here."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import is_recent, utcnow
from db.database import database, lock_rows
from db.errors import Invalid
from db.models import CopyStore, RecoveryKey

# Retired ones too: who retires two a year has ten years.
MAX_KEYS = 20
PROVEN_FOR = timedelta(days=365)
# A text that is opened later is sealed anew: whoever opened it meant it to be about today.
CHALLENGE_IS_OPEN = timedelta(days=7)
BY_WORD, BY_KEY, BY_STORE = "word", "key", "store"
_NO_CHALLENGE = {"challenge": None, "challenge_hash": None, "challenged_at": None}


def add(name: str, recipient: str, actor: Actor) -> RecoveryKey:
    """Add a public key, which was looked at already. Raises Invalid."""
    with database.atomic():
        _lock_all()
        return _add(_checked_name(name), recipient, actor)


def register(recipients: Sequence[str], actor: Actor) -> None:
    """Add those that are not known yet. Raises Invalid for one that was retired. Call it in a transaction."""
    _lock_all()
    known = {key.recipient: key for key in all_keys()}
    for recipient in recipients:
        if recipient not in known:
            _add(free_name(), recipient, actor)
        elif known[recipient].retired_at is not None:
            raise Invalid(f"The recovery key “{known[recipient]}” was retired: nothing new is sealed to it.")


def adopt(store: CopyStore, actor: Actor) -> None:
    """Add keys of a store that are in no list yet: an installation of before there was one came here with them."""
    known = {key.recipient for key in all_keys()}
    missing = [recipient for recipient in store.recipients if recipient not in known]
    if missing:
        with database.atomic():
            register(missing, actor)


def _add(name: str, recipient: str, actor: Actor) -> RecoveryKey:
    keys = all_keys()
    for key in keys:
        if key.recipient == recipient:
            raise Invalid(f"That key is here already, as “{key}”.")
        if key.name.casefold() == name.casefold():
            raise Invalid(f"There is a recovery key “{name}” already.")
    if len(keys) >= MAX_KEYS:
        raise Invalid(f"There are {MAX_KEYS} recovery keys already.")
    key = RecoveryKey.create(name=name, recipient=recipient, created_by=actor.user_id)
    audit.record(Action.RECOVERY_KEY_ADDED, actor, _subject(key), recipient=recipient)
    return key


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise Invalid("Give the recovery key a name of at most 80 characters.")
    return name


def free_name() -> str:
    """Return a name that no key has."""
    taken = {key.name.casefold() for key in all_keys()}
    return next(name for n in range(len(taken) + 1) if (name := f"Recovery key {n + 1}").casefold() not in taken)


def _lock_all() -> None:
    lock_rows(RecoveryKey, RecoveryKey.id > 0)


def all_keys() -> list[RecoveryKey]:
    return list(RecoveryKey.select().order_by(RecoveryKey.id))


def usable() -> list[RecoveryKey]:
    """Return the keys that a new store may be sealed to."""
    return [key for key in all_keys() if key.retired_at is None]


def find_by_text(text: str) -> RecoveryKey:
    """Return the key of this name, number or public half. Raises Invalid."""
    given = text.strip().casefold()
    found = [key for key in all_keys() if given in {key.name.casefold(), str(key.id), key.recipient.casefold()}]
    if len(found) != 1:
        shown = text if len(text) <= 80 and not given.startswith("age-secret") else "…"
        raise Invalid(f"There is no recovery key “{shown}”. `tenantkeep recovery-key show` names them.")
    return found[0]


def stores_of(key: RecoveryKey) -> list[CopyStore]:
    """Return the stores that are sealed to the key now."""
    stores = CopyStore.select().order_by(CopyStore.name, CopyStore.id)
    return [store for store in stores if key.recipient in store.recipients]


# --- proofs -----------------------------------------------------------------------------------------------------------


def ask_for_proof(key: RecoveryKey, sealed: str, word: str, actor: Actor) -> None:
    """Keep a text that is sealed to the key, and of the word in it the hash alone. Raises Invalid for a retired key."""
    if key.retired_at is not None:
        raise Invalid(f"“{key}” was retired. Whoever has it needs to prove nothing any longer.")
    with database.atomic():
        columns = {"challenge": sealed, "challenge_hash": _hash(word), "challenged_at": utcnow()}
        RecoveryKey.update(columns).where(RecoveryKey.id == key.id).execute()
        audit.record(Action.RECOVERY_KEY_ASKED, actor, _subject(key))


def is_open(key: RecoveryKey, now: datetime) -> bool:
    """Tell whether a sealed text waits for its word."""
    return bool(key.challenge_hash and key.challenged_at and is_recent(key.challenged_at, CHALLENGE_IS_OPEN, now))


def answer(key: RecoveryKey, word: str, actor: Actor) -> None:
    """Note that somebody opened the sealed text: they know its word. It counts once. Raises Invalid."""
    if not is_open(key, utcnow()):
        raise Invalid("No sealed text waits for its word, or it waited too long. Have a new one made.")
    if not hmac.compare_digest(_hash(word), str(key.challenge_hash)):
        raise Invalid("That is not the word in the sealed text. Open the text that the page shows now.")
    with database.atomic():
        is_same = (RecoveryKey.id == key.id) & (RecoveryKey.challenge_hash == key.challenge_hash)
        if not RecoveryKey.update(_NO_CHALLENGE | {"proven_at": utcnow()}).where(is_same).execute():
            raise Invalid("Somebody had a new text made in the meantime. Open that one.")
        audit.record(Action.RECOVERY_KEY_HELD, actor, _subject(key), how=BY_WORD)


def note_held(recipients: Sequence[str], actor: Actor, how: str) -> list[RecoveryKey]:
    """Note that somebody has the keys of these public halves here; return those that are known, and not retired."""
    held = [key for key in usable() if key.recipient in recipients]
    with database.atomic():
        for key in held:
            RecoveryKey.update(_NO_CHALLENGE | {"proven_at": utcnow()}).where(RecoveryKey.id == key.id).execute()
            audit.record(Action.RECOVERY_KEY_HELD, actor, _subject(key), how=how)
    return held


def _hash(word: str) -> str:
    # As it is read aloud or typed: neither case, dashes nor spaces count.
    return hashlib.sha256("".join(filter(str.isalnum, word)).upper().encode()).hexdigest()


def is_proven(key: RecoveryKey, now: datetime) -> bool:
    """Tell whether somebody proved within a year that they have the key, and it is still used."""
    return key.retired_at is None and key.proven_at is not None and is_recent(key.proven_at, PROVEN_FOR, now)


def opens_surely(store: CopyStore, now: datetime) -> bool:
    """Tell whether somebody proved within a year that they have a key that the store is sealed to."""
    return any(key.recipient in store.recipients for key in all_keys() if is_proven(key, now))


def is_overdue(now: datetime) -> bool:
    """Tell whether keys are used by stores, and for a year none of them was made or proved."""
    used = {recipient for store in CopyStore.select().where(CopyStore.is_active) for recipient in store.recipients}
    keys = [key for key in usable() if key.recipient in used]
    return bool(keys) and all((key.proven_at or key.created_at) <= now - PROVEN_FOR for key in keys)


# --- the end ----------------------------------------------------------------------------------------------------------


def retire(key: RecoveryKey, actor: Actor) -> list[str]:
    """Seal nothing new to the key; return the names of its stores. Raises Invalid where no proven key is left.

    What is in a store already opens with it as before.
    """
    with database.atomic():
        _lock_all()
        key = RecoveryKey.get_by_id(key.id)
        if key.retired_at is not None:
            raise Invalid(f"“{key}” is retired already.")
        now, stores = utcnow(), stores_of(key)
        proven = {other.recipient for other in all_keys() if is_proven(other, now) and other.id != key.id}
        if key.proven_at is not None and not proven:
            raise Invalid(f"“{key}” is the last key that somebody proved within a year. Have another one proved first.")
        for store in stores:
            if not proven & set(store.recipients):
                raise Invalid(
                    f"“{store}” is sealed to no other key that somebody proved within a year. Have one of its other "
                    "keys proved first, or add another store with other keys and remove this one."
                )
        for store in stores:
            left = [recipient for recipient in store.recipients if recipient != key.recipient]
            CopyStore.update(recipients=left).where(CopyStore.id == store.id).execute()
        RecoveryKey.update(_NO_CHALLENGE | {"retired_at": now}).where(RecoveryKey.id == key.id).execute()
        names = [store.name for store in stores]
        audit.record(Action.RECOVERY_KEY_RETIRED, actor, _subject(key), recipient=key.recipient, stores=names)
    return names


def _subject(key: RecoveryKey) -> str:
    return f"recovery key {key.name}"
