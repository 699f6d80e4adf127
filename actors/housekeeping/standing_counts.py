"""Counts of tenants by standing: made by the scheduler now and then, and remembered in Redis for `/metrics`.

Of ten thousand tenants that takes a second, which no page that is asked for every few seconds may take.
"""

import json
import time
from collections import Counter

from actors.process.counters import PREFIX
from actors.queue.broker import locks
from db.clock import utcnow
from db.states import Standing
from db.tenants import backup_health

KEY = f"{PREFIX}standings"
SHORTEST_PAUSE = 30.0
# Counting takes at most this part of the scheduler's time.
SHARE = 0.01
FORGOTTEN_SECONDS = 900

_next_at = 0.0


def count_if_due() -> None:
    """Count anew, if the last time is long enough ago. Raises RedisError."""
    global _next_at
    began = time.monotonic()
    if began < _next_at:
        return
    healths = backup_health.health_of_tenants(None, utcnow())
    counts = dict.fromkeys(map(str, Standing), 0) | Counter(str(health.standing) for health in healths)
    locks.set(KEY, json.dumps(counts), ex=FORGOTTEN_SECONDS)
    _next_at = time.monotonic() + max(SHORTEST_PAUSE, (time.monotonic() - began) / SHARE)


def recall() -> dict[str, int]:
    """Return standing -> tenants, as counted last; nothing where no scheduler has for long. Raises RedisError."""
    try:
        counts = json.loads(locks.get(KEY) or "{}")
    except ValueError:
        return {}
    known = {str(standing) for standing in Standing}
    return {key: count for key, count in counts.items() if key in known and isinstance(count, int)}
