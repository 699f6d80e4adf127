"""Graph's documented rate limits: how many requests, in how many seconds, for one app in one tenant.

learn.microsoft.com, Microsoft Graph throttling limits. Intune: 1,000 requests in 20 s per app and tenant, 100 of them
writes; Conditional Access policies and named locations: 1 a second per tenant, for all apps together, without a
Retry-After. Authentication strengths and contexts are on no list: nobody outside Microsoft knows their limit, so they
are paced as slowly, but by themselves. The logs of who changed what have limits of their own: Intune's (throttling
limits, Intune auditing) 1,000 in 20 s, the directory's 5 in 10 s, both per app and tenant, and without a dependable
Retry-After (rknightion/graph2otel, docs/graph-api-gotchas.md). Parts of a $batch count singly. What we send in a second
and what arrives in one differ by the network: the windows here are a little longer than documented. What is answered
had arrived, however long it was on its way: from an answer on no margin for the network is needed (AFTER_AN_ANSWER).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

INTUNE = "intune"
INTUNE_WRITES = "intuneWrites"
INTUNE_DEFINITIONS = "intuneDefinitions"
CONDITIONAL_ACCESS = "conditionalAccess"
AUTHENTICATION = "authentication"
INTUNE_AUDIT = "intuneAudit"
DIRECTORY_AUDIT = "directoryAudit"
DIRECTORY = "directory"

# service -> (requests, seconds)
LIMITS: Mapping[str, tuple[int, float]] = {
    INTUNE: (1000, 21.0),
    INTUNE_WRITES: (100, 20.5),
    # Ours, and not Microsoft's: words for settings leave nine tenths of a tenant's limit to its backups.
    INTUNE_DEFINITIONS: (100, 21.0),
    # One at a time: after its answer (below), or after two seconds if there is none.
    CONDITIONAL_ACCESS: (1, 2.0),
    AUTHENTICATION: (1, 2.0),
    INTUNE_AUDIT: (1000, 21.0),
    DIRECTORY_AUDIT: (5, 10.5),
}
# service -> seconds after its answer from which a request counts no longer: as documented, and 0.05 s for clocks that
# do not run alike, of which one that is being set right gains 10 ms in 20 s (adjtimex(2): 500 ppm at most). Writes
# count no longer than by LIMITS, for a slow answer has slow writes behind it. What is asked for one by one always
# counts from its answer: on a busy host a request leaves later than it was counted. Only where the wait is felt, for
# it costs a word to Redis.
AFTER_AN_ANSWER: Mapping[str, float] = {
    INTUNE_WRITES: 20.05,
    CONDITIONAL_ACCESS: 1.05,
    AUTHENTICATION: 1.05,
    DIRECTORY_AUDIT: 10.05,
}
# Of Graph's answers, for what reckons how long something takes.
_USUAL_ANSWER_SECONDS = 0.2
# Seconds to wait after a 429 that names no wait.
DEFAULT_WAIT: Mapping[str, float] = {INTUNE: 10.0, INTUNE_WRITES: 10.0, INTUNE_DEFINITIONS: 10.0,
                                     CONDITIONAL_ACCESS: 2.0,
                                     AUTHENTICATION: 2.0, INTUNE_AUDIT: 10.0, DIRECTORY_AUDIT: 10.0,
                                     DIRECTORY: 10.0}  # fmt: skip
# A storm of 429s is what others met who sent the first two in a $batch (KelvinTegelaar/CIPP-API, its serial path per
# tenant). A page of a log is large, and comes by itself.
NEVER_IN_A_BATCH = frozenset({CONDITIONAL_ACCESS, AUTHENTICATION, INTUNE_AUDIT, DIRECTORY_AUDIT})
# The documented limit of Conditional Access names these, and nothing else below it.
_LIMITED = re.compile(r"/conditionalaccess/(policies|namedlocations)\b")
_DEFINITIONS = re.compile(
    r"/deviceManagement/(?:(?:(?:configuration|compliance|reusable|inventory)(?:Settings|Categories)|settingDefinitions)"
    r"\b|templates/)", re.IGNORECASE,
)  # fmt: skip
_LOGS = {"/devicemanagement/auditevents": INTUNE_AUDIT, "/auditlogs/directoryaudits": DIRECTORY_AUDIT}


class Budget(Protocol):
    """The request budget that all clients of a tenant share, wherever they run."""

    def take(self, counts: Mapping[str, int]) -> str:
        """Take {service: number of requests} before sending them, and return what `answered` is told of them.

        Raises Throttled when they must wait.
        """

    def answered(self, taken: str, counts: Mapping[str, int]) -> None:
        """Note that Graph has answered what was taken: all of it had arrived by now. Raises nothing."""

    def refused(self, service: str, seconds: float) -> None:
        """Let nobody send to the service for so long: Graph answered 429 all the same."""


class OutgoingRequest(Protocol):
    """A request: graph.transport.client.Request."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


@contextmanager
def within_budget(budget: Budget | None, requests: Sequence[OutgoingRequest]) -> Iterator[None]:
    """Take the requests from the budget before they are sent, and tell it when they are answered: if nothing is raised.

    Raises Throttled when they must wait.
    """
    counts = Counter(service for each in requests for service in services_of(each.method, each.path))
    taken = budget.take(counts) if budget else ""
    yield
    if budget:
        budget.answered(taken, counts)


def service_of(path: str) -> str:
    lower = path.lower()
    for log, service in _LOGS.items():
        if log in lower.partition("?")[0]:
            return service
    if "/conditionalaccess/" in lower:
        return CONDITIONAL_ACCESS if _LIMITED.search(lower) else AUTHENTICATION
    return INTUNE if "/device" in lower else DIRECTORY


def services_of(method: str, path: str) -> tuple[str, ...]:
    """Return every limit that a request counts against; the narrowest last."""
    service = service_of(path)
    if service == INTUNE and method != "GET":
        return (INTUNE, INTUNE_WRITES)
    return (INTUNE, INTUNE_DEFINITIONS) if service == INTUNE and _DEFINITIONS.search(path) else (service,)


def usual_pace(service: str) -> tuple[int, float]:
    """Return how many requests go in how many seconds where Graph answers as usual."""
    limit, seconds = LIMITS[service]
    return limit, min(seconds, AFTER_AN_ANSWER.get(service, seconds) + _USUAL_ANSWER_SECONDS)


def largest_batch(size: int) -> int:
    """Return `size`, or less where a limit lets less through at once: a $batch is let through as a whole."""
    return min(size, *(limit for service, (limit, _) in LIMITS.items() if service not in NEVER_IN_A_BATCH))


def batches(requests: Sequence[tuple[str, str]], size: int) -> Iterator[list[int]]:
    """Yield the numbers of the requests (method, path) that go into one $batch, reads apart from writes.

    Requests to a service that is never in a $batch go alone.
    """
    together: dict[bool, list[int]] = {True: [], False: []}
    for number, (method, path) in enumerate(requests):
        if service_of(path) in NEVER_IN_A_BATCH:
            yield [number]
            continue
        same = together[method == "GET"]
        same.append(number)
        if len(same) == size:
            yield same.copy()
            same.clear()
    yield from (same for same in together.values() if same)
