"""A worker of gunicorn in which waitress holds the connections: docs/decisions/0023-waitress-in-gunicorn.md.

What is ours is when patience ends: waitress asks for any byte now and then, and waits when it has too many connections.
"""

import itertools
import logging
import os
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer, UnixWSGIServer
from waitress.task import ThreadedTaskDispatcher
from waitress.utilities import Error, RequestEntityTooLarge

from actors.process import logs
from actors.recovery import heartbeat
from web.security import access_log

logger = logging.getLogger(__name__)

# In each process. A connection may want three files: two processes of a user do with the 1024 that systems give each.
MAX_CONNECTIONS = 300
MAX_HEAD_BYTES = 64 * 1024
# The loop reads each header itself, and a browser behind two proxies sends forty.
MAX_HEADERS = 200
# The largest form, and the two addresses that take more. web/app.py, web/views/restores/new_restore.py and
# web/views/imports/imports.py say so too, before they read it, and to whom.
MAX_FORM_BYTES = 1024 * 1024
MAX_UPLOAD_BYTES = 65 * 1024 * 1024
_UPLOAD_ROUTES = {("POST", "/restores/upload"), ("POST", "/imports/upload")}
# Bytes of bodies that are not whole yet, or at work, in each process.
MAX_HELD_BYTES = 4 * MAX_UPLOAD_BYTES

# Patience for the first byte and the whole header.
HEAD_SECONDS = 15.0
# Then as long as a body or an answer of its size needs on a line that does so many bytes in a second; and a while more.
MIN_BYTES_PER_SECOND = 128 * 1024
STALL_SECONDS = 30.0
# So that what was sent last arrives: closed with bytes unread, a socket takes it back.
LINGER_SECONDS = 2.0


def _seconds_for(size: int) -> float:
    return STALL_SECONDS + size / MIN_BYTES_PER_SECOND


def _adjustments(largest_body: int) -> Adjustments:
    return Adjustments(
        # waitress refuses what is as large as that.
        max_request_body_size=largest_body + 1,
        max_request_header_size=MAX_HEAD_BYTES,
        inbuf_overflow=64 * 1024,
        outbuf_overflow=64 * 1024,
        connection_limit=2 * MAX_CONNECTIONS,
        cleanup_interval=1,
        asyncore_use_poll=True,
        backlog=2048,
        ident=None,
        # web/app.py believes as many proxies as TENANTKEEP_PROXIES says.
        clear_untrusted_proxy_headers=False,
    )


_FORM_LIMITS, _UPLOAD_LIMITS = _adjustments(MAX_FORM_BYTES), _adjustments(MAX_UPLOAD_BYTES)


class LengthRequired(Error):
    """Refuses bodies in chunks: they say their length last, and one without end costs the loop its time."""

    code, reason = 411, "Length Required"


class LimitedRequest(HTTPRequestParser):
    error: Any

    def parse_header(self, header_plus: bytes) -> None:
        if header_plus.count(b"\n") > MAX_HEADERS:
            raise ParsingError("Too many headers")
        try:
            super().parse_header(header_plus)
        except ValueError as e:  # a length of so many digits that Python reads no number in them
            raise ParsingError("Invalid header") from e
        self.adj = _UPLOAD_LIMITS if (self.command, self.path) in _UPLOAD_ROUTES else _FORM_LIMITS

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.chunked and not self.error:
            self.error, self.completed = LengthRequired("Say the length of the body."), True
        if self.completed:
            # Else waitress tells the client to go on, and reads what comes as headers of the same request.
            self.expect_continue = False
        if isinstance(self.error, RequestEntityTooLarge) and self.content_length:
            # The application says so, on a page of its own, and reads nothing.
            self.error, self.body_rcv = None, None
            # Nor does anybody take the body for requests.
            self.headers["CONNECTION"] = "close"
        return consumed


class LimitedConnection(HTTPChannel):
    """A client's connection. `since`: when it began what it does now."""

    parser_class = LimitedRequest
    close_when_flushed: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.since = time.time()
        self._answer = 0
        self._is_new = True
        self._is_lingering = False
        # Sent since the last turn, and how long its thread waited for its client more than what was sent allows.
        self._sent, self._waited, self._turn_at = 0, 0.0, self.since

    @property
    def is_at_work(self) -> bool:
        """A thread has its request, and does not only wait for its client to take the answer."""
        return bool(self.requests) and self.total_outbufs_len <= self.adj.outbuf_high_watermark

    @property
    def expected_body(self) -> int:
        """The size of the body that it sends, or has sent to be worked at."""
        return max((request.content_length for request in (self.request, *self.requests) if request), default=0)

    def take_turn(self, now: float) -> None:
        if self.requests and not self.is_at_work:
            self._waited += now - self._turn_at
        self._waited = max(0.0, self._waited - self._sent / MIN_BYTES_PER_SECOND)
        self._sent, self._turn_at = 0, now

    def send(self, *args: Any, **kwargs: Any) -> int:
        sent: int = super().send(*args, **kwargs)
        self._sent += sent
        return sent

    def deadline(self, keepalive: float) -> float:
        if self._is_lingering:
            return self.since + LINGER_SECONDS
        if self.requests:  # its thread waits
            return self._turn_at + STALL_SECONDS - self._waited
        if self.total_outbufs_len:
            return self.since + _seconds_for(self._answer)
        if self.request is not None or self._is_new:
            body = _seconds_for(self.request.content_length) if self.request and self.request.headers_finished else 0
            return self.since + HEAD_SECONDS + body
        return self.since + keepalive

    def handle_read(self) -> None:
        if not self._is_lingering:
            super().handle_read()
        elif not self.recv(self.adj.recv_bytes):
            self.handle_close()

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.since, self._is_new = time.time(), False
        expected = self.expected_body
        is_request_complete = bool(super().received(data))
        if self.expected_body > max(expected, MAX_FORM_BYTES):
            self.server.make_room_for(self)
        return is_request_complete

    def service(self) -> None:
        super().service()
        self.since, self._answer = time.time(), self.total_outbufs_len

    def readable(self) -> bool:
        return self._is_lingering or bool(super().readable())

    def handle_write(self) -> None:
        if self.close_when_flushed and not self.total_outbufs_len and not self.will_close:
            self.close_when_flushed = False
            self._linger()
        else:
            super().handle_write()

    def _linger(self) -> None:
        self.since, self._is_lingering = time.time(), True
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()


