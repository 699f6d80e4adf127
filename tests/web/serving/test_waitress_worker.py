"""Clients that send half of what they should, drop by drop, or take their answer so: everybody else is served."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest
import redis
import requests
from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

from tests.support import servers
from tests.support.environment import PASSWORD
from web.serving import waitress_worker

HALF_A_HEADER = b"GET /sign-in HTTP/1.1\r\nHost: x\r\n"
HALF_A_BODY = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nemail="
HALF_AN_UPLOAD = b"POST /restores/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\nfile="
PATIENCE = 14
# Of a page while others hold what they can: far from as long as one of them may take.
QUICK = 9
FORM = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\na=b&c"


@pytest.fixture(scope="module")
def port(_redis_server, _sqlite, tmp_path_factory):
    """Of a web process with two threads, and less patience."""
    port, folder = servers.free_port(), tmp_path_factory.mktemp("slow")
    shutil.copy(_sqlite, folder / "keep.db")
    environment = servers.environment(PORT=str(port), TENANTKEEP_DATABASE_URL=f"sqlite:///{folder / 'keep.db'}")
    redis.Redis.from_url(os.environ["TENANTKEEP_REDIS_URL"]).flushall()  # what other tests tried from this address
    add = [servers.TENANTKEEP, "user", "add", "ada@example.com", "--name", "Ada", "--role", "admin", "--password-stdin"]
    subprocess.run(add, env=environment, input=PASSWORD, text=True, check=True, stdout=subprocess.DEVNULL)
    less = f"w.HEAD_SECONDS, w.MAX_HELD_BYTES = {PATIENCE}, 13_000_000"
    hasty = f"from web import commands; from web.serving import waitress_worker as w; {less}; commands.main()"
    line = [sys.executable, "-P", "-c", hasty, "web", "--processes", "1", "--threads", "2"]
    with (
        (folder / "log").open("w") as log,
        servers.running(line, env=environment, stderr=log) as web,
    ):
        servers.wait_for(lambda: servers.answers_http(f"http://127.0.0.1:{port}/readyz"), "web", process=web)
        yield port
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture(scope="module")
def browser(port):
    with requests.Session() as browser:
        address = f"http://127.0.0.1:{port}"
        token = browser.get(f"{address}/sign-in").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
        browser.post(f"{address}/sign-in", data={"email": "ada@example.com", "password": PASSWORD, "csrf_token": token})
        yield browser


def connected(port, sent, **options):
    one = socket.socket()
    for option, value in options.items():
        one.setsockopt(socket.SOL_SOCKET, getattr(socket, option), value)
    one.settimeout(30)
    one.connect(("127.0.0.1", port))
    one.sendall(sent)
    return one


def is_quick(port, browser):
    for path in ("/healthz", "/runs/"):
        began = time.monotonic()
        answer = browser.get(f"http://127.0.0.1:{port}{path}", timeout=60, allow_redirects=False)
        assert (answer.status_code, time.monotonic() - began < QUICK) == (200, True), path


def answered(one):
    """All that comes until the other side ends."""
    said = b""
    while piece := one.recv(65536):
        said += piece
    return said


def test_those_that_send_half_hold_up_nobody_and_end_in_time(port, browser):
    goes_on = {HALF_A_HEADER: b"\r\n", HALF_A_BODY: b"x" * 994, b"": FORM}
    with ExitStack() as stack:
        held = [(sent, stack.enter_context(connected(port, sent))) for sent in goes_on for _ in range(50)]
        is_quick(port, browser)
        for sent, one in held[::25]:
            one.sendall(goes_on[sent])
            assert one.recv(9) == b"HTTP/1.1 ", "and one that goes on is served"
        for _ in range(PATIENCE + 3):
            time.sleep(0.9)
            drip(held[1][1])
        assert is_closed(held[1][1]), "a drop now and then is not patience's end put off"
        assert is_closed(held[-1][1])
        is_quick(port, browser)


def drip(one):
    with suppress(OSError):
        one.sendall(b"a")


def test_more_than_there_is_room_for_and_uploads_that_never_come_push_each_other_out(port, browser):
    """Whoever is quick is never the oldest."""
    with ExitStack() as stack:
        held = [stack.enter_context(connected(port, HALF_AN_UPLOAD)) for _ in range(8)]
        is_quick(port, browser)
        assert [is_closed(connection) for connection in held] == [True] * 4 + [False] * 4
        for _ in range(waitress_worker.MAX_CONNECTIONS + 50):
            stack.enter_context(connected(port, HALF_A_HEADER))
        is_quick(port, browser)
        assert is_closed(held[-1])


def is_closed(one):
    one.settimeout(0.5)
    try:
        return not one.recv(10)
    except TimeoutError:
        return False
    except OSError:
        return True


def test_drops_and_answers_that_nobody_takes_hold_up_nobody_and_all_of_it_arrives(port, browser):
    page = browser.get(f"http://127.0.0.1:{port}/sign-in").text
    large = re.search(r'href="([^"]+/bootstrap.min.css)', page)[1]
    get = f"GET {large} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    with ExitStack() as stack:
        drips = [stack.enter_context(connected(port, b"")) for _ in range(10)]
        takers = [stack.enter_context(connected(port, get * 3, SO_RCVBUF=2048)) for _ in range(20)]
        for byte in FORM:
            for connection in drips:
                connection.sendall(bytes([byte]))
            if byte % 16 == 0:
                is_quick(port, browser)
        is_quick(port, browser)
        assert {connection.recv(12) for connection in drips} == {b"HTTP/1.1 400"}
        size = int(browser.head(f"http://127.0.0.1:{port}{large}").headers["Content-Length"])
        takers[0].sendall(get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        said = answered(takers[0])
        assert said.count(b"HTTP/1.1 200") == 4
        assert len(said.rpartition(b"\r\n\r\n")[2]) == size


INSIDE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2
NEVER = (
    (b"GET /x HTTP/1.1\r\nHost: x\r\nA: " + b"a" * waitress_worker.MAX_HEAD_BYTES, b"431"),
    (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\n", b"501"),
    (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\nemail=", b"413"),
    (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + INSIDE, b"413"),
    (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", b"400"),
    (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde", b"400"),
    (b"\r\n\r\nGET\r\n\r\n", b"400"),
    (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"400"),
    (b"GET /sign-in HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * 300 + b"\r\n", b"400"),
    (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
    # In chunks: one without end would be copied with each of its pieces.
    (b"POST /restores/upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000, b"411"),
    (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + INSIDE, b"411"),
    # To go on is said to nobody whose request is whole, or refused.
    (b"POST /sign-in HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2000000\r\n\r\n" + INSIDE, b"413"),
    (b"GET /nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", b"404"),
)


def test_what_will_never_be_a_request_is_ended_and_all_else_answered_in_its_order(port):
    for sent, status in NEVER:
        with connected(port, sent) as one:
            began = time.monotonic()
            said = answered(one)
            assert (said[9:12], said.count(b"HTTP/1.")) == (status, 1), (sent[:90], said)
            assert time.monotonic() - began < QUICK
    get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with connected(port, get + FORM + get.replace(b"healthz", b"nowhere") + get[:10]) as one:
        one.sendall(get[10:-2] + b"Connection: close\r\n\r\n")
        said = answered(one)
    assert [said[at + 9 : at + 12] for at in range(len(said)) if said.startswith(b"HTTP/1.1", at)] == [
        b"200", b"400", b"404", b"200",
    ]  # fmt: skip
    with connected(port, FORM[:-5].replace(b"Host: x", b"Host: x\r\nExpect: 100-continue")) as one:
        assert one.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        one.sendall(b"a=b&c")
        assert one.recv(12) == b"HTTP/1.1 400"


def test_nobody_says_below_which_path_they_ask(port):
    """Else the rules of a proxy for a path are passed by, and links lead to another site."""
    for name in ("SCRIPT_NAME", "Script-Name", "PATH_INFO"):
        for path, value in (("/x/metrics", "/x"), ("//evil.example/sign-in", "//evil.example")):
            with connected(port, f"GET {path} HTTP/1.0\r\nHost: x\r\n{name}: {value}\r\n\r\n".encode()) as one:
                said = answered(one)
            assert (b" 404 " in said, b"tenantkeep_" in said, b"//evil" in said) == (True, False, False), name


@pytest.mark.parametrize("pause", [0.0, 0.2])
def test_a_long_answer_taken_in_drops_gives_its_thread_back_and_one_taken_well_arrives(monkeypatch, pause):
    """A download of more than fits before it waits for its client, which takes a little again and again."""
    monkeypatch.setattr(waitress_worker, "STALL_SECONDS", 3.0)
    pieces, ended = 40, threading.Event()

    def download(_environ, start_response):
        start_response("200 OK", [("Content-Length", str(pieces << 20))])
        with closing_sets(ended):
            for _ in range(pieces):
                yield b"x" * (1 << 20)

    sockets, threads = {}, ThreadedTaskDispatcher()
    threads.set_thread_count(1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = waitress_worker._TcpListener(download, map=sockets, _sock=listener, dispatcher=threads,
        adj=waitress_worker._FORM_LIMITS,
                              bind_socket=False, sockinfo=(socket.AF_INET, socket.SOCK_STREAM, None, None))  # fmt: skip
        server.keepalive = 5
        client = connected(listener.getsockname()[1], b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", SO_RCVBUF=2048)
        with client:
            taken, until = 0, time.monotonic() + 120
            client.setblocking(False)
            next_at = 0.0
            while time.monotonic() < until and not ended.is_set():
                wasyncore.poll2(0.05, sockets)
                server.close_late_connections()
                while time.monotonic() >= next_at:
                    try:
                        piece = client.recv(1 << 20 if not pause else 1024)
                    except OSError:
                        break
                    taken += len(piece)
                    next_at = time.monotonic() + pause
        threads.shutdown(timeout=5)
        for channel in list(server.active_channels.values()):
            channel.handle_close()
        server.close()
    assert ended.is_set()
    assert (taken > (pieces - 20) << 20) == (not pause)


@contextmanager
def closing_sets(event):
    try:
        yield
    finally:
        event.set()
