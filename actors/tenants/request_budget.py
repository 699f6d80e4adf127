"""Graph's limits, shared by every worker: what was sent to a tenant's service in the last seconds, kept in Redis.

Nobody sleeps here: whoever may not send yet is told for how long, and its message waits. Why the window slides:
docs/decisions/0008-sliding-request-budget.md.
"""

import uuid
from collections.abc import Mapping

import redis

from actors.process import counters
from actors.queue import redis_clients
from graph.errors import Throttled, Unavailable
from graph.transport.rate_limits import LIMITS

PREFIX = redis_clients.key("budget:")

# Nobody is told to wait longer than this, whatever is in Redis.
LONGEST_WAIT_MS = 3_600_000

# Somebody else may have put anything into Redis. What is no log, no count or not in the past does not count, and goes.
# Each service: its log of what was sent (time -> count in the member's name) and its block after a 429. All of them are
# asked before any is written: a batch goes as a whole or not at all.
TAKE = f"""
local function count_of(entry) return tonumber(string.match(entry, '^(%d%d?%d?%d?):')) or 0 end
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local wait, waits_for = 0, 0
local function wait_for(milliseconds, i)
  if milliseconds > wait then wait, waits_for = milliseconds, i end
end
for i = 1, #KEYS / 2 do
  local log, block = KEYS[2 * i - 1], KEYS[2 * i]
  local count, limit, window = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  wait_for(redis.call('PTTL', block), i)
  if redis.call('TYPE', log).ok ~= 'zset' then redis.call('DEL', log) end
  redis.call('ZREMRANGEBYSCORE', log, '-inf', now - window)
  redis.call('ZREMRANGEBYSCORE', log, '(' .. now, '+inf')
  local entries = redis.call('ZRANGE', log, 0, -1, 'WITHSCORES')
  local sent = 0
  for e = 1, #entries, 2 do sent = sent + count_of(entries[e]) end
  local over = sent + count - limit
  for e = 1, #entries, 2 do
    if over <= 0 then break end
    over = over - count_of(entries[e])
    wait_for(tonumber(entries[e + 1]) + window - now + 1, i)
  end
end
if wait > 0 then return {{math.min(wait, {LONGEST_WAIT_MS}), waits_for}} end
for i = 1, #KEYS / 2 do
  redis.call('ZADD', KEYS[2 * i - 1], now, ARGV[3 * i - 1] .. ':' .. ARGV[1])
  redis.call('PEXPIRE', KEYS[2 * i - 1], ARGV[3 * i + 1])
end
return {{0, 0}}
"""


class TenantBudget:
    """One tenant's budget, for graph.transport.rate_limits."""

    def __init__(self, client: redis.Redis, directory_id: str) -> None:
        self._client, self._directory_id = client, directory_id
        self._take = client.register_script(TAKE)

    def take(self, counts: Mapping[str, int]) -> None:
        """Take requests from the budget of each service. `counts`: service -> number of requests.

        Raises Throttled with the time to wait, and Unavailable when Redis cannot be asked.
        """
        keys: list[str] = []
        services = [service for service in counts if service in LIMITS]
        arguments: list[str | int] = [uuid.uuid4().hex]
        for service in services:
            limit, seconds = LIMITS[service]
            keys += [self._key("log", service), self._key("block", service)]
            arguments += [counts[service], limit, int(seconds * 1000)]
        if not keys:
            return
        try:
            milliseconds, waits_for = map(int, self._take(keys=keys, args=arguments))
        except redis.RedisError as e:
            raise Unavailable(
                "budget_unavailable", "Redis does not answer, and with it the shared request budget."
            ) from e
        if milliseconds > 0:
            refusal = Throttled("budget", "Graph's documented limit of requests is used up for now.")
            refusal.retry_after = milliseconds / 1000
            counters.count("budget_wait_seconds", services[waits_for - 1], amount=milliseconds / 1000)
            raise refusal

    def refused(self, service: str, seconds: float) -> None:
        try:
            self._client.set(self._key("block", service), 1, px=max(1, int(seconds * 1000)))
        except redis.RedisError as e:
            raise Unavailable(
                "budget_unavailable", "Redis does not answer, and with it the shared request budget."
            ) from e

    def _key(self, what: str, service: str) -> str:
        return f"{PREFIX}{what}:{self._directory_id}:{service}"
