"""Probes: small objects by which a store proves that it locks. It answers the lock, and refuses to delete them."""

import secrets
from datetime import timedelta

from actors.copies import layout
from actors.copies.stores.store import StillLocked, Store, StoreError, StoreRefused
from db.clock import utcnow

# Longer than clocks differ; so long nobody can delete the probe.
LOCKED_FOR = timedelta(minutes=15)
TEXT = b"Tenantkeep looks whether this store works."
TIME = "%Y%m%dT%H%M%SZ"


def prove_lock(store: Store) -> bool:
    """Tell whether the store locks what it is given, as it shows itself. Raises StoreError where it does not work."""
    name = f"{layout.PROBES}{utcnow():{TIME}}-{secrets.token_hex(4)}"
    store.put(name, TEXT)
    _require_the_same(store, name)
    store.delete(name)
    return store.can_lock and _is_locked(store, f"{name}-locked")


def _require_the_same(store: Store, name: str) -> None:
    if store.get(name) != TEXT:
        raise StoreError("The store does not give back what it was given.")


def _is_locked(store: Store, name: str) -> bool:
    until = utcnow().replace(microsecond=0) + LOCKED_FOR
    try:
        store.put(name, TEXT, until)
    except StoreRefused:
        return False
    locked_until = store.lock_of(name)
    if locked_until is None or locked_until < until:
        store.delete(name)
        return False
    try:
        store.delete(name)
    except StillLocked:
        return True
    # It said that it locks, and deleted all the same.
    return False


def is_young(name: str) -> bool:
    """Tell whether a probe of this name may still be locked."""
    return name.removeprefix(layout.PROBES) >= (utcnow() - LOCKED_FOR - timedelta(days=1)).strftime(TIME)
