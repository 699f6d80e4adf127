"""State of the installation as a whole: its sealed word, leases, and the heartbeats of its processes."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import cache
from importlib import metadata

import peewee as pw

from db import clock
from db.clock import is_recent, utcnow
from db.encryption import keyring
from db.models import Heartbeat, Lease, Seal

# The processes that beat; whole only when there is one of each.
PROCESS_KINDS = ("web", "worker", "scheduler")
# Who beat so lately is alive: they beat every few seconds.
LIVE_WITHIN = timedelta(seconds=30)
SEAL_OWNER = "installation"
WORD = b"tenantkeep"


def check_keys() -> None:
    """Raises SealError when the keys given are not those of this database. The first call sets the word."""
    seal = Seal.get_or_none()
    if seal is None:
        Seal.create(word=keyring().seal(WORD, SEAL_OWNER))
        return
    keyring().unseal(seal.word, SEAL_OWNER)


def take_lease(name: str, holder: str, seconds: float) -> bool:
    """Take or keep a lease. Return False while another holds it."""
    now = utcnow()
    ends = now + timedelta(seconds=seconds)
    # A lease that lasts longer than any may was given by a clock that was set back since.
    is_no_more = (Lease.expires_at < now) | (Lease.expires_at > ends + timedelta(seconds=seconds))
    free = (Lease.holder == holder) | is_no_more
    is_renewed = Lease.update(holder=holder, expires_at=ends).where((Lease.name == name) & free).execute()
    if is_renewed:
        return True
    # Ignored, not refused: asked at every sweep, each refusal would be an error in PostgreSQL's log.
    inserted = Lease.insert(name=name, holder=holder, expires_at=ends).on_conflict_ignore().returning(Lease.name)
    return bool(list(inserted.tuples().execute()))


def release_lease(name: str, holder: str) -> None:
    Lease.delete().where((Lease.name == name) & (Lease.holder == holder)).execute()


def record_heartbeat(process: str, kind: str, queues: Iterable[str] | None = None) -> None:
    """Record that this process is alive, which keys it knows, and which queues it serves; None: all. Web, workers and
    the scheduler call it every few seconds.

    It follows the database's clock first.
    """
    clock.sync_with_database()
    now, keys = utcnow(), ",".join(keyring().ids)
    told = {
        Heartbeat.at: now,
        Heartbeat.keys: keys,
        Heartbeat.version: own_version(),
        Heartbeat.queues: None if queues is None else " ".join(sorted(queues)),
    }
    Heartbeat.insert({Heartbeat.process: process, Heartbeat.kind: kind, **told}).on_conflict(
        conflict_target=[Heartbeat.process], update=told
    ).execute()
    # Also those of dead processes whose clock was ahead: they would be alive for as long.
    Heartbeat.delete().where(~is_recent(Heartbeat.at, timedelta(days=1), now)).execute()


@cache
def own_version() -> str:
    """Return the version of Tenantkeep that this process is of."""
    return metadata.version("tenantkeep")


def count_by_version(since: datetime) -> dict[tuple[str, str], int]:
    """Return (kind, version) -> processes that were alive since then. The version of those that say none is ""."""
    query = Heartbeat.select(Heartbeat.kind, Heartbeat.version, pw.fn.COUNT(Heartbeat.process))
    rows = query.where(Heartbeat.at >= since).group_by(Heartbeat.kind, Heartbeat.version).tuples()
    return {(kind, version or ""): count for kind, version, count in rows}


def served_queues() -> set[str] | None:
    """Return the queues that live workers serve; None where one of them serves all."""
    is_alive = (Heartbeat.kind == "worker") & is_recent(Heartbeat.at, LIVE_WITHIN, utcnow())
    served = [row[0] for row in Heartbeat.select(Heartbeat.queues).where(is_alive).tuples()]
    return None if None in served else {queue for queues in served for queue in queues.split()}


def last_heartbeat(kind: str) -> datetime | None:
    return Heartbeat.select(pw.fn.MAX(Heartbeat.at)).where(Heartbeat.kind == kind).scalar()


def beats_on(host: str, kinds: Collection[str], seconds: float) -> bool:
    """Tell whether a process of one of those kinds on that host beat within so many seconds."""
    is_there = Heartbeat.process.startswith(f"{host}:") & Heartbeat.kind.in_(kinds)
    return Heartbeat.select().where(is_there & is_recent(Heartbeat.at, timedelta(seconds=seconds), utcnow())).exists()
