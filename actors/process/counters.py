"""Counts of what happens in this process, for `/metrics`: added up in memory, and handed to Redis with each heartbeat.

Workers are many processes on many machines, and nobody asks them: web tells the sums of all. What a process counts is
handed over once, however often the answer to that is lost. A process that is killed loses what it counted since its
last heartbeat; a Redis that lost everything begins at nought again, as a counter may.
"""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from threading import Lock

import redis

import config

PREFIX = f"{config.redis_prefix()}:metrics:"
TOTALS = f"{PREFIX}totals"
# After this long a process that was not heard of hands nothing over again.
FORGOTTEN_SECONDS = 86_400

# name -> the upper ends of a histogram's buckets, in seconds. In Redis each bucket counts what is in it alone.
BUCKETS: Mapping[str, tuple[float, ...]] = {
    "run_seconds": (1, 5, 15, 60, 300, 900, 3600, 14400),
    "graph_call_seconds": (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
    "http_request_seconds": (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
}
SUM = "sum"

# A name, and the values of its labels; of a histogram also the bucket's end, or "sum".
Field = tuple[str, ...]

# A process's numbers rise: what was added by a call whose answer got lost is not added again.
_ADD = """
if tonumber(redis.call('GET', KEYS[2]) or '0') >= tonumber(ARGV[1]) then return 0 end
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('DEL', KEYS[1]) end
for i = 3, #ARGV, 2 do
  local before = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '0') or 0
  redis.call('HSET', KEYS[1], ARGV[i], string.format('%.17g', before + tonumber(ARGV[i + 1])))
end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
return 1
"""

_lock = Lock()
_amounts: dict[Field, float] = {}
# Handed over next; kept until Redis has said that it has them.
_under_way: dict[Field, float] = {}
_number = 0
_flushing = Lock()
_process = secrets.token_hex(8)


def count(name: str, *labels: str, amount: float = 1) -> None:
    """Add to a counter. Costs a microsecond, and never fails."""
    with _lock:
        _amounts[name, *labels] = _amounts.get((name, *labels), 0) + amount


def observe(name: str, seconds: float, *labels: str) -> None:
    """Add to a histogram of BUCKETS."""
    end = next((f"{end:g}" for end in BUCKETS[name] if seconds <= end), "+Inf")
    with _lock:
        for field, amount in (((name, *labels, end), 1.0), ((name, *labels, SUM), seconds)):
            _amounts[field] = _amounts.get(field, 0) + amount


def flush(client: redis.Redis) -> None:
    """Hand what was counted to Redis. Raises RedisError; then the next call hands it over."""
    global _number
    with _flushing:
        with _lock:
            if not _under_way and _amounts:
                _under_way.update(_amounts)
                _amounts.clear()
                _number += 1
        if _under_way:
            arguments = [part for field, amount in _under_way.items() for part in (json.dumps(field), repr(amount))]
            keys = (TOTALS, f"{PREFIX}handed-over:{_process}")
            client.eval(_ADD, len(keys), *keys, str(_number), str(FORGOTTEN_SECONDS), *arguments)
            _under_way.clear()


def totals(client: redis.Redis) -> dict[Field, float]:
    """Return what all processes have handed over. Raises RedisError. What is no count of ours is left out."""
    found: dict[Field, float] = {}
    for name, amount in _pairs(client.hgetall(TOTALS)):
        try:
            field = json.loads(name)
            if isinstance(field, list) and field and all(isinstance(part, str) for part in field):
                found[tuple(field)] = float(amount)
        except ValueError:
            continue
    return found


def _pairs(answer: object) -> Sequence[tuple[bytes, bytes]]:
    return list(answer.items()) if isinstance(answer, dict) else []


def _begin_anew() -> None:
    """Count from nought in a forked process: what was counted before is the other one's to tell."""
    global _process, _number
    _process, _number = secrets.token_hex(8), 0
    _amounts.clear()
    _under_way.clear()


os.register_at_fork(after_in_child=_begin_anew)
