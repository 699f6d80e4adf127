"""The figures of the whole installation, as they are now. The age of what never happened is infinite, so that an alert
goes off.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import inf

import redis

from actors.housekeeping import standing_counts
from actors.process import counters
from actors.queue import broker, queue_depth
from db.audit import daily_check
from db.clock import utcnow
from db.copies import standing
from db.database import database_bytes, free_disk_bytes
from db.events import watches
from db.installation import figures, installation
from db.notices import channels, deliveries
from db.recovery import lost_runs, setbacks
from db.runs import run_history
from db.states import ACTIVE, ENDED, RunKind, RunState
from web.metrics.counted import counter_samples, histogram_samples
from web.metrics.exposition import Sample, write
from web.metrics.families import FAMILIES
from web.metrics.tenants import tenant_samples

DAY = timedelta(days=1)
# A process that missed so many heartbeats is not there.
ALIVE = timedelta(seconds=30)
# Days before the end.
SOON = (1, 7, 30)


def metrics_text(*, with_tenants: bool, is_openmetrics: bool) -> str:
    """Write all metrics. Those of single tenants are for callers who may know all tenants."""
    backups = figures.backup_figures()
    samples = [*_installation(), *_runs(), *_tenants(backups), *_notices(), *_of_redis()]
    samples += tenant_samples(backups.tenants) if with_tenants else ()
    return write(FAMILIES, samples, is_openmetrics=is_openmetrics)


def _installation() -> Iterator[Sample]:
    yield Sample("build_info", 1, {"version": installation.own_version()})
    for (kind, version), count in sorted(installation.count_by_version(utcnow() - ALIVE).items()):
        yield Sample("process_info", count, {"role": kind, "version": version})
    for kind in installation.PROCESS_KINDS:
        yield Sample("heartbeat_age_seconds", _age_seconds(installation.last_heartbeat(kind)), {"kind": kind})
    for step, failing in setbacks.count_by_step().items():
        yield Sample("scheduler_failures", failing, {"step": step})
    check = daily_check.last_check()
    yield Sample("audit_faults", check.faults)
    yield Sample("audit_check_age_seconds", _age_seconds(check.ended_at))
    yield Sample("database_bytes", database_bytes())
    free = free_disk_bytes()
    if free is not None:
        yield Sample("disk_free_bytes", free)


def _runs() -> Iterator[Sample]:
    active: dict[RunState, int] = dict.fromkeys(ACTIVE, 0) | run_history.count_active_by_state()
    for state, count in active.items():
        yield Sample("runs_active", count, {"state": state})
    yield Sample("runs_stalled", len(lost_runs.stalled()))
    due = figures.oldest_due_schedule(utcnow())
    yield Sample("schedule_lag_seconds", _age_seconds(due) if due else 0)


def _tenants(backups: figures.BackupFigures) -> Iterator[Sample]:
    yield Sample("tenants", backups.tenants)
    yield Sample("tenants_never_backed_up", backups.never)
    oldest = _age_seconds(None if backups.never else backups.oldest)
    yield Sample("oldest_backup_age_seconds", oldest if backups.tenants else 0)
    watched, least_fresh = watches.oldest_freshness()
    yield Sample("watched_tenants", watched)
    yield Sample("oldest_freshness_age_seconds", _age_seconds(least_fresh) if watched else 0)
    ends = [at for at in (backups.credential_ends_at, figures.first_other_credential_end()) if at]
    yield Sample("credential_expires_days", (min(ends) - utcnow()) / DAY if ends else inf)
    for days in SOON:
        count = figures.count_expiring(utcnow(), utcnow() + timedelta(days=days))
        yield Sample("expiring_objects", count, {"within_days": str(days)})


def _notices() -> Iterator[Sample]:
    yield Sample("notices_waiting", deliveries.count_unsent())
    yield Sample("notices_failed", deliveries.count_failed(utcnow() - DAY))
    yield Sample("channels_failing", channels.count_failing())
    yield Sample("copies_failing", len({finding.store.id for finding in standing.findings(utcnow())}))


def _of_redis() -> list[Sample]:
    """Return what is counted in Redis; while it is away, that it is."""
    try:
        counters.flush(broker.locks)
        totals, depths = counters.totals(broker.locks), queue_depth.measure()
        standings = standing_counts.recall()
    except redis.RedisError:
        return [Sample("redis_up", 0)]
    kinds = [(str(kind), str(state)) for kind in RunKind for state in ENDED]
    return [
        Sample("redis_up", 1),
        *counter_samples(totals, "runs_ended", ("kind", "outcome"), kinds),
        *histogram_samples(totals, "run_seconds", ("kind",)),
        *counter_samples(totals, "graph_requests", ("service", "status")),
        *histogram_samples(totals, "graph_call_seconds", ("service",)),
        *counter_samples(totals, "budget_wait_seconds", ("service",)),
        *counter_samples(totals, "http_requests", ("status",)),
        *histogram_samples(totals, "http_request_seconds", ()),
        *(Sample("tenants_by_standing", count, {"standing": standing}) for standing, count in standings.items()),
        *(sample for queue, depth in depths.items() for sample in _depth_samples(queue, depth)),
    ]


def _depth_samples(queue: str, depth: queue_depth.QueueDepth) -> Iterator[Sample]:
    yield Sample("queue_messages", depth.messages, {"queue": queue})
    yield Sample("queue_delayed_messages", depth.delayed, {"queue": queue})
    yield Sample("queue_oldest_seconds", depth.oldest_seconds, {"queue": queue})


def _age_seconds(at: datetime | None) -> float:
    return inf if at is None else round((utcnow() - at).total_seconds(), 1)
