"""Throttling by the documented limits, faults on demand, and the count of what was asked."""

import random
import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Lock
from typing import Any

from graph.simulator.model.replies import Reply, error
from graph.simulator.store.state import Tenant

# learn.microsoft.com, Throttling limits: requests per seconds, per app and tenant.
INTUNE = (1000, 20.0)
INTUNE_WRITES = (100, 20.0)
CONDITIONAL_ACCESS = (1, 1.0)
DIRECTORY_AUDITS = (5, 10.0)


def query_broker() -> Reply:
    """Throttling in other words: read from a live tenant, with no code and no Retry-After (rknightion/graph2otel)."""
    reply = error(
        500, "", "Rate limit reached because of too many requests to query broker. Please retry after sometime."
    )
    return Reply(500, {"error": {"message": (reply.body or {})["error"]["message"]}})


class Throttle:
    """Sliding windows per tenant and service, for tenants whose flag `throttle`, or `throttle_writes`, is set."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[float]] = {}
        self._lock = Lock()
        self._refused = 0

    def refuse(self, tenant: Tenant, path: str, is_write: bool) -> Reply | None:
        windows = _windows(path, is_write, only_writes=not tenant.flags.get("throttle"))
        if not windows or not (tenant.flags.get("throttle") or tenant.flags.get("throttle_writes")):
            return None
        now = time.monotonic()
        with self._lock:
            waits = [self._wait((tenant.directory_id, name), limit, now) for name, limit in windows]
            if not any(waits):
                for name, _ in windows:
                    self._seen[tenant.directory_id, name].append(now)
                return None
            self._refused += 1
            return self._reply("conditionalaccess" in path.lower(), is_write, max(waits))

    def _wait(self, key: tuple[str, str], limit: tuple[int, float], now: float) -> float:
        """Seconds until there is room; 0 when there is."""
        count, seconds = limit
        seen = self._seen.setdefault(key, deque())
        while seen and seen[0] <= now - seconds:
            seen.popleft()
        return 0.0 if len(seen) < count else seen[0] + seconds - now

    def _reply(self, is_ca: bool, is_write: bool, wait: float) -> Reply:
        """Conditional Access names no wait; Intune a whole number, a fraction, a date, or now and then nothing.

        Now and then Intune calls what is too much of reading a mishap of its own.
        """
        if not (is_ca or is_write) and self._refused % 5 == 0:
            return query_broker()
        waits = [str(int(wait) + 1), f"{wait:.3f}", formatdate(time.time() + wait + 1, usegmt=True), ""]
        named = "" if is_ca else waits[self._refused % 4]
        headers = {"Retry_After": named} if named else {}
        return error(429, "TooManyRequests", "Please retry again later.", **headers)


def _windows(path: str, is_write: bool, *, only_writes: bool) -> list[tuple[str, tuple[int, float]]]:
    """Return the windows that a request counts in. The directory's limits are too large to matter.

    One window holds Conditional Access policies and named locations: the documented limit names these. What else is
    below it has no documented limit; the simulator gives it as narrow a window of its own.
    """
    if only_writes and not is_write:
        return []
    if "conditionalaccess" in path.lower():
        is_named = re.search(r"conditionalaccess/(policies|namedlocations)\b", path.lower())
        return [("ca" if is_named else "authentication", CONDITIONAL_ACCESS)]
    if path.lower().startswith("auditlogs"):
        return [("reports", DIRECTORY_AUDITS)]
    if not path.lower().startswith("device"):
        return []
    writes = [("intune writes", INTUNE_WRITES)] if is_write else []
    return writes if only_writes else [("intune", INTUNE), *writes]


@dataclass
class Fault:
    """`kind`: status, query_broker, reset, truncate, delay, drop_part, lost, lost_before, malformed.

    It strikes `times` times.

    `lost`: the write is carried out, its answer is `status` (504 unless said), or with 0 a closed connection.
    """

    kind: str
    times: int = 1
    tenant: str = ""
    path: str = ""
    # Unless given: 504 for `lost`, 503 else.
    status: int | None = None
    retry_after: str = ""
    body: dict[str, Any] | None = None
    seconds: float = 1.0
    # Of `malformed`: a name of graph/simulator/faults/malformed.py.
    shape: str = ""

    def reply(self) -> Reply:
        if self.kind == "query_broker":
            return query_broker()
        made = error(503 if self.status is None else self.status, "ServiceUnavailable", "The service is unavailable.")
        if self.body is not None:
            made.body = self.body
        if self.retry_after:
            made.headers["Retry-After"] = self.retry_after
        return made


class Faults:
    def __init__(self) -> None:
        self._pending: list[Fault] = []
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._pending.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._pending.clear()

    def loss(self, tenant_id: str, path: str) -> "Loss | None":
        fault = self.match_request(tenant_id, path, {"lost", "lost_before"})
        if fault is None:
            return None
        status = 504 if fault.status is None else fault.status
        return Loss(status, is_before=fault.kind == "lost_before", retry_after=fault.retry_after)

    def match_request(self, tenant_id: str, path: str, kinds: set[str]) -> Fault | None:
        with self._lock:
            for fault in self._pending:
                fits = fault.kind in kinds and fault.times > 0 and fault.tenant in {"", tenant_id}
                if fits and re.search(fault.path, path, re.IGNORECASE):
                    fault.times -= 1
                    return fault
        return None


@dataclass(frozen=True)
class Loss:
    """A lost answer to a write. Status 0 is a closed connection; with `is_before`, nothing was carried out either."""

    status: int = 0
    is_before: bool = False
    retry_after: str = ""

    def reply(self) -> Reply:
        named = {"Retry_After": self.retry_after} if self.retry_after else {}
        return error(self.status, "UnknownError", "The answer to a change that may have been made was lost.", **named)


_LOSSES = (Loss(504), Loss(500), Loss(), Loss(is_before=True))


class RandomLoss:
    """The flag `lost_answers`: each write loses its answer with that probability, the same each time by its seed."""

    def __init__(self) -> None:
        self._dice: dict[tuple[str, int], random.Random] = {}
        self._lock = Lock()

    def forget(self, tenant: Tenant) -> None:
        """Throw from the beginning again: a tenant made anew, or a seed set anew."""
        with self._lock:
            for key in [key for key in self._dice if key[0] == tenant.directory_id]:
                del self._dice[key]

    def loss(self, tenant: Tenant) -> Loss | None:
        probability = float(tenant.flags.get("lost_answers", 0))
        if not probability:
            return None
        seed = int(tenant.flags.get("lost_answers_seed", 0))
        with self._lock:
            dice = self._dice.setdefault((tenant.directory_id, seed), random.Random(seed))
            return dice.choice(_LOSSES) if dice.random() < probability else None


@dataclass
class RequestCounts:
    """Graph requests as its limits count them (each part of a $batch is one), HTTP calls, writes, tokens, and 429s."""

    graph: Counter[str] = field(default_factory=Counter)
    http: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    # Tenant -> collection -> objects made by a write; what a test proves "nothing twice" with.
    created: dict[str, Counter[str]] = field(default_factory=dict)
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=2000))
    _lock: Lock = field(default_factory=Lock)

    def request(self, tenant_id: str, is_write: bool, line: str) -> None:
        with self._lock:
            (self.writes if is_write else self.graph)[tenant_id] += 1
            self.recent.append(line)

    def create(self, tenant_id: str, collection: str) -> None:
        with self._lock:
            self.created.setdefault(tenant_id, Counter())[collection] += 1

    def as_json(self) -> dict[str, Any]:
        names = ("graph", "http", "writes", "tokens", "throttled")
        per_tenant: dict[str, dict[str, Any]] = {
            tenant: {name: getattr(self, name)[tenant] for name in names} | {"created": self.created.get(tenant, {})}
            for tenant in {*self.graph, *self.http, *self.writes, *self.tokens}
        }
        totals = {name: sum(getattr(self, name).values()) for name in names}
        return {**totals, "tenants": per_tenant, "recent": list(self.recent)}
