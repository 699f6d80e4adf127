"""The metrics that `/metrics` gives to Prometheus. The age of what never happened is infinite, so that an alert goes
off.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import inf

from db.audit import daily_check
from db.clock import utcnow
from db.database import free_disk_bytes
from db.events import watches
from db.installation import installation
from db.notices import channels, deliveries
from db.recovery import lost_runs, setbacks
from db.runs import run_history
from db.states import ACTIVE, RunState
from db.tenants import tenants

DAY = timedelta(days=1)


def metrics_text(*, with_tenants: bool) -> str:
    """Write all metrics. Those of tenants name them, so they are for callers who may know all tenants."""
    return "\n".join([*_lines(), *(_tenant_lines() if with_tenants else ())]) + "\n"


def _lines() -> Iterator[str]:
    for state, count in _active_runs().items():
        yield _line("runs_active", count, state=state)
    yield _line("runs_stalled", len(lost_runs.stalled()))
    for step, failing in setbacks.count_by_step().items():
        yield _line("scheduler_failures", failing, step=step)
    for kind in installation.PROCESS_KINDS:
        yield _line("heartbeat_age_seconds", _age_seconds(installation.last_heartbeat(kind)), kind=kind)
    yield _line(
        "oldest_backup_age_seconds",
        max((_age_seconds(tenant.last_backup_at) for tenant in tenants.all_switched_on()), default=0),
    )
    watched, oldest = watches.oldest_freshness()
    yield _line("watched_tenants", watched)
    yield _line("oldest_freshness_age_seconds", _age_seconds(oldest) if watched else 0)
    check = daily_check.last_check()
    yield _line("audit_faults", check.faults)
    yield _line("audit_check_age_seconds", _age_seconds(check.ended_at))
    yield _line("notices_waiting", deliveries.count_unsent())
    yield _line("notices_failed", deliveries.count_failed(utcnow() - DAY))
    yield _line("channels_failing", channels.count_failing())
    free = free_disk_bytes()
    if free is not None:
        yield _line("disk_free_bytes", free)


def _tenant_lines() -> Iterator[str]:
    for tenant in tenants.all_switched_on():
        age = _age_seconds(tenant.last_backup_at)
        yield _line("last_backup_age_seconds", age, tenant=tenant.name, directory_id=tenant.directory_id)


def _line(name: str, value: float, **labels: str) -> str:
    label_text = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"tenantkeep_{name}{f'{{{label_text}}}' if label_text else ''} {'+Inf' if value == inf else value}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _age_seconds(at: datetime | None) -> float:
    return inf if at is None else round((utcnow() - at).total_seconds(), 1)


def _active_runs() -> dict[RunState, int]:
    return dict.fromkeys(ACTIVE, 0) | run_history.count_active_by_state()
