"""The heartbeat of web processes, which have no loop of their own. It says that they run, and with which keys."""

import logging
import time
from threading import Thread

import redis
from peewee import DatabaseError, InterfaceError

from actors.process import counters, logs
from actors.queue.broker import locks
from actors.queue.middleware import PROCESS_NAME
from db.database import database
from db.installation import installation
from db.runs import claims

logger = logging.getLogger(__name__)


def start(kind: str) -> None:
    Thread(target=_beat_for_ever, args=(kind,), daemon=True, name="beats").start()


def _beat_for_ever(kind: str) -> None:
    while True:
        beat(kind)
        time.sleep(claims.BEAT_SECONDS)


def beat(kind: str) -> None:
    try:
        with database.connection_context():
            installation.record_heartbeat(PROCESS_NAME, kind)
        counters.flush(locks)
    except (DatabaseError, InterfaceError, redis.RedisError) as e:
        # Among them: a database that is not migrated yet, or that gives us no rights.
        logger.warning("heartbeat failed: %s", logs.first_line(e), extra=logs.REPEATED)
    except Exception:
        # No connection was free, or there is a defect: whatever it is, this thread must not end.
        logger.exception("heartbeat failed", extra=logs.REPEATED)


def hand_over_counts() -> None:
    """Hand over what was counted since the last heartbeat: the process ends."""
    try:
        counters.flush(locks)
    except redis.RedisError as e:
        logger.warning("what was counted last is lost: %s", logs.first_line(e))
