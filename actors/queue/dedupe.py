"""The quick guard of one active run per key: a Redis lock from enqueue until the run ends, its value the run's id.

What guarantees it is an index in the database: docs/decisions/0004-one-active-run-per-key.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from dramatiq.middleware import Middleware, MiddlewareError, SkipMessage

from actors.queue import redis_clients
from db.runs import runs

QUEUED_MS = 6 * 3_600_000
# Renewed with every heartbeat. A message that failed while the database was away leaves its lock for so long; until
# then the run counts as having a message.
RUNNING_MS = 30_000
LOCKS_PER_SCAN = 1000
PREFIX = redis_clients.key("run-lock:")
# Beside each lock, and deleted with it: the run's id, and the queue and id of its last message.
PLACE_PREFIX = redis_clients.key("run-message:")

# Somebody else may have written anything into Redis. A value that is no run's id is nobody's lock, and is overwritten.
_OWNER = """
local function owner_of(key)
  if redis.call('type', key).ok ~= 'string' then return false end
  return string.match(redis.call('get', key), '^%d%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?$') or false
end
"""
# Take the key, or keep it when this run has it (a delayed or repeated message); answers the owner.
ACQUIRE = f"""{_OWNER}
local owner = owner_of(KEYS[1])
if owner and owner ~= ARGV[1] then return owner end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
if ARGV[3] ~= '' then redis.call('set', KEYS[2], ARGV[1] .. ' ' .. ARGV[3], 'PX', ARGV[2]) end
return ARGV[1]
"""
RENEW = f"{_OWNER} if owner_of(KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
RELEASE = f"{_OWNER} if owner_of(KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1], KEYS[2]) end return 0"
_NUMBER = re.compile(rb"[0-9]{1,18}")
_PLACE = re.compile(r"([0-9]{1,18}) (\S+) (\S+)", re.ASCII)


@dataclass(frozen=True)
class MessagePlace:
    """The queue that a run's last message was put into, and its id there."""

    queue: str
    message: str


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

    def acquire(self, key: str, run_id: int, milliseconds: int, place: MessagePlace | None = None) -> int:
        """Take or keep the lock; return the id of the run that has it now. Raises LockUnavailable."""
        where = f"{place.queue} {place.message}" if place else ""
        try:
            return int(self._acquire(keys=[PREFIX + key, PLACE_PREFIX + key], args=[run_id, milliseconds, where]))
        except redis.RedisError as e:
            raise LockUnavailable(str(e)) from e

    def renew(self, key: str, run_id: int) -> None:
        self._renew(keys=[PREFIX + key], args=[run_id, RUNNING_MS])

    def release(self, key: str, run_id: int) -> None:
        self._release(keys=[PREFIX + key, PLACE_PREFIX + key], args=[run_id])

    def places(self, keys: Mapping[int, str]) -> dict[int, MessagePlace]:
        """Return {run id: place of its last message} for the runs that Redis knows. `keys`: {run id: dedupe key}."""
        values: Any = self._client.mget([PLACE_PREFIX + key for key in keys.values()]) if keys else []
        matches = {
            run_id: _PLACE.fullmatch((value or b"").decode("utf-8", "replace"))
            for run_id, value in zip(keys, values, strict=True)
        }
        return {
            run_id: MessagePlace(match[2], match[3])
            for run_id, match in matches.items()
            if match and int(match[1]) == run_id
        }

    def release_ended(self) -> None:
        """Release the locks of runs that ended without a message: with their last child, or while Redis was away."""
        cursor = None
        while cursor != 0:
            cursor, keys = self._client.scan(cursor or 0, f"{PREFIX}*", LOCKS_PER_SCAN)
            self._release_ended_of(keys)

    def _release_ended_of(self, keys: Sequence[Any]) -> None:
        values: Any = self._client.mget(keys) if keys else ()
        numbers = {
            key: int(value) for key, value in zip(keys, values, strict=True) if value and _NUMBER.fullmatch(value)
        }
        owners = {key.decode("utf-8", "replace"): owner for key, owner in numbers.items()}
        ended = set(owners.values()) - runs.active_ids(owners.values())
        for key, owner in owners.items():
            if owner in ended:
                self.release(key.removeprefix(PREFIX), owner)

    def before_enqueue(self, broker: Any, message: Any, delay: int | None) -> None:
        place = MessagePlace(message.queue_name, message.options["redis_message_id"])
        self._take(message, QUEUED_MS + (delay or 0), DuplicateRun, place)

    def before_process_message(self, broker: Any, message: Any) -> None:
        self._take(message, RUNNING_MS, lambda key, owner: SkipMessage(f"{key} is held by run {owner}"))

    def _take(
        self,
        message: Any,
        milliseconds: int,
        refusal: Callable[[str, int], MiddlewareError],
        place: MessagePlace | None = None,
    ) -> None:
        key, run_id = _lock_of(message)
        if key is None:
            return
        owner = self.acquire(key, run_id, milliseconds, place)
        if owner != run_id and not runs.is_active(owner):
            # A run that ended while Redis was away left its lock behind.
            self.release(key, owner)
            owner = self.acquire(key, run_id, milliseconds, place)
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
