"""`tenantkeep worker`: runs Dramatiq's own command with our actors.

Dramatiq's master ends when one of its children is killed, and expects a supervisor: systemd, or `supervise`.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType

import config
from actors.process import logs, startup
from actors.queue.broker import redis_problem
from actors.queue.queue_names import SERVED
from actors.queue.tag_queues import tagged

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1
# How often an idle worker looks for messages, and for waits that are over. Dramatiq's own second is long for a person
# who waits, and for a service that allows one request a second.
POLL_MS = "100"


@dataclass(frozen=True)
class Options:
    queues: Sequence[str] = tuple(SERVED)
    processes: int = 2
    threads: int = 8
    shutdown_seconds: int = 60
    # Serve the queues of this tag alone; "": those without one.
    tag: str = ""


def replace_process(options: Options) -> None:
    """Replace this process by Dramatiq's, so that a supervisor's signals reach it."""
    command = _prepare_command(options)
    os.execve(command[0], command, _environment())  # noqa: S606 - no shell wanted


def supervise(options: Options) -> int:
    """Start Dramatiq's processes, and again when they end, until this process is told to stop."""
    command = _prepare_command(options)
    stopping = False
    process: subprocess.Popen[bytes] | None = None

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        if process is not None:
            process.send_signal(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        process = subprocess.Popen(command, env=_environment())
        code = process.wait()
        if stopping:
            return code
        logger.warning("the workers ended; starting them again", extra={"code": code})
        time.sleep(PAUSE_SECONDS)
    return 0


def _prepare_command(options: Options) -> list[str]:
    """Wait until Dramatiq can work, and return its command line. Raises SettingsError or StartupError."""
    logs.configure(config.settings().log_format)
    startup.prepare_waiting(config.settings())
    _wait_for_redis()
    return _command(options)


def _wait_for_redis() -> None:
    while problem := redis_problem():
        logger.warning("%s Waiting for it.", problem, extra=logs.REPEATED)
        time.sleep(PAUSE_SECONDS)


def _command(options: Options) -> list[str]:
    return [
        # -P: a config in the folder it is started in would be taken for ours.
        *(sys.executable, "-P", "-m", "dramatiq", "actors.app", "--path", "--skip-logging"),
        *("--queues", *(tagged(name, options.tag) for queue in options.queues for name in SERVED[queue])),
        *("--processes", str(options.processes), "--threads", str(options.threads)),
        *("--worker-shutdown-timeout", str(options.shutdown_seconds * 1000)),
    ]


def _environment() -> dict[str, str]:
    return config.child_environment(dramatiq_worker_timeout=POLL_MS)
