"""Everything that an installation consists of, as processes of their own: what faults are done to, and works run on."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import peewee as pw
import psycopg2
import redis
import requests

from actors import embedded_redis
from actors.process import startup
from config import Settings, load
from db import database as engine
from db import migrate
from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Run
from db.rehearsals import rehearsals
from db.states import ACTIVE
from db.tenants import tenants
from tests.faults import launch
from tests.faults.seams import FOLDER, Seams
from tests.support import servers

SQLITE, POSTGRESQL = "sqlite", "postgresql"
# PostgreSQL, and two hosts with workers: tests/faults/hosts.py.
HOSTS = "hosts"
ENGINES = (SQLITE, POSTGRESQL)
EMAIL, SUBSCRIBER, PASSWORD = "max@faults.example", "rita@faults.example", "correct horse battery"
OURS = ("web", "worker", "scheduler")
# Each ends once what it waits for is there: long enough for a machine with other work.
READY_SECONDS, IDLE_SECONDS = 180, 300
GONE = (pw.OperationalError, pw.InterfaceError, psycopg2.Error)
DISK_MB = 200
SIGNED_OUT = (requests.codes.unauthorized, requests.codes.bad_request)
BYSTANDER = "00000000-1111-4111-8111-111111111111"


class Stuck(TimeoutError):
    """Something that has to come did not come in time."""


class Person:
    """Whoever works in the browser; signed in once, and still so when the web was started again."""

    def __init__(self, address):
        self._address, self._session = address, requests.Session()
        self._session.trust_env = False
        # Since a session may have been signed by a clock that was hours off, either way, and counts no more once it is
        # right: then nobody is signed in (401), or the form's token is of no session (400).
        self.may_be_signed_out = False

    def close(self):
        self._session.close()

    def post(self, path, form):
        if "X-CSRFToken" not in self._session.headers:
            self._sign_in()
        answer = self._send(path, form)
        if answer.status_code in SIGNED_OUT and self.may_be_signed_out:
            self._sign_in()
            answer = self._send(path, form)
        return answer

    def _send(self, path, form):
        headers = {"Accept": "application/json"}
        return self._session.post(self._address + path, data=form, headers=headers, timeout=30, allow_redirects=False)

    def _sign_in(self):
        form = {"email": EMAIL, "password": PASSWORD, "csrf_token": self._token("/sign-in")}
        self._session.post(f"{self._address}/sign-in", data=form, timeout=30).raise_for_status()
        self._session.headers["X-CSRFToken"] = self._token("/")

    def _token(self, path):
        page = self._session.get(self._address + path, timeout=30).text
        return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


class Stage:
    """`processes` is what should be up, by name: `keep_up` starts again what has ended, as a supervisor does."""

    ours = OURS

    def __init__(self, kind, folder, lost_answers):
        self.kind, self.folder, self.lost_answers = kind, folder, lost_answers
        self.processes, self.shifts, self.retired = {}, {}, []
        # Work and fault, each a thread, look after them: what one ends or has started, the other must not start again.
        self._looking_after = threading.RLock()
        self.killed = self.rounds = 0
        self.seams = Seams(folder / "seams")
        # What plays just now; faults that belong to it look at it.
        self.work, self.has_struck = None, True
        # Processes of ours that ended by themselves, though nobody killed or stopped them.
        self.fallen, self._logged = [], {}
        self.has_own_disk = False
        self._put_off = set()
        self.ports = {name: servers.free_port() for name in ("redis", "postgresql", "simulator", "web")}
        self.simulator = f"http://127.0.0.1:{self.ports['simulator']}"
        self.web = f"http://127.0.0.1:{self.ports['web']}"
        self.url = f"sqlite:///{folder / 'database' / 'tenantkeep.db'}"
        if kind == POSTGRESQL:
            self.url = servers.postgresql_url(self.ports["postgresql"])
        self.person = Person(self.web)

    # --- beginning and end -------------------------------------------------------------------------------------------

    def open(self):
        for name in ("redis", "postgresql", "database"):
            (self.folder / name).mkdir(parents=True)
        if self.kind == POSTGRESQL:
            self.make_postgresql()
            self.start("postgresql")
        else:
            self.has_own_disk = _mounted(self.folder / "database")
        for name in ("redis", "simulator"):
            self.start(name)
        startup.bind(self.settings())
        migrate.migrate()
        with engine.database.connection_context():
            for email in (EMAIL, SUBSCRIBER):
                users.add(email, email.partition("@")[0].title(), PASSWORD, SYSTEM)
            # Its turn comes before those of all works.
            self.bystander = tenants.add("Tenant 0", BYSTANDER, BYSTANDER, SYSTEM)
        for name in self.ours:
            self.start(name, name.split()[0])
        self.wait_for(self.is_ready, "the web", READY_SECONDS)
        return self

    def make_postgresql(self):
        servers.make_postgresql(self.folder / "postgresql")

    def close(self):
        self.person.close()
        for process in [*self.processes.values(), *self.retired]:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        engine.database.close_all()
        if self.has_own_disk:  # lazy: the processes that were killed may be ending still
            subprocess.run(["umount", "--lazy", self.folder / "database"], check=True)

    def keep_logs(self):
        kept = Path(tempfile.mkdtemp(prefix="tenantkeep-faults-logs-"))
        for log in self.folder.glob("*.log"):
            shutil.copy(log, kept)
        print(f"logs are in {kept}")

    def settings(self) -> Settings:
        return load(self.environment())

    def environment(self):
        return servers.environment(
            TENANTKEEP_DATABASE_URL=self.url,
            TENANTKEEP_REDIS_URL=f"redis://127.0.0.1:{self.ports['redis']}/0",
            TENANTKEEP_GRAPH_URL=self.simulator,
            TENANTKEEP_LOGIN_URL=self.simulator,
            TENANTKEEP_SETTLE_SECONDS=str(launch.SETTLE_SECONDS),
            TENANTKEEP_LOG_FORMAT="text",
            PORT=str(self.ports["web"]),
            PYTHONUNBUFFERED="1",
            **{FOLDER: str(self.folder / "seams")},
        )

    # --- processes ---------------------------------------------------------------------------------------------------

    def start(self, name, role=None):
        """`role`: what it is, when it is the second of its sort."""
        role = role or name
        command, options = self.command(name, role)
        with (self.folder / f"{name}.log").open("ab") as log:
            self._logged[name] = log.tell()
            # A process group of its own, so that a kill takes it with its children.
            self.processes[name] = subprocess.Popen(
                command, start_new_session=True, **{"stdout": log, "stderr": log, **options}
            )
        self.wait_for(lambda: self._is_up(role), name, READY_SECONDS)

    def command(self, name, role):
        """Return the command line of a process, and the options it is started with."""
        if role == "postgresql":
            return servers.postgresql(self.folder / "postgresql", self.ports["postgresql"])
        options = {"env": self.environment(), "cwd": servers.ROOT}
        if role == "redis":
            return embedded_redis.command(self.ports["redis"], self.folder / "redis"), options
        if role == "simulator":
            state = self.folder / "simulator.json.gz"
            return [sys.executable, "-m", "graph.simulator", "--port", str(self.ports["simulator"]),
                    "--state", str(state), "--no-demo"], options  # fmt: skip
        return [sys.executable, "-m", "tests.faults.launch", str(self.shifts.get(name, 0)), role], options

    def send(self, name, number):
        """To it and its children."""
        os.killpg(self.processes[name].pid, number)

    def kill(self, name):
        process = self._take(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.killed += 1

    def end(self, name, number=signal.SIGTERM, seconds=READY_SECONDS):
        """End a process as its supervisor does: it is asked, and takes its children along."""
        process = self._take(name)
        process.send_signal(number)
        process.wait(seconds)

    def retire(self, name):
        """Asked to end, and left to do so in its own time."""
        process = self._take(name)
        process.terminate()
        self.retired.append(process)

    def _take(self, name):
        """Return a process that is kept up no longer."""
        with self._looking_after:
            return self.processes.pop(name)

    def restart(self, name, shift=0):
        self.shifts[name] = shift
        self.start(name)

    def keep_up(self):
        with self._looking_after:
            for name, process in list(self.processes.items()):
                if process.poll() is not None:
                    self._note_fall(name, process.returncode)
                    self.start(name, name.split()[0])

    def _note_fall(self, name, code):
        """A scheduler or web that ended with a traceback: nothing that comes may end them."""
        said = (self.folder / f"{name}.log").read_bytes()[self._logged[name] :].decode(errors="replace")
        if code != -signal.SIGKILL and name.split()[0] in ("scheduler", "web") and "Traceback" in said:
            self.fallen.append(f"the {name} ended with {code}: {said.splitlines()[-1]}")

    def arm(self, seam):
        self.has_struck = False
        self.seams.arm(seam)

    def comes_to_seam(self, seconds=READY_SECONDS):
        """Tell whether the seam was struck before the work was over."""
        deadline = time.monotonic() + seconds
        while not self.seams.is_struck() and not self.work.is_over() and time.monotonic() < deadline:
            self.keep_up()
            time.sleep(0.05)
        time.sleep(0.1)  # the statement that ended the work may be the seam
        self.has_struck = self.seams.is_struck()
        return self.has_struck

    # --- looking at it -----------------------------------------------------------------------------------------------

    def wait_for(self, holds, what, seconds):
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Stuck(f"{what} did not come in {seconds} s")
            time.sleep(0.05)

    def is_ready(self):
        self.keep_up()
        return servers.answers_http(f"{self.web}/readyz")

    def redis(self, number=0):
        return redis.Redis(port=self.ports["redis"], db=number, socket_connect_timeout=1, retry=None)

    def _pings(self):
        with self.redis() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

    def _is_up(self, role):
        """Tell whether a server answers; what is ours is waited for where it matters."""
        if role == "redis":
            return self._pings()
        if role == "postgresql":
            return servers.connects(self.url)
        return role != "simulator" or servers.answers_http(f"{self.simulator}/_simulator/health")

    def read(self, ask, seconds=READY_SECONDS):
        """Return what `ask` finds in the database, which may be away for a while."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with engine.database.connection_context():
                    return ask()
            except GONE:
                if time.monotonic() > deadline:
                    raise
                if self.kind == POSTGRESQL:
                    engine.database.close_all()
                time.sleep(0.1)

    def settle(self):
        """Until all is up, nothing is under way, nothing is queued, and every lock is gone. Raises Stuck."""
        self.wait_for(self.is_ready, "the web", READY_SECONDS)
        self._wait_while(self._active)
        # What a wrong clock put off, or took along into its death, may come hours later, and must find nothing to do.
        with suppress(Stuck):
            self._wait_while(lambda: self._messages() - self._put_off, 2 * launch.REDELIVERED_MS / 1000)
        self._put_off = self._messages()
        self._wait_while(lambda: self._active() or self.locks())
        while self.retired:
            self.retired.pop().wait(IDLE_SECONDS)

    def _wait_while(self, left, seconds=IDLE_SECONDS):
        deadline = time.monotonic() + seconds
        while found := left():
            if time.monotonic() > deadline:
                raise Stuck(f"after {seconds} s: {found}")
            self.keep_up()
            time.sleep(0.1)

    def _active(self):
        """What is under way, and the labs that the scheduler is about to clear, by runs that are still to begin."""
        active, due = self.read(
            lambda: (list(Run.select().where(Run.state.in_(ACTIVE))), rehearsals.removals_due(utcnow()))
        )
        runs = [f"run {one.id} {one.state}, {one.waiting}, heartbeat {one.heartbeat_at}" for one in active]
        return runs + [f"the lab of rehearsal {one.id} is not cleared" for one in due]

    def _messages(self):
        with self.redis() as client:
            queues = [key for key in client.scan_iter("dramatiq:*.msgs") if b".XQ." not in key]
            return {message for key in queues for message in client.hkeys(key)}

    def locks(self):
        with self.redis(1) as client:
            return [key.decode() for key in client.scan_iter("tenantkeep:run-lock:*")]

    def control(self, method, path, body=None):
        answer = requests.request(method, f"{self.simulator}/_simulator/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer


def _mounted(folder):
    """Tell whether the folder is a small disk of its own by now: not where we may not mount one."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0755", "tmpfs", folder]
    return bool(shutil.which("mount")) and subprocess.run(command, stderr=subprocess.DEVNULL).returncode == 0


@contextmanager
def opened(kind, lost_answers=0.0):
    """`lost_answers`: this share of the answers to writes is lost besides; each may cost a restore SETTLE_SECONDS."""
    folder = Path(tempfile.mkdtemp(prefix="tenantkeep-faults-"))
    folder.chmod(0o755)  # for the user that PostgreSQL must run as
    with _made(kind, folder, lost_answers) as stage:
        try:
            yield stage.open()
        finally:
            stage.close()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _made(kind, folder, lost_answers):
    if kind != HOSTS:
        yield Stage(kind, folder, lost_answers)
        return
    from tests.faults import hosts

    with hosts.two_hosts(folder, lost_answers) as stage:
        yield stage
