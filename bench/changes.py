"""What it costs a backup to record changes, and to assess them: the same backup with and without, in turns.

900 policies of the settings catalog, of which 45 have another setting each time; answers come at once, so that what is
measured is our own work. The worker and this process are one.
"""

import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from unittest import mock

from actors.backups import back_up
from actors.changes import assessment
from bench import stage
from db.audit.audit import SYSTEM
from db.changes import assessed
from db.database import database
from db.models import IS_ACTIVE, BackupSet, Change, Run, Tenant
from db.policies import change_recording
from db.states import Offer, SetState
from db.tenants import coverage
from graph.transport import rate_limits

POLICIES, CHANGED, ROUNDS = 900, 45, 7
COLUMNS = ("engine", "without", "with", "more", "changes recorded", "assessing 45 changes")


def main() -> None:
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    no_limits = dict.fromkeys(rate_limits.LIMITS, (1000000, 1.0))
    with stage.engines() as urls, mock.patch.dict(rate_limits.LIMITS, no_limits):
        for engine, url in urls.items():
            stage.bind(url)
            tenant = stage.tenant("Bench", 1, POLICIES)
            with stage.worker_here(poll_ms=20):
                _print(engine, tenant)


def _print(engine: str, tenant: Tenant) -> None:
    _seconds_of_backup(tenant)
    plain: list[float] = []
    recording: list[float] = []
    assessing: list[float] = []
    for number in range(ROUNDS):
        _change(tenant, 2 * number)
        with _nothing_recorded():
            plain.append(_seconds_of_backup(tenant))
        _change(tenant, 2 * number + 1)
        recording.append(_seconds_of_backup(tenant))
        began = time.perf_counter()
        with database.connection_context():
            assert assessment.assess(tenant.id) == CHANGED
        assessing.append(time.perf_counter() - began)
    with database.connection_context():
        count = Change.select().count()
    one, other = statistics.median(plain), statistics.median(recording)
    row = (
        f"{one:.2f} s",
        f"{other:.2f} s",
        f"{(other / one - 1) * 100:.1f} %",
        count,
        f"{statistics.median(assessing):.2f} s",
    )
    print(f"| {engine} | {' | '.join(map(str, row))} |", flush=True)


def _change(tenant: Tenant, number: int) -> None:
    """Give the first policies another setting each, that they did not have before."""
    for index in range(CHANGED):
        stage.change_one(tenant, index, settings=21 + number % 2, at=f"2025-06-{1 + number:02}T00:00:00Z")


@contextmanager
def _nothing_recorded() -> Iterator[None]:
    """Let backups be as they were before there were changes."""

    def only_the_offer(tenant: Tenant, lists: Mapping[str, object]) -> dict[str, None]:
        for policy_type in lists:
            coverage.record_offer(tenant, policy_type, Offer.OFFERED)
        return dict.fromkeys(lists)

    with (
        mock.patch.object(change_recording, "record_saved"),
        mock.patch.object(coverage, "record_lists", only_the_offer),
    ):
        yield


def _seconds_of_backup(tenant: Tenant) -> float:
    """Back the tenant up, with nobody assessing meanwhile. Return how long that took."""
    with database.connection_context(), mock.patch.object(assessed, "has_unassessed", return_value=False):
        run_id = back_up.start(tenant, SYSTEM).run.id
        while Run.select().where((Run.id == run_id) & IS_ACTIVE).exists():
            time.sleep(0.02)
        run, made = Run.get_by_id(run_id), BackupSet.get(BackupSet.run == run_id)
        assert made.state == SetState.COMPLETE, made.problems
    return (run.ended_at - run.created_at).total_seconds()


if __name__ == "__main__":
    main()
