"""The heartbeat of web processes, which have no loop of their own: that they are at work, and with which keys."""

import logging
import time
from threading import Thread

from peewee import DatabaseError, InterfaceError

from actors.process import logs
from actors.queue.middleware import PROCESS
from db.database import database
from db.installation import installation
from db.runs import claims

logger = logging.getLogger(__name__)


def begin(kind: str) -> None:
    Thread(target=_beat_for_ever, args=(kind,), daemon=True, name="beats").start()


def _beat_for_ever(kind: str) -> None:
    while True:
        beat(kind)
        time.sleep(claims.BEAT_SECONDS)


def beat(kind: str) -> None:
    try:
        with database.connection_context():
            installation.record_heartbeat(PROCESS, kind)
    except (DatabaseError, InterfaceError) as e:
        # Not migrated yet and without rights are among them.
        logger.warning("heartbeat failed: %s", logs.first_line(e), extra=logs.REPEATED)
    except Exception:
        # No connection was free, or it is a defect: whatever it is, this thread must not end of it.
        logger.exception("heartbeat failed", extra=logs.REPEATED)
