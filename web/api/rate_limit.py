"""The limit of requests that a token may make in a minute, counted in Redis for all web processes together."""

import time
from functools import cache

import redis
from flask import Response, after_this_request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

import config
from actors.queue import redis_clients
from actors.queue.broker import locks
from web.api.problems import ProblemError


def count(token_id: int) -> None:
    """Count a request of the token, and say in the headers what is left. Raises ProblemError (429) for one too many."""
    limit = RateLimitItemPerMinute(config.settings().api_requests_per_minute)
    is_allowed, left, seconds = _hit(limit, str(token_id))

    @after_this_request
    def say(response: Response) -> Response:
        response.headers["RateLimit-Limit"] = str(limit.amount)
        response.headers["RateLimit-Remaining"] = str(left)
        response.headers["RateLimit-Reset"] = str(seconds)
        return response

    if not is_allowed:
        raise ProblemError(429, headers={"Retry-After": str(seconds)})


def _hit(limit: RateLimitItemPerMinute, token_id: str) -> tuple[bool, int, int]:
    """Return whether this one is allowed, how many are left, and after how many seconds there are more."""
    try:
        return _ask(_redis_limiter(), limit, token_id)
    except (redis.RedisError, ValueError, TypeError):  # it is away: this process counts by itself
        return _ask(_process_limiter(), limit, token_id)


def _ask(
    limiter: SlidingWindowCounterRateLimiter, limit: RateLimitItemPerMinute, token_id: str
) -> tuple[bool, int, int]:
    is_allowed = limiter.hit(limit, "api", token_id)
    stats = limiter.get_window_stats(limit, "api", token_id)
    return is_allowed, max(stats.remaining, 0), max(1, min(60, round(stats.reset_time - time.time())))


@cache
def _redis_limiter() -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(
        RedisStorage("redis://", connection_pool=locks.connection_pool, key_prefix=redis_clients.key("api"))
    )


@cache
def _process_limiter() -> SlidingWindowCounterRateLimiter:
    return SlidingWindowCounterRateLimiter(MemoryStorage())
