"""Faults that others bring: rows nobody can use, messages that come late, locks, deadlocks, clocks that step."""

import contextlib
import threading
from datetime import timedelta

import psycopg2
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker

from db.clock import utcnow
from db.database import database
from db.models import AuditHead, Run, Schedule, Tenant
from db.states import ACTIVE, RunKind
from tests.faults.stage import READY_SECONDS

INTERACTIVE_KINDS = (RunKind.CAPTURE_SNAPSHOT, RunKind.PREVIEW, RunKind.RESTORE)
# So many of the newest runs, and ids that come after.
STALE, AHEAD = 20, 3


def poison_schedule(stage):
    """Give a schedule a zone that the machine no longer knows. Whoever cannot compute it must set it aside."""
    row = stage.read(lambda: Schedule.create(
        tenant=stage.bystander, cron="0 2 * * *", time_zone="Mars/Olympus Mons",
        next_at=utcnow() - timedelta(days=400),
    ))  # fmt: skip
    yield

    def is_set_aside():
        stage.keep_up()
        found = stage.read(lambda: Schedule.get_by_id(row.id))
        return found.is_paused or found.next_at is None or found.next_at > utcnow()

    stage.wait_for(is_set_aside, "setting a schedule aside that nobody can compute", READY_SECONDS)


def poison_rules(stage):
    """Spoil the rules of a tenant whose turn comes first."""
    rules = {"last": "many"}
    stage.read(lambda: Tenant.update(retention=rules).where(Tenant.id == stage.bystander.id).execute())
    yield
    stage.work.wait_until_over()
    stage.read(lambda: Tenant.update(retention=None).where(Tenant.id == stage.bystander.id).execute())


def stale_messages(stage):
    """Send messages of every kind, of runs and child runs that go on and that ended, and of ids that nobody has yet."""
    newest = stage.read(lambda: [one.id for one in Run.select(Run.id).order_by(Run.id.desc()).limit(STALE)])
    ids = range(max(newest, default=1) - STALE, max(newest, default=1) + AHEAD)
    broker = RedisBroker(url=f"redis://127.0.0.1:{stage.ports['redis']}/0", middleware=[])
    for kind in RunKind:
        queue = "interactive" if kind in INTERACTIVE_KINDS else "bulk"
        for run_id in ids:
            broker.enqueue(Message(queue, str(kind), (run_id,), {}, {}))
    broker.client.close()
    yield


def audit_head_held(stage):
    """Hold the audit head by a transaction that goes on and on: whatever is audited waits. On SQLite that is every
    write.
    """
    release = threading.Event()

    def hold():
        with database.connection_context(), database.atomic():
            AuditHead.update(last_id=AuditHead.last_id).execute()
            release.wait(30)

    yield from until_over(hold, release)


def deadlocks(stage):
    """Somebody's transactions hold the audit head, and then ask for the rows that those hold who wait for it."""
    over = threading.Event()

    def collide():
        connection = psycopg2.connect(stage.url)
        while not over.wait(0.1):
            with contextlib.suppress(psycopg2.Error), connection, connection.cursor() as cursor:
                cursor.execute("UPDATE audit_head SET last_id = last_id")
                over.wait(0.4)
                cursor.execute("SELECT id FROM restore ORDER BY id FOR UPDATE")
                cursor.execute("SELECT id FROM run WHERE state IN %s ORDER BY id FOR UPDATE", (tuple(ACTIVE),))
        connection.close()

    yield from until_over(collide, over)


def until_over(disturb, over):
    """Disturb in a thread of its own until the work is over."""
    thread = threading.Thread(target=disturb)
    thread.start()
    yield
    over.set()
    thread.join()


def part_cancelled(stage):
    """Cancel a child run by its id, which nobody sees: the parent is cancelled, or nothing is."""
    stage.work.may_be_cancelled = True
    parts = Run.select().where((Run.tenant == stage.work.tenant) & Run.parent.is_null(False))
    stage.has_struck = False
    while not (stage.has_struck or stage.work.is_over()):
        stage.keep_up()
        for part in stage.read(lambda: list(parts.limit(1))):
            with contextlib.suppress(OSError):
                stage.person.post(f"/runs/{part.id}/cancel", {})
                stage.has_struck = True
    yield


def store_lost(stage):
    """A share that nobody can reach for a while: what was on its way fails, and is tried again."""
    away = stage.work.folder.with_suffix(".away")
    stage.work.folder.rename(away)
    yield
    away.rename(stage.work.folder)


def rehearsal_cancelled(stage):
    """Somebody cancels it once the lab was written: what it made there is removed all the same."""
    stage.work.may_be_cancelled, stage.has_struck = True, False
    while not (stage.has_struck or stage.work.is_over()):
        stage.keep_up()
        written = stage.read(stage.work.has_written)
        for run in stage.work.runs()[:1] if written else ():
            with contextlib.suppress(OSError):
                stage.person.post(f"/runs/{run.id}/cancel", {})
                stage.has_struck = True
    yield


def clock_steps(role, seconds):
    """While it runs; and what it sent meanwhile is lost with Redis."""

    def strike(stage):
        stage.seams.step_clock(role, seconds)
        stage.person.may_be_signed_out = True
        yield
        with stage.redis() as client:
            client.flushall()
        stage.seams.step_clock(role, 0)

    return strike
