"""One request as it comes in, and its answer as it goes out: neither of them by a thread that waits.

What is read here is only ever where a request ends. What it says, and whether it may, gunicorn's parser decides, which
gets exactly these bytes and nothing behind them.
"""

import re
import select
import socket
import time
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO

LARGEST_HEAD = 64 * 1024
# A form of this application, and the one address that takes more: web/app.py and web/views/new_restore.py say so too,
# before they read it, and to whom.
LARGEST_BODY = 1024 * 1024
LARGEST_UPLOAD = 65 * 1024 * 1024
_UPLOADS = b"POST /restores/upload "

_IN_MEMORY = 64 * 1024
_AT_ONCE = 64 * 1024
# More of an answer than this its thread sends itself. Nothing that is open to strangers is nearly as large.
LARGEST_HELD = 16 * 1024 * 1024
# Bytes in a second, of which any line does more; and as long again as nothing comes of it.
SLOWEST = 128 * 1024
STALL_SECONDS = 30.0

_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r\n", re.IGNORECASE)
_CODING = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:[^\r\n]*", re.IGNORECASE)


def seconds_for(size: int) -> float:
    return STALL_SECONDS + size / SLOWEST


def _spool() -> IO[bytes]:
    return SpooledTemporaryFile(_IN_MEMORY)


class Incoming:
    """A request until it is whole. `refusal`: why it never will be, as the status that says so."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._body: IO[bytes] | None = None
        self.length = self._missing = 0
        self.is_whole = self.is_cut = self.must_be_asked_for = False
        self.refusal = b""

    @property
    def has_begun(self) -> bool:
        return bool(self._head)

    @property
    def has_head(self) -> bool:
        return self._body is not None

    def add(self, data: bytes) -> bytes:
        """Returns what is of the next request."""
        if self._body is None:
            data = self._add_to_head(data)
        if self._body is None:
            return b""
        self._body.write(data[: self._missing])
        rest = data[self._missing :]
        self._missing -= min(len(data), self._missing)
        self.is_whole = self.is_whole or not self._missing
        return rest

    def _add_to_head(self, data: bytes) -> bytes:
        """Returns what stands behind it."""
        from_here = max(0, len(self._head) - len(_END) + 1)
        self._head += data
        end = self._head.find(_END, from_here)
        if end < 0 or end > LARGEST_HEAD:
            self.refusal = b"431 Request Header Fields Too Large" if len(self._head) > LARGEST_HEAD else b""
            return b""
        behind = bytes(self._head[end + len(_END) :])
        del self._head[end + len(_END) :]
        self._understand()
        return behind

    def _understand(self) -> None:
        if _CODING.search(self._head):
            # Browsers send no form without its length, and a proxy that buffers names it.
            self.refusal = b"411 Length Required"
            return
        found = _LENGTH.search(self._head)
        self.length = int(found[1]) if found else 0
        self._body = _spool()
        if self.length > (LARGEST_UPLOAD if self._head.startswith(_UPLOADS) else LARGEST_BODY):
            # The application says so, on a page of its own, and reads nothing.
            self.is_whole = self.is_cut = True
            return
        self._missing = self.length
        if _EXPECTS.search(self._head):
            self.must_be_asked_for = bool(self.length)
            self._head = bytearray(_EXPECTS.sub(b"", self._head))

    def pieces(self) -> Iterator[bytes]:
        """For gunicorn's parser."""
        yield bytes(self._head)
        if self._body is not None:
            self._body.seek(0)
            while piece := self._body.read(_AT_ONCE):
                yield piece

    def close(self) -> None:
        if self._body is not None:
            self._body.close()


class Outgoing:
    """An answer, where gunicorn expects its socket: what the client does not take at once is held and sent later."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._held = _spool()
        self._lock = Lock()
        self._sent = self.size = 0

    def sendall(self, data: bytes) -> None:
        with self._lock:
            taken = self._offer(data) if self._sent == self.size else 0
            self._held.seek(0, 2)
            self._held.write(data[taken:])
            self.size += len(data) - taken
            if self.waiting > LARGEST_HELD:
                self._send_by_this_thread()

    send = sendall

    @property
    def waiting(self) -> int:
        """How many bytes are left."""
        return self.size - self._sent

    def flush(self) -> bool:
        """Send what the client takes now; True: nothing is left. Raises OSError when it is gone."""
        with self._lock:
            while self.waiting:
                self._held.seek(self._sent)
                piece = self._held.read(_AT_ONCE)
                taken = self._offer(piece)
                self._sent += taken
                if taken < len(piece):
                    return False
            self._held.seek(0)
            self._held.truncate()
            self._sent = self.size = 0
            return True

    def _offer(self, data: bytes) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0

    def _send_by_this_thread(self) -> None:
        until = time.monotonic() + seconds_for(LARGEST_HELD // 2)
        while self.waiting > LARGEST_HELD // 2:
            self._held.seek(self._sent)
            taken = self._offer(self._held.read(_AT_ONCE))
            self._sent += taken
            if not taken:
                self._wait(until)
        self._forget_what_was_sent()

    def _wait(self, until: float) -> None:
        ready = select.poll()
        ready.register(self._sock, select.POLLOUT)
        if not ready.poll(max(0.0, until - time.monotonic()) * 1000):
            raise BrokenPipeError("the client takes its answer too slowly")

    def _forget_what_was_sent(self) -> None:
        self._held.seek(self._sent)
        rest = self._held.read()
        self._held.close()
        self._held = _spool()
        self._held.write(rest)
        self._sent, self.size = 0, len(rest)

    def close(self) -> None:
        """gunicorn closes what it cannot go on with; whose the socket is does that, when all was sent."""

    def setblocking(self, _is_blocking: object) -> None:
        pass

    def gettimeout(self) -> float:
        return 0.0

    def shutdown(self, _how: int) -> None:
        raise OSError("the worker ends it")

    def done(self) -> None:
        self._held.close()
