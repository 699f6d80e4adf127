"""Handlers for a stop signal that reaches a worker process twice.

systemd, honcho and a closing terminal signal the whole process group, and Dramatiq's master passes the signal on to its
children as well. Dramatiq takes the second for "at once": it would drop its runs, which stay `running` until they are
taken back.
"""

import signal
import time
from types import FrameType

# Longer than a busy master needs to pass a signal on; shorter than a person waits before asking again.
MERGE_SECONDS = 5


class MergedSignal:
    """Calls Dramatiq's handler once for all signals that come within MERGE_SECONDS."""

    def __init__(self, number: int) -> None:
        self._handle = signal.getsignal(number)
        self._ignored_until = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() > self._ignored_until:
            self._ignored_until = time.monotonic() + MERGE_SECONDS
            self._handle(number, frame)  # type: ignore[operator, misc]


def merge_repeated_signals() -> None:
    """Wrap the handlers that Dramatiq has set in this worker process. A later signal still means "at once"."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, MergedSignal(number))
