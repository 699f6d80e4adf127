"""Looks at stores of copies: which are due, and who has them. One worker at a time looks after a store.

Whoever asks for something makes the next look due, and never touches the claim of the one that is under way.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import has_come, utcnow
from db.database import Condition
from db.models import CopyStore

# What a worker left that died is found by then. Whatever may take longer at a slow store keeps the claim meanwhile.
CLAIM = timedelta(hours=2)
# No look is due later, and no claim ends later: a clock that was set back since wrote what does.
LONGEST_PAUSE = timedelta(hours=3)
# Column -> the condition that somebody wishes what it notes.
WISHES = {
    "is_check_asked": CopyStore.is_check_asked,
    "is_verify_asked": CopyStore.is_verify_asked,
    "state_at": CopyStore.state_at.is_null(),
    "snapshots_to": CopyStore.snapshots_to.is_null(),
}


class LookLost(Exception):
    """Another worker looks after this store by now, or it was removed. Stop."""


def due(now: datetime) -> list[CopyStore]:
    """Return the stores that are to be looked after now, and that nobody looks after."""
    is_due = has_come(CopyStore.tend_at, now, LONGEST_PAUSE) & _is_free(now)
    return list(CopyStore.select().where(CopyStore.is_active & is_due).order_by(CopyStore.tend_at))


def claim(store: CopyStore) -> bool:
    """Claim a store as it was read, for a message to it. Return False when somebody else was quicker."""
    now, token = utcnow(), secrets.token_hex(16)
    is_as_read = (CopyStore.id == store.id) & _is_unasked(store)
    claimed = CopyStore.update(claimed_by=token, claimed_until=now + CLAIM).where(is_as_read & _is_free(now)).execute()
    if claimed:
        store.claimed_by = token
    return bool(claimed)


def begin(store_id: int, token: str) -> CopyStore | None:
    """Return the store whose look begins, or is begun anew where its worker died; None where the claim is over."""
    begun = CopyStore.update(claimed_until=utcnow() + CLAIM).where(_is_held(store_id, token)).execute()
    return CopyStore.get_or_none(_is_held(store_id, token)) if begun else None


def keep(store: CopyStore) -> None:
    """Keep the claim for longer. Raises LookLost."""
    kept = CopyStore.update(claimed_until=utcnow() + CLAIM).where(_is_held(store.id, store.claimed_by))
    if not kept.execute():
        raise LookLost


def fulfil(store: CopyStore, **done: Any) -> None:
    """Note what was wished for, and was done. A wish that was uttered since the look began is left for the next."""
    for column, value in done.items():
        is_old = ~WISHES[column] | _is_unasked(store)
        CopyStore.update({column: value}).where((CopyStore.id == store.id) & is_old).execute()
        setattr(store, column, value)


def end(store: CopyStore, pause: timedelta) -> None:
    """Give the store back. The next look comes after the pause, or now, where somebody asked since this one began."""
    next_at = pw.Case(None, [(_is_unasked(store), utcnow() + pause)], CopyStore.tend_at)
    given_back = CopyStore.update(claimed_by=None, claimed_until=None, tend_at=next_at)
    given_back.where(_is_held(store.id, store.claimed_by)).execute()


def _is_free(now: datetime) -> Condition:
    return CopyStore.claimed_until.is_null() | has_come(CopyStore.claimed_until, now, LONGEST_PAUSE)


def _is_held(store_id: int, token: str | None) -> Condition:
    return (CopyStore.id == store_id) & (CopyStore.claimed_by == (token or ""))


def _is_unasked(store: CopyStore) -> Condition:
    """Return the condition that nobody asked for anything since the row was read."""
    return CopyStore.tend_at == store.tend_at
