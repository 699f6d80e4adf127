"""How a worker process takes an order to stop that comes twice.

systemd, honcho and a closing terminal signal the whole process group, and Dramatiq's master passes the signal on to its
children as well. Dramatiq takes the second for "at once": it would drop its runs, which stay `running` until they are
taken back.
"""

import signal
import time
from types import FrameType

# Longer than a busy master needs to pass a signal on; shorter than a person waits before asking again.
ONE_ORDER_SECONDS = 5


class Order:
    """Dramatiq's handler of a signal, called once for all that come within a moment."""

    def __init__(self, number: int) -> None:
        self._handle = signal.getsignal(number)
        self._ignored_until = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if time.monotonic() > self._ignored_until:
            self._ignored_until = time.monotonic() + ONE_ORDER_SECONDS
            self._handle(number, frame)  # type: ignore[operator, misc]


def take_doubled_signals_as_one() -> None:
    """Called in a worker process, where Dramatiq has set its handlers; one that comes later still means "at once"."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, Order(number))
