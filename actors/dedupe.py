"""The fast guard of "one active run per key": a Redis lock from enqueue until the run ends, its value the run's id.

The truth is the database's partial unique index. The lock spares the queue a second message, and tells who holds the
key; with Redis flushed, or this file deleted, two active runs of one key are still impossible.
"""

from collections.abc import Callable
from typing import Any

import redis
from dramatiq.middleware import Middleware, MiddlewareError, SkipMessage

from db import runs

QUEUED_MS = 6 * 3_600_000
# Renewed with every heartbeat. What a message leaves that failed while the database was away tells for so long that
# the run's message is there still.
RUNNING_MS = 30_000
PREFIX = "tenantkeep:run-lock:"

# Take the key, or keep it when it is ours already (a delayed or repeated message of the same run); answers the owner.
ACQUIRE = """
local owner = redis.call('get', KEYS[1])
if owner and owner ~= ARGV[1] then return owner end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class DuplicateRun(MiddlewareError):
    """Another run holds the key. Only a MiddlewareError vetoes an enqueue; Dramatiq swallows any other."""

    def __init__(self, key: str, owner: int) -> None:
        super().__init__(f"{key} is held by run {owner}")
        self.key, self.owner = key, owner


class LockUnavailable(MiddlewareError):
    """Redis did not answer. Vetoes the enqueue, which would fail as well; the run stays queued."""


class Dedupe(Middleware):
    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._acquire, self._renew, self._release = (
            client.register_script(script) for script in (ACQUIRE, RENEW, RELEASE)
        )

    def acquire(self, key: str, run_id: int, milliseconds: int) -> int:
        """Take or keep the lock; answers the id of the run that has it now."""
        try:
            return int(self._acquire(keys=[PREFIX + key], args=[run_id, milliseconds]))
        except redis.RedisError as e:
            raise LockUnavailable(str(e)) from e

    def renew(self, key: str, run_id: int) -> None:
        self._renew(keys=[PREFIX + key], args=[run_id, RUNNING_MS])

    def release(self, key: str, run_id: int) -> None:
        self._release(keys=[PREFIX + key], args=[run_id])

    def is_locked(self, key: str) -> bool:
        return bool(self._client.exists(PREFIX + key))

    def release_ended(self) -> None:
        """Locks of runs that ended without a message of theirs: with their last part, or while Redis was away."""
        keys = [key.decode() for key in self._client.scan_iter(f"{PREFIX}*", count=1000)]
        owners = {
            key: int(owner) for key, owner in zip(keys, self._client.mget(keys) if keys else (), strict=True) if owner
        }
        ended = set(owners.values()) - runs.active_among(owners.values())
        for key, owner in owners.items():
            if owner in ended:
                self.release(key.removeprefix(PREFIX), owner)

    def before_enqueue(self, broker: Any, message: Any, delay: int | None) -> None:
        self._take(message, QUEUED_MS + (delay or 0), DuplicateRun)

    def before_process_message(self, broker: Any, message: Any) -> None:
        self._take(message, RUNNING_MS, lambda key, owner: SkipMessage(f"{key} is held by run {owner}"))

    def _take(self, message: Any, milliseconds: int, refusal: Callable[[str, int], MiddlewareError]) -> None:
        key, run_id = _lock_of(message)
        if key is None:
            return
        owner = self.acquire(key, run_id, milliseconds)
        if owner != run_id and not runs.is_active(owner):
            # A run that ended while Redis was away left its lock behind.
            self.release(key, owner)
            owner = self.acquire(key, run_id, milliseconds)
        if owner != run_id:
            raise refusal(key, owner)

    def after_process_message(
        self, broker: Any, message: Any, *, result: object = None, exception: object = None
    ) -> None:
        self._release_if_ended(message)

    def after_skip_message(self, broker: Any, message: Any) -> None:
        self._release_if_ended(message)

    def after_nack(self, broker: Any, message: Any) -> None:
        self._release_if_ended(message)

    # Never in after_ack: a delayed message is acked when it moves to its queue, long before its run ends.

    def _release_if_ended(self, message: Any) -> None:
        key, run_id = _lock_of(message)
        if key is not None and not runs.is_active(run_id):
            self.release(key, run_id)


def _lock_of(message: Any) -> tuple[str | None, int]:
    return message.options.get("dedupe_key"), message.args[0] if message.args else 0