class _ConnectionLimits:
    """Limits on connections, mixed into `TcpWSGIServer` and `UnixWSGIServer`."""

    channel_class = LimitedConnection
    active_channels: dict[int, LimitedConnection]
    keepalive: float

    def handle_accept(self) -> None:
        """Accept before closing another: else the new one could get a closed file's number, and its events."""
        super().handle_accept()  # type: ignore[misc]
        if len(self.active_channels) > MAX_CONNECTIONS:
            self._close_slowest(self.active_channels.values())

    def make_room_for(self, newest: LimitedConnection) -> None:
        uploads = [newest for newest in self.active_channels.values() if newest.expected_body > MAX_FORM_BYTES]
        if sum(upload.expected_body for upload in uploads) > MAX_HELD_BYTES:
            self._close_slowest(upload for upload in uploads if upload is not newest)

    def _close_slowest(self, connections: Iterable[LimitedConnection]) -> None:
        """Close the connection that waits longest: a quick client has been served long before it is the oldest."""
        waiting = [connection for connection in connections if not connection.is_at_work]
        if waiting:
            logger.warning("too many slow connections: the slowest is closed for each new one", extra=logs.REPEATED)
            min(waiting, key=lambda one: one.since).handle_close()

    def maintenance(self, now: float) -> None:
        """Do nothing: waitress would close connections while it asks what to wait for; see `handle_accept`."""

    def close_late_connections(self) -> None:
        now = time.time()
        for connection in list(self.active_channels.values()):
            connection.take_turn(now)
            if not connection.is_at_work and connection.deadline(self.keepalive) < now:
                connection.handle_close()


class _TcpListener(_ConnectionLimits, TcpWSGIServer):
    pass


class _UnixListener(_ConnectionLimits, UnixWSGIServer):
    pass


class WaitressWorker(Worker):
    # None yet, when it is told to stop while it begins.
    _listeners: tuple[Any, ...] = ()

    def run(self) -> None:
        # It warns of each request that waits a moment for a thread.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        sockets: dict[int, Any] = {}
        threads = ThreadedTaskDispatcher()
        threads.set_thread_count(self.cfg.threads)
        self._listeners = tuple(self._listen(bound_socket, sockets, threads) for bound_socket in self.sockets)
        while self.alive and self.ppid == os.getppid():
            self._turn(sockets)
        self._finish(sockets, threads)

    def _listen(self, bound_socket: Any, sockets: dict[int, Any], threads: ThreadedTaskDispatcher) -> Any:
        listener_class = _UnixListener if bound_socket.FAMILY == socket.AF_UNIX else _TcpListener
        listener = listener_class(
            self._application(),
            map=sockets,
            _sock=bound_socket.sock,
            dispatcher=threads,
            adj=_FORM_LIMITS,
            bind_socket=False,
            sockinfo=(bound_socket.FAMILY, socket.SOCK_STREAM, None, None),
        )
        listener.keepalive = self.cfg.keepalive
        return listener

    def _turn(self, sockets: dict[int, Any]) -> None:
        self.notify()
        wasyncore.poll2(1.0, sockets)
        for listener in self._listeners:
            listener.close_late_connections()

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        for listener in self._listeners:
            listener.pull_trigger()

    def _finish(self, sockets: dict[int, Any], threads: ThreadedTaskDispatcher) -> None:
        """Answer and send what has come; an idle connection's next request may be on its way."""
        for listener in self._listeners:
            listener.accepting, listener.keepalive = False, LINGER_SECONDS
        until = time.time() + self.cfg.graceful_timeout
        while time.time() < until and any(listener.active_channels for listener in self._listeners):
            self._turn(sockets)
        threads.shutdown(timeout=max(0.0, until - time.time()))
        heartbeat.hand_over_counts()

    def _application(self) -> Callable[..., Any]:
        count = itertools.count(1)
        answering = access_log.observed(self.wsgi, writes_lines=bool(self.cfg.accesslog))

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            answer = answering(environ, start_response)
            if next(count) >= self.max_requests:
                self.alive = False
            return answer

        return application
