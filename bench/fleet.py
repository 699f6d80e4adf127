"""The statements that the fleet repeats, with two million runs behind it and twenty thousand under way: `python -m
bench.fleet`.

Milliseconds of each step as the scheduler, a worker and the pages take it. What a step changes is taken back at once.
"""

import argparse
import sys
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta

from bench import stage
from db.accounts import users
from db.backups import retention
from db.clock import utcnow
from db.database import database
from db.housekeeping import daily_prune, old_rows, tenant_removal
from db.installation import installation
from db.models import Run, Tenant
from db.recovery import lost_runs
from db.restores import approvals
from db.runs import claims, notifications, run_history, runs
from db.tenants import backup_health, schedules
from tests.support import many_rows
from web.metrics import figures

LOOKS = 5
PLAN_HOURS = 24
KEPT = retention.RetentionRules(last=7, daily=7, weekly=4, monthly=12)


def _take_schedules() -> None:
    now = utcnow()
    for schedule in schedules.due_schedules(now):
        schedules.claim_due(schedule, now)


def _decide() -> None:
    tenant, ages = Tenant.get_by_id(many_rows.PRUNED), daily_prune.Ages(runs=365, restores=365, names=365)
    for step in daily_prune.STEPS.values():
        step.find(tenant, ages)


def _take_back() -> None:
    for run in lost_runs.presumed_lost():
        lost_runs.take_back(run)


STEPS: dict[str, Callable[[], object]] = {
    "a worker's heartbeat, 8 claims": lambda: claims.record_heartbeat([f"token {number}" for number in _held()]),
    "a process's heartbeat": lambda: installation.record_heartbeat("bench", "worker"),
    "sweep: take back what a dead worker left": _take_back,
    "sweep: cancelled and unheld": lost_runs.cancelled_and_unclaimed,
    "sweep: schedules that are due": lambda: schedules.due_schedules(utcnow()),
    "sweep: take 200 schedules": _take_schedules,
    "sweep: expire plans": lambda: approvals.expire_old_plans(PLAN_HOURS),
    "sweep: tenants that go": tenant_removal.tenants_being_removed,
    "sweep: parents of ended children": lost_runs.parents_of_ended_children,
    "sweep: never sent": lost_runs.never_enqueued,
    "sweep: whose message nobody claimed": lost_runs.due_to_resume,
    "sweep: which of 70,000 locks' runs are active": lambda: runs.active_ids(range(70_000)),
    "stalled, for /metrics": lost_runs.stalled,
    "retention: decide for a tenant": lambda: retention.preview(Tenant.get_by_id(many_rows.PRUNED), KEPT),
    "retention: find what goes of a tenant": _decide,
    "retention: 500 old items": lambda: old_rows.delete_old_items(90),
    "retention: 500 old notifications": lambda: old_rows.delete_old_notifications(90),
    "retention: tenants that are due": lambda: daily_prune.due_tenants(2),
    "/metrics, all of it": lambda: figures.metrics_text(with_tenants=True, is_openmetrics=True),
    "dashboard: standing of all tenants": lambda: backup_health.health_of_tenants(None, utcnow()),
    "dashboard: ended by day": lambda: run_history.count_ended_by_day((utcnow() - timedelta(days=14)).date(), None),
    "pulse of who hears of all active runs": lambda: notifications.followed_runs(many_rows.OPERATOR, None),
    "pulse of an admin": lambda: notifications.followed_runs(many_rows.ADMIN, None),
    "pulse of who hears of nothing": lambda: notifications.followed_runs(-1, None),
}
PAGES = {"page: dashboard": "/", "page: schedules": "/schedules/", "page: restores": "/restores/"}

# Step -> median and 95th percentile, in milliseconds.
Figures = dict[str, tuple[float, float]]


def main() -> None:
    figures: dict[str, Figures] = {}
    with stage.engines() as urls:
        for engine, url in urls.items():
            place = stage.beside(url, "fleet")
            stage.bind(place)
            _say(f"{engine}: the rows are made")
            fill(_asked())
            figures[engine] = measure()
    print(f"| step | {' | '.join(figures)} |\n|---|{'---|' * len(figures)}")
    for step in (*STEPS, *PAGES):
        print(f"| {step} | {' | '.join('{:.1f} ({:.1f})'.format(*of[step]) for of in figures.values())} |")
    print("\nMedian (95th percentile) in ms.", flush=True)


def _asked() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=2_000_000)
    return parser.parse_args().runs


def fill(count: int) -> None:
    """Add so many runs, and the other rows that an installation of that size has."""
    size = many_rows.Size(
        tenants=count // 200,
        runs=count,
        active=count // 100,
        policies=count // 10,
        backup_sets=count * 3 // 20,
        restores=count // 1000,
        restore_items=count // 10,
        due=200,
    )
    with database.connection_context():
        many_rows.fill(size, users.hasher.hash(stage.PASSWORD))


def measure() -> Figures:
    found = {}
    with database.connection_context():
        for step, act in STEPS.items():
            _keep_claims()
            found[step] = stage.timed(_undone(act), range(LOOKS))
            _say(f"{step}: {found[step][0]:.1f} ms")
    with stage.web("person1@many.example") as session:
        for step, path in PAGES.items():
            found[step] = stage.timed(
                lambda _, path=path: session.get(stage.WEB + path).raise_for_status(), range(LOOKS)
            )
            _say(f"{step}: {found[step][0]:.1f} ms")
    return found


def _keep_claims() -> None:
    """Their workers live: the bench itself takes longer than they may be silent."""
    ids = [int(number) for number in _held(1000)]
    Run.update(heartbeat_at=utcnow()).where(Run.id << ids).execute()


def _held(count: int = 8) -> list[int]:
    last = Run.select(Run.id).order_by(Run.id.desc()).limit(1).scalar() - many_rows.SPECIAL
    return list(range(last - last % 100, 0, -100))[: min(count, last // 10_000)]


def _undone(act: Callable[[], object]) -> Callable[[int], None]:
    def once(_number: int) -> None:
        with _taken_back():
            act()

    return once


@contextmanager
def _taken_back():
    with database.atomic() as transaction:
        yield
        transaction.rollback()


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
