"""`python -m actors.worker`: Dramatiq's own command on our actors, started again when it dies.

Dramatiq's master ends when one of its children is killed, and expects a supervisor. In production that is systemd with
`--once`; here it is the loop below.
"""

import argparse
import logging
import signal
import subprocess
import sys
import time
from types import FrameType

import config
from actors import logs, startup
from actors.broker import QUEUES, trouble

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 1
# How often an idle worker looks for messages, and for waits that are over. Dramatiq's own second is long for a person
# who waits, and for a service that allows one request a second.
POLL_MS = "200"


def main() -> int:
    options = _options()
    try:
        logs.configure(config.settings().log_format)
        startup.prepare_to_stay(config.settings())
    except startup.REFUSALS as e:
        sys.stderr.write(f"{e}\n")
        return 2
    _wait_for_redis()
    return _supervise(_command(options), options.once)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queues", nargs="+", choices=QUEUES, default=list(QUEUES))
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--shutdown-seconds", type=int, default=60, help="how long a run may go on after SIGTERM")
    parser.add_argument("--once", action="store_true", help="end with the workers, for a supervisor of your own")
    return parser.parse_args()


def _wait_for_redis() -> None:
    while wrong := trouble():
        logger.warning("%s Waiting for it.", wrong, extra=logs.REPEATED)
        time.sleep(PAUSE_SECONDS)


def _command(options: argparse.Namespace) -> list[str]:
    return [
        *(sys.executable, "-m", "dramatiq", "actors.app", "--skip-logging"),
        *("--queues", *options.queues),
        *("--processes", str(options.processes), "--threads", str(options.threads)),
        *("--worker-shutdown-timeout", str(options.shutdown_seconds * 1000)),
    ]


def _supervise(command: list[str], once: bool) -> int:
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
        process = subprocess.Popen(command, env=config.child_environment(dramatiq_worker_timeout=POLL_MS))
        code = process.wait()
        if once or stopping:
            return code
        logger.warning("the workers ended; starting them again", extra={"code": code})
        time.sleep(PAUSE_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
