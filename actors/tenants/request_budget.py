"""Graph's limits, shared by every worker: what was sent to a tenant's service in the last seconds, kept in Redis.

Nobody sleeps here: whoever may not send yet is told for how long, and its message waits. Why the window slides:
docs/decisions/0008-sliding-request-budget.md.
"""

import uuid
from collections.abc import Mapping
from contextlib import suppress

import redis

from actors.process import counters
from actors.queue import redis_clients
from graph.errors import Throttled, Unavailable
from graph.transport.rate_limits import AFTER_AN_ANSWER, LIMITS, NEVER_IN_A_BATCH

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
# What was answered counts until so long after its answer. ARGV: the member's name; then for each key its count, its
# window, how much less than that it counts from now on (ms), and whether it may count for longer than it did, too.
ANSWERED = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
for i = 1, #KEYS do
  local count, window, less, longer = ARGV[4 * i - 2], ARGV[4 * i - 1], tonumber(ARGV[4 * i]), ARGV[4 * i + 1]
  local score = redis.call('TYPE', KEYS[i]).ok == 'zset' and redis.call('ZSCORE', KEYS[i], count .. ':' .. ARGV[1])
  if score and (longer == '1' or tonumber(score) > now - less) then
    redis.call('ZADD', KEYS[i], now - less, count .. ':' .. ARGV[1])
    redis.call('PEXPIRE', KEYS[i], window)
  end
end
"""


class TenantBudget:
    """One tenant's budget, for graph.transport.rate_limits."""

    def __init__(self, client: redis.Redis, directory_id: str) -> None:
        self._client, self._directory_id = client, directory_id
        self._take = client.register_script(TAKE)
        self._answered = client.register_script(ANSWERED)

    def take(self, counts: Mapping[str, int]) -> str:
        """Take requests from the budget of each service. `counts`: service -> number of requests.

        Return what `answered` is told. Raises Throttled with the time to wait, and Unavailable when Redis does not
        answer.
        """
        name = uuid.uuid4().hex
        services = [service for service in counts if service in LIMITS]
        milliseconds, waits_for = self._try_to_take(name, {service: counts[service] for service in services})
        if milliseconds > 0:
            refusal = Throttled("budget", "Graph's documented limit of requests is used up for now.")
            refusal.retry_after = milliseconds / 1000
            counters.count("budget_wait_seconds", services[waits_for - 1], amount=milliseconds / 1000)
            raise refusal
        return name

    def _try_to_take(self, name: str, counts: Mapping[str, int]) -> tuple[int, int]:
        """Return (0, 0) once taken; else how long to wait (ms), and the place of the service that is waited for."""
        keys: list[str] = []
        arguments: list[str | int] = [name]
        for service, count in counts.items():
            limit, seconds = LIMITS[service]
            keys += [self._key("log", service), self._key("block", service)]
            arguments += [count, limit, int(seconds * 1000)]
        if not keys:
            return 0, 0
        try:
            milliseconds, waits_for = map(int, self._take(keys=keys, args=arguments))
        except redis.RedisError as e:
            raise Unavailable(
                "budget_unavailable", "Redis does not answer, and with it the shared request budget."
            ) from e
        return milliseconds, waits_for

    def answered(self, taken: str, counts: Mapping[str, int]) -> None:
        """Let what was answered count from its answer. If Redis cannot be told, it counts for as long as it did."""
        services = [service for service in counts if service in AFTER_AN_ANSWER and service in LIMITS]
        arguments: list[str | int] = [taken]
        for service in services:
            window = LIMITS[service][1]
            less = max(0, int((window - AFTER_AN_ANSWER[service]) * 1000))
            arguments += [counts[service], int(window * 1000), less, int(service in NEVER_IN_A_BATCH)]
        if services:
            with suppress(redis.RedisError):
                self._answered(keys=[self._key("log", service) for service in services], args=arguments)

    def refused(self, service: str, seconds: float) -> None:
        try:
            self._client.set(self._key("block", service), 1, px=max(1, int(seconds * 1000)))
        except redis.RedisError as e:
            raise Unavailable(
                "budget_unavailable", "Redis does not answer, and with it the shared request budget."
            ) from e

    def _key(self, what: str, service: str) -> str:
        return f"{PREFIX}{what}:{self._directory_id}:{service}"
