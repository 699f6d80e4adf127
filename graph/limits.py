"""Graph's documented limits: how many requests, in how many seconds, for one app in one tenant.

learn.microsoft.com, Microsoft Graph throttling limits. Intune: 1,000 requests in 20 s per app and tenant, 100 of them
writes; Conditional Access: 1 a second per tenant, for all apps together, without a Retry-After. Parts of a $batch count
singly. What we send in a second and what arrives in one differ by the network: the windows here are a little longer
than documented.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

INTUNE = "intune"
INTUNE_WRITES = "intuneWrites"
CONDITIONAL_ACCESS = "conditionalAccess"
DIRECTORY = "directory"

# service -> (requests, seconds)
LIMITS: Mapping[str, tuple[int, float]] = {
    INTUNE: (1000, 21.0),
    INTUNE_WRITES: (100, 21.0),
    CONDITIONAL_ACCESS: (1, 1.1),
}
# How long to wait for a 429 that names no wait.
DEFAULT_WAIT: Mapping[str, float] = {INTUNE: 10.0, INTUNE_WRITES: 10.0, CONDITIONAL_ACCESS: 2.0, DIRECTORY: 10.0}


class Budget(Protocol):
    """What a tenant's clients share, wherever they run."""

    def take(self, counts: Mapping[str, int]) -> None:
        """Before sending so many requests per service. Raises Throttled when they must wait."""

    def refused(self, service: str, seconds: float) -> None:
        """Graph answered 429 all the same: nobody may send for so long."""


def service_of(path: str) -> str:
    lower = path.lower()
    if "/conditionalaccess/" in lower:
        return CONDITIONAL_ACCESS
    return INTUNE if "/device" in lower else DIRECTORY


def services_of(method: str, path: str) -> tuple[str, ...]:
    """Every limit that a request counts against; the narrowest last."""
    service = service_of(path)
    return (INTUNE, INTUNE_WRITES) if service == INTUNE and method != "GET" else (service,)


def batches(requests: Sequence[tuple[str, str]], size: int) -> Iterator[list[int]]:
    """The numbers of the requests (method, path) that go together, reads apart from writes.

    A service that allows one request a second gets each alone.
    """
    together: dict[bool, list[int]] = {True: [], False: []}
    for number, (method, path) in enumerate(requests):
        if LIMITS.get(service_of(path), (size, 0))[0] < size:
            yield [number]
            continue
        same = together[method == "GET"]
        same.append(number)
        if len(same) == size:
            yield same.copy()
            same.clear()
    yield from (same for same in together.values() if same)
