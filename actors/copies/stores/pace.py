"""The bandwidth of a store: after so many bytes, whoever sends waits until they may have been sent."""

import time
from collections.abc import Iterator

# Of what leaves at a time where something large is paced.
PIECE_BYTES = 16 * 1024


class Pace:
    def __init__(self, bytes_per_second: int | None) -> None:
        self._rate = bytes_per_second
        self._free_at = time.monotonic()

    def spend(self, count: int) -> None:
        """Wait until `count` more bytes may leave. Without a rate nobody waits."""
        if not self._rate:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now) + count / self._rate
        time.sleep(max(0.0, self._free_at - now))

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield the data, a piece at a time, each when it may leave. Without a rate it is one piece."""
        if not self._rate:
            yield data
            return
        for begin in range(0, len(data), PIECE_BYTES):
            piece = data[begin : begin + PIECE_BYTES]
            self.spend(len(piece))
            yield piece
