"""The heartbeat of web processes, which have no loop of their own: that they are at work, and with which keys."""

import logging
import time
from threading import Thread

from actors import logs
from actors.middleware import PROCESS
from db import installation, runs
from db.database import database

logger = logging.getLogger(__name__)


def begin(kind: str) -> None:
    Thread(target=_beat_for_ever, args=(kind,), daemon=True, name="beats").start()


def _beat_for_ever(kind: str) -> None:
    while True:
        beat(kind)
        time.sleep(runs.BEAT_SECONDS)


def beat(kind: str) -> None:
    try:
        with database.connection_context():
            installation.beat(PROCESS, kind)
    except Exception:
        # Not migrated yet, without rights, no connection free: whatever it is, this thread must not end of it.
        logger.warning("heartbeat failed", exc_info=True, extra=logs.REPEATED)
