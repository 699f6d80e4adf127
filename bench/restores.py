"""A live restore of 900 changed policies at 80 ms for every HTTP call: within Graph's limit of writes, and without it.

Graph takes 100 writes in 20 s from one app in one tenant: the last hundred of 900 can go after 160 s at the earliest.
`python -m bench.restores limit` does that alone, on SQLite.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import actors.backups.back_up
import actors.plans.preview
import actors.restores.live_restore
from actors.plans import drafts, option_choices
from bench import stage
from db.audit.audit import SYSTEM
from db.database import database
from db.models import IS_ACTIVE, BackupSet, Restore, Run, Write
from db.states import RunState, WriteState
from graph.transport import rate_limits
from tests.support.simulated_tenant import WRITE

POLICIES, LATENCY_MS = 900, 80
# Between a backup, a look at its preview and the confirmation: Graph's window of reads is empty again.
PAUSE_SECONDS = 22
COLUMNS = ("engine", "limit", "preview", "its processor time", "live", "HTTP calls", "reads", "writes", "429s",
           "first write after", "last after", "writes a second", "of the limit", "least in any 20 s")  # fmt: skip
OPTIONS = {"assignments": "exact"}


def main() -> None:
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(url)
            with stage.worker_here(poll_ms=50):
                _measure(engine, 1, "100 writes in 20 s, enforced by the simulator too", throttle=True)
                if "limit" in sys.argv:
                    return
                with _without(rate_limits.INTUNE_WRITES):
                    _measure(engine, 2, "of reads only")
                with _without(rate_limits.INTUNE_WRITES, rate_limits.INTUNE):
                    _measure(engine, 3, "none")


@contextmanager
def _without(*services: str) -> Iterator[None]:
    kept = dict(rate_limits.LIMITS)
    for service in services:
        rate_limits.LIMITS.pop(service)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        rate_limits.LIMITS.update(kept)  # type: ignore[attr-defined]


def _measure(engine: str, number: int, limit: str, **flags: object) -> None:
    tenant = stage.tenant(f"{engine} {number}", number, POLICIES, permissions=WRITE, latency_ms=LATENCY_MS, **flags)
    with database.connection_context():
        _ended(actors.backups.back_up.start(tenant, SYSTEM, policy_types=["configurationPolicies"]).run)
        made = BackupSet.get(BackupSet.tenant == tenant)
        stage.change(tenant, POLICIES)
        time.sleep(PAUSE_SECONDS)
        restore = drafts.from_backup_set(made, tenant, option_choices.parse_options(OPTIONS, own_tenant=True), SYSTEM)
        began = time.process_time()
        preview = _ended(actors.plans.preview.start(restore, SYSTEM).run)
        processor = f"{time.process_time() - began:.1f} s"
        time.sleep(PAUSE_SECONDS)
        before = stage.requests_of(tenant)
        live = _ended(actors.restores.live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="benchmark").run)
        asked = {name: count - before[name] for name, count in stage.requests_of(tenant).items() if name in before
                 and isinstance(count, int)}  # fmt: skip
        pace = _pace(live)
    cells = (engine, limit, _seconds(preview), processor, _seconds(live), asked["http"], asked["graph"],
             asked["writes"], asked["throttled"], *pace)  # fmt: skip
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def _pace(live: Run) -> tuple[str, ...]:
    """Return when the first write and the last was sent, in seconds after the restore was confirmed; how many a second
    until then, of the limit; and how much of the limit the 20 seconds with the fewest writes used.

    Before the last write: what is left then fills no 20 seconds.
    """
    is_sent = (Write.run == live) & (Write.state == WriteState.ANSWERED)
    rows = Write.select(Write.sent_at).where(is_sent).order_by(Write.sent_at).tuples()
    sent = [(at - live.created_at).total_seconds() for (at,) in rows]
    most, window = 100, 20.0
    begins = [0.0, *(at for at in sent if at <= sent[-1] - window)]
    least = min((sum(begin < at <= begin + window for at in sent) for begin in begins), default=0)
    a_second = len(sent) / sent[-1]
    return (f"{sent[0]:.1f} s", f"{sent[-1]:.1f} s", f"{a_second:.2f}", f"{a_second / (most / window):.1%}",
            f"{least / most:.0%}")  # fmt: skip


def _ended(run: Run) -> Run:
    while Run.select().where((Run.id == run.id) & IS_ACTIVE).exists():
        time.sleep(0.05)
    found = Run.get_by_id(run.id)
    assert found.state == RunState.SUCCEEDED, found.error_message
    return found


def _seconds(run: Run) -> str:
    return f"{(run.ended_at - run.created_at).total_seconds():.1f} s"


if __name__ == "__main__":
    main()
