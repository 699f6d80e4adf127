"""Throttling by the documented limits, faults on demand, and the count of what was asked."""

import re
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import Lock
from typing import Any

from graph.simulator.answers import Reply, error
from graph.simulator.state import Tenant

# learn.microsoft.com, Throttling limits: requests per seconds, per app and tenant.
INTUNE = (1000, 20.0)
CONDITIONAL_ACCESS = (1, 1.0)


class Throttle:
    """Sliding windows per tenant and service; only for tenants whose `throttle` flag is set."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[float]] = {}
        self._lock = Lock()
        self._refused = 0

    def refuse(self, tenant: Tenant, path: str) -> Reply | None:
        if not tenant.flags.get("throttle"):
            return None
        is_ca = "conditionalaccess" in path.lower()
        limit, seconds = CONDITIONAL_ACCESS if is_ca else INTUNE
        now = time.monotonic()
        with self._lock:
            seen = self._seen.setdefault((tenant.directory_id, "ca" if is_ca else "intune"), deque())
            while seen and seen[0] <= now - seconds:
                seen.popleft()
            if len(seen) < limit:
                seen.append(now)
                return None
            self._refused += 1
            return self._reply(is_ca, seen[0] + seconds - now)

    def _reply(self, is_ca: bool, wait: float) -> Reply:
        """Conditional Access names no wait; Intune a whole number, a fraction, a date, or now and then nothing."""
        waits = [str(int(wait) + 1), f"{wait:.3f}", formatdate(time.time() + wait + 1, usegmt=True), ""]
        named = "" if is_ca else waits[self._refused % 4]
        headers = {"Retry_After": named} if named else {}
        return error(429, "TooManyRequests", "Please retry again later.", **headers)


@dataclass
class Fault:
    """`kind`: status, reset, truncate, delay, drop_part. It strikes `times` times."""

    kind: str
    times: int = 1
    tenant: str = ""
    path: str = ""
    status: int = 503
    retry_after: str = ""
    body: dict[str, Any] | None = None
    seconds: float = 1.0

    def reply(self) -> Reply:
        made = error(self.status, "ServiceUnavailable", "The service is unavailable.")
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

    def strike(self, tenant_id: str, path: str, kinds: set[str]) -> Fault | None:
        with self._lock:
            for fault in self._pending:
                fits = fault.kind in kinds and fault.times > 0 and fault.tenant in {"", tenant_id}
                if fits and re.search(fault.path, path, re.IGNORECASE):
                    fault.times -= 1
                    return fault
        return None


@dataclass
class Counts:
    """Graph requests as its limits count them (each part of a $batch is one), HTTP calls, writes, tokens, and 429s."""

    graph: Counter[str] = field(default_factory=Counter)
    http: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    recent: deque[str] = field(default_factory=lambda: deque(maxlen=2000))

    def request(self, tenant_id: str, method: str, path: str) -> None:
        (self.graph if method == "GET" else self.writes)[tenant_id] += 1
        self.recent.append(f"{method} {path}")

    def as_json(self) -> dict[str, Any]:
        names = ("graph", "http", "writes", "tokens", "throttled")
        per_tenant = {
            tenant: {name: getattr(self, name)[tenant] for name in names}
            for tenant in {*self.graph, *self.http, *self.writes, *self.tokens}
        }
        totals = {name: sum(getattr(self, name).values()) for name in names}
        return {**totals, "tenants": per_tenant, "recent": list(self.recent)}
