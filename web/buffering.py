"""gunicorn's worker with threads, which here get whole requests, and leave their answers to be sent.

gunicorn's own gives a connection to a thread with its first byte, and that thread waits for the rest: a dozen clients
that send half a header, or half a form, or take their answer slowly, and nobody else is served. Here the one thread
that waits for all sockets anyway (`run`, gunicorn's) reads requests until they are whole, and sends what is left of
answers. A slow client costs a socket and a buffer, has a deadline, and is the first to go when there are too many.
"""

import errno
import logging
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from gunicorn import http
from gunicorn.workers.gthread import TConn, ThreadWorker

from actors import logs
from web.exchanges import LARGEST_UPLOAD, Incoming, Outgoing, seconds_for

logger = logging.getLogger(__name__)

# In each process. A connection may want three files: two processes of a user do with the 1024 that systems give each.
CONNECTIONS = 300
# For the first byte and the whole header. Behind it a form has longer, and an upload as long as a poor line needs.
HEAD_SECONDS = 15.0
# So that what was sent last arrives: closed with bytes unread, a socket takes it back.
LINGER_SECONDS = 2.0
# Of bodies that are not whole yet, or at work, in each process.
MOST_HELD = 4 * LARGEST_UPLOAD
_AT_ONCE = 64 * 1024


class Connection:
    """`since`: when it came to what it does now, and `until`: when that must be over."""

    def __init__(self, sock: socket.socket, client: Any, server: Any) -> None:
        self.sock, self.client, self.server = sock, client, server
        self.incoming = Incoming()
        self.outgoing = Outgoing(sock)
        self.is_watched = self.is_at_work = self.is_idle = False
        self.stays = False
        self.behind = b""  # what has come of the next request
        self.since = self.until = 0.0

    def now_for(self, seconds: float) -> None:
        self.since = time.monotonic()
        self.until = self.since + seconds

    def close(self) -> None:
        self.incoming.close()
        self.outgoing.done()
        self.sock.close()


class Work(TConn):
    """What gunicorn's thread sees of a connection: a request that is there, and a socket that takes everything."""

    def __init__(self, cfg: Any, connection: Connection) -> None:
        super().__init__(cfg, connection.outgoing, connection.client, connection.server)
        self.connection = connection
        self.initialized = self.data_ready = True
        self.parser = http.get_parser(cfg, connection.incoming.pieces(), connection.client)


class Worker(ThreadWorker):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: set[Connection] = set()

    # --- what gunicorn's loop calls ---

    def accept(self, listener: socket.socket) -> None:
        try:
            sock, client = listener.accept()
        except OSError as e:
            if e.errno in (errno.EMFILE, errno.ENFILE):
                self._let_the_slowest_go()
            return
        sock.setblocking(False)
        if len(self._open) >= self.worker_connections - 1:
            self._let_the_slowest_go()
        connection = Connection(sock, client, listener.getsockname())
        self._open.add(connection)
        self.nr_conns += 1
        connection.now_for(HEAD_SECONDS)
        self._when(connection, selectors.EVENT_READ, self._receive)

    def finish_request(self, work: Work, future: Future[Any]) -> None:
        connection = work.connection
        answered = not future.cancelled() and future.exception() is None and bool(future.result())
        connection.is_at_work = False
        connection.stays = answered and not connection.incoming.is_cut
        connection.now_for(seconds_for(connection.outgoing.waiting))
        self._send(connection)

    def murder_pending(self) -> None:
        now = time.monotonic()
        for connection in [one for one in self._open if not one.is_at_work and self._end(one) < now]:
            self._drop(connection)

    def _end(self, connection: Connection) -> float:
        if self.alive or not connection.is_idle:
            return connection.until
        # Its next request may be on its way already.
        return min(connection.until, connection.since + LINGER_SECONDS)

    # --- a request ---

    def _receive(self, connection: Connection) -> None:
        data = self._read(connection)
        if data is not None:
            self._take(connection, data)

    def _take(self, connection: Connection, data: bytes) -> None:
        incoming, had_head = connection.incoming, connection.incoming.has_head
        if connection.is_idle:
            connection.is_idle = False
            connection.now_for(HEAD_SECONDS)
        connection.behind += incoming.add(data)
        if incoming.refusal:
            self._refuse(connection, incoming.refusal)
        elif incoming.is_whole:
            self._leave(connection)
            connection.is_at_work = True
            self.enqueue_req(Work(self.cfg, connection))
        elif incoming.has_head and not had_head:
            self._await_body(connection)

    def _await_body(self, connection: Connection) -> None:
        incoming = connection.incoming
        connection.until += seconds_for(incoming.length)
        if sum(one.incoming.length for one in self._open) > MOST_HELD:
            self._let_the_slowest_go(lambda one: one.incoming.length >= incoming.length and one is not connection)
        if incoming.must_be_asked_for:
            connection.outgoing.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _refuse(self, connection: Connection, status: bytes) -> None:
        self._leave(connection)
        connection.outgoing.sendall(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self._linger(connection)

    # --- its answer, and what comes then ---

    def _send(self, connection: Connection) -> None:
        try:
            is_done = connection.outgoing.flush()
        except OSError:
            self._drop(connection)
            return
        if not is_done:
            self._when(connection, selectors.EVENT_WRITE, self._send)
        elif connection.stays:
            self._await_next(connection)
        else:
            self._linger(connection)

    def _await_next(self, connection: Connection) -> None:
        connection.incoming.close()
        connection.incoming = Incoming()
        connection.is_idle = True
        connection.now_for(self.cfg.keepalive)
        self._when(connection, selectors.EVENT_READ, self._receive)
        if connection.behind:
            data, connection.behind = connection.behind, b""
            self._take(connection, data)

    def _linger(self, connection: Connection) -> None:
        connection.now_for(LINGER_SECONDS)
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(connection)
            return
        self._when(connection, selectors.EVENT_READ, self._read)

    def _read(self, connection: Connection) -> bytes | None:
        """None: nothing came, or the client is gone."""
        try:
            data = connection.sock.recv(_AT_ONCE)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
        return data or None

    # --- sockets ---

    def _when(self, connection: Connection, event: int, act: Callable[[Connection], object]) -> None:
        """Nothing, when it went with an event before this one that was told together with it."""
        self._leave(connection)
        connection.is_watched = True
        self.poller.register(connection.sock, event, lambda _sock: connection in self._open and act(connection))

    def _leave(self, connection: Connection) -> None:
        if connection.is_watched:
            self.poller.unregister(connection.sock)
        connection.is_watched = False

    def _drop(self, connection: Connection) -> None:
        self._leave(connection)
        self._open.discard(connection)
        self.nr_conns -= 1
        connection.close()

    def _let_the_slowest_go(self, among: Callable[[Connection], bool] = lambda _one: True) -> None:
        """Who is quick has been served long before it is the oldest."""
        waiting = [one for one in self._open if not one.is_at_work and among(one)]
        if waiting:
            logger.warning("too many slow connections: the slowest is closed for each new one", extra=logs.REPEATED)
            self._drop(min(waiting, key=lambda one: one.since))
