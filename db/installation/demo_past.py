"""A past for the demo's tenants, on SQLite: what happened just now is moved back, and quiet nights are copied."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import database
from db.models import (
    BackupSet,
    Change,
    Content,
    Coverage,
    EventLog,
    Notification,
    Occurrence,
    Policy,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Snapshot,
    Stint,
    Tenant,
    TenantEvent,
    TenantEventPolicy,
    Write,
)
from db.states import RunState, SetState

# What a table says happened is moved; what lies ahead stays.
MOVED = (
    Run,
    RunItem,
    Stint,
    Snapshot,
    Content,
    BackupSet,
    Restore,
    RestoreItem,
    Write,
    Notification,
    Policy,
    Coverage,
    Tenant,
    Change,
    TenantEvent,
    TenantEventPolicy,
    EventLog,
    Occurrence,
)
# How far a log was read is no time at which something happened: what follows is read from there.
NOT_MOVED = {"credential_expires_at", "pruned_at", "read_to"}
# Days ago: nights in which Microsoft Graph did not answer, or not for one policy type.
FAILED_NIGHTS, PARTIAL_NIGHTS = frozenset({301, 188, 97, 33, 5}), frozenset({270, 121, 44, 9})
LOST_TYPE = "deviceConfigurations"
UNREACHABLE = "Microsoft Graph failed (error 503). Usually temporary: retry in a few minutes."


@contextmanager
def moved_back(age: timedelta) -> Iterator[None]:
    """Move what happens within so far into the past, as if it had happened then."""
    began = utcnow()
    yield
    with database.atomic():
        for model, column in _times():
            earlier = pw.fn.strftime("%Y-%m-%d %H:%M:%f", column, f"-{age.total_seconds():.0f} seconds")
            model.update({column: earlier}).where(column.between(began, utcnow())).execute()


def _times() -> Iterator[tuple[type[pw.Model], pw.DateTimeField]]:
    for model in MOVED:
        for column in model._meta.sorted_fields:
            if isinstance(column, pw.DateTimeField) and column.name not in NOT_MOVED:
                yield model, column


def copy_nights(newest_sets: Sequence[BackupSet], days: range) -> None:
    """Add nights on which nothing changed, one for each set a night: a run, and a set with the same manifest."""
    tonight = utcnow().replace(hour=0, minute=14, second=0, microsecond=0)
    with database.atomic():
        for day in days:
            for minutes, backup_set in enumerate(newest_sets):
                _copy_night(backup_set, day, tonight - timedelta(days=day) + timedelta(minutes=minutes))


def _copy_night(before: BackupSet, day: int, began: datetime) -> None:
    ended = began + timedelta(seconds=6 + day % 7)
    total = 0 if day in FAILED_NIGHTS else before.run.total
    failed = 1 if day in PARTIAL_NIGHTS else 0
    run = Run.create(
        tenant=before.tenant_id,
        kind=before.run.kind,
        dedupe_key=before.run.dedupe_key,
        state=_state_of_night(day),
        origin="schedule",
        attempts=1,
        created_at=began,
        enqueued_at=began,
        started_at=began,
        ended_at=ended,
        total=total,
        done=total - failed,
        failed=failed,
        error_code="unavailable" if day in FAILED_NIGHTS else before.run.error_code,
        error_message=UNREACHABLE if day in FAILED_NIGHTS else before.run.error_message,
    )
    if day not in FAILED_NIGHTS:
        _copy_set(before, run, day in PARTIAL_NIGHTS)


def _state_of_night(day: int) -> RunState:
    if day in FAILED_NIGHTS:
        return RunState.FAILED
    return RunState.PARTIAL if day in PARTIAL_NIGHTS else RunState.SUCCEEDED


def _copy_set(before: BackupSet, run: Run, is_partial: bool) -> None:
    types: dict[str, dict[str, Any]] = dict(before.types)
    problems: list[dict[str, Any]] = []
    if is_partial:
        types[LOST_TYPE] = {**types[LOST_TYPE], "state": "failed", "message": UNREACHABLE}
        problem = {"policy_type": LOST_TYPE, "policy": None, "name": "Device configuration", "reason": "unavailable"}
        problems = [{**problem, "message": UNREACHABLE}]
    BackupSet.create(
        tenant=before.tenant_id,
        run=run,
        state=SetState.INCOMPLETE if is_partial else before.state,
        selection=before.selection,
        created_at=run.created_at,
        completed_at=run.ended_at,
        manifest=before.manifest_id,
        types=types,
        problems=problems,
    )
