"""Middleware for every message: a database connection, a log context, heartbeats."""

import logging
import os
import socket
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import redis
from dramatiq.middleware import Middleware
from peewee import DatabaseError, InterfaceError

from actors.process import logs, tracing
from actors.queue import held_claims
from actors.queue.dedupe import Dedupe
from db.database import database
from db.installation import installation
from db.runs import claims

logger = logging.getLogger(__name__)

PROCESS_NAME = f"{socket.gethostname()}:{os.getpid()}"


class _AfterEachMessage(Middleware):
    """Calls `_clean_up` after every message, however it ended."""

    def after_process_message(
        self, broker: Any, message: Any, *, result: object = None, exception: object = None
    ) -> None:
        self._clean_up()

    def after_skip_message(self, broker: Any, message: Any) -> None:
        self._clean_up()

    def _clean_up(self) -> None:
        raise NotImplementedError


class DatabaseConnection(_AfterEachMessage):
    """Opens a database connection for every message, and closes it afterwards."""

    def before_process_message(self, broker: Any, message: Any) -> None:
        database.connect(reuse_if_open=True)

    def _clean_up(self) -> None:
        if not database.is_closed():
            database.close()


class LogContext(_AfterEachMessage):
    """Puts the run's id into every log line that its message causes."""

    def before_process_message(self, broker: Any, message: Any) -> None:
        logs.bind(run_id=message.args[0] if message.args else None, actor=message.actor_name)

    def _clean_up(self) -> None:
        logs.unbind()


class Heartbeats(Middleware):
    """Keeps a worker process's claims, their locks and its own heartbeat fresh, from one thread."""

    def __init__(self, dedupe: Dedupe, beat_too: Callable[[], None] = lambda: None) -> None:
        self._dedupe, self._beat_too = dedupe, beat_too
        self._stop = Event()
        self._thread: Thread | None = None
        # The names of the queues that this worker serves; None: all.
        self._queues: set[str] | None = None

    def after_worker_boot(self, broker: Any, worker: Any) -> None:
        self._stop.clear()
        self._queues = worker.consumer_whitelist
        self._thread = Thread(target=self._beat_until_stopped, args=(broker,), daemon=True, name="beats")
        self._thread.start()

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        # Running actors may still need their claims; the thread is a daemon and ends with the process.
        if not held_claims.all_held():
            self._stop.set()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(claims.BEAT_SECONDS)
            _try_to_beat(self._beat_too)  # the last word of what it has counted
        tracing.shut_down()  # at exit is too late: Dramatiq's processes end without it

    def _beat_until_stopped(self, broker: Any) -> None:
        while True:
            self._beat(broker)
            if self._stop.wait(claims.BEAT_SECONDS):
                return

    def _beat(self, broker: Any) -> None:
        _try_to_beat(lambda: self._record(broker))

    def _record(self, broker: Any) -> None:
        held = held_claims.all_held()
        with database.connection_context():
            installation.record_heartbeat(PROCESS_NAME, "worker", self._queues)  # first: it sets the clock
            claims.record_heartbeat([claim.token for claim in held])
        for claim in held:
            self._dedupe.renew(claim.run.dedupe_key, claim.run.id)
        for queue in broker.get_declared_queues():
            # Dramatiq's own heartbeat is a by-product of polling, and polling stops while its prefetch is full.
            broker.do_qsize(queue)
        self._beat_too()


def _try_to_beat(act: Callable[[], None]) -> None:
    try:
        act()
    except (DatabaseError, InterfaceError, redis.RedisError) as e:
        # The next beat tries again; a database or Redis gone for longer costs this worker its claims, as it must.
        logger.warning("heartbeat failed: %s", logs.first_line(e), extra=logs.REPEATED)
    except Exception:
        # Whatever it is: with this thread all claims would be lost, and each that comes after them.
        logger.exception("heartbeat failed", extra=logs.REPEATED)
