"""The claims that this process holds just now; the heartbeat thread keeps them alive."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from db.runs.claims import Claim

_held: dict[str, Claim] = {}
_lock = Lock()


@contextmanager
def holding(claim: Claim) -> Iterator[None]:
    with _lock:
        _held[claim.token] = claim
    try:
        yield
    finally:
        with _lock:
            del _held[claim.token]


def all_held() -> list[Claim]:
    with _lock:
        return list(_held.values())
