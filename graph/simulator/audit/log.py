"""Keeping the records of a tenant's changes: what is logged where, when it can be read, and for how long."""

import random
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from graph.simulator.audit import entra_records, intune_records
from graph.simulator.audit.doers import own_app
from graph.simulator.audit.entra_table import ENTRA
from graph.simulator.audit.intune_table import INTUNE
from graph.simulator.audit.touches import Touch, name_of
from graph.simulator.model.collections import DM
from graph.simulator.store.state import Object, Tenant

AUDIT_EVENTS, DIRECTORY_AUDITS = f"{DM}/auditEvents", "auditLogs/directoryAudits"
LOGS = frozenset({AUDIT_EVENTS, DIRECTORY_AUDITS})
# learn.microsoft.com: Intune, Use audit logs (one year); Entra, data retention (30 days, 7 without a licence).
KEPT_DAYS: Mapping[str, int] = {AUDIT_EVENTS: 365, DIRECTORY_AUDITS: 30}
_CHILDREN = "enrollmentProfiles"
# How many of a thousand reads are told is a guess.
READS_TOLD = 0.01
# Never more than these: who makes changes all day long gets no larger simulator.
_MOST = 50_000


def record(tenant: Tenant, touch: Touch) -> None:
    """Leave the records of one change. The tenant's lock is held."""
    if touch.before == touch.after and not touch.is_assignment:
        return
    if tenant.flags.get("audit_missing"):
        return
    lag = tenant.flags.get("audit_lag_s", 0) if touch.lag_s is None else touch.lag_s
    for log, audit_record in _records(touch):
        _keep(tenant, log, audit_record, touch.at, float(lag))


def record_read(tenant: Tenant, path: str, object_id: str) -> None:
    """Now and then tell of a read of Intune. The tenant's lock is held."""
    if path in INTUNE and random.random() < float(tenant.flags.get("audit_reads", READS_TOLD)):
        at, name = datetime.now(UTC), name_of(tenant.held(path, object_id) or {})
        made = intune_records.read_record(path, object_id, name, own_app(tenant), at)
        _keep(tenant, AUDIT_EVENTS, made, at, float(tenant.flags.get("audit_lag_s", 0)))


def _keep(tenant: Tenant, log: str, made: Object, at: datetime, lag: float) -> None:
    kept = tenant.audit_logs.setdefault(log, [])
    kept.append({"at": at.timestamp(), "seen": at.timestamp() + lag, "record": made})
    del kept[:-_MOST]


def record_write(
    tenant: Tenant, path: str, rest: list[str], before: Object | None, made_id: str, headers: Mapping[str, str]
) -> None:
    """Leave the records of a write through Graph, by the app that signed in.

    The correlation id is the caller's `client-request-id`: joined for Entra (f-bader), documented for Intune
    (learn.microsoft.com, auditEvent resource type).
    """
    object_id = rest[0] if rest and rest[0] else made_id
    after = tenant.held(path, object_id)
    action = rest[1].lower() if len(rest) > 1 else ""
    last = rest[2].lower() if len(rest) > 2 else ""
    correlation = headers.get("client-request-id") or str(uuid.uuid4())
    for part, was, now in _parts(path, object_id, before, after):
        record(
            tenant,
            Touch(
                part[0],
                part[1],
                was,
                now,
                own_app(tenant),
                correlation,
                datetime.now(UTC),
                is_assignment="assign" in {action, last} or action == "assignments",
            ),
        )


def _parts(
    path: str, object_id: str, before: Object | None, after: Object | None
) -> Iterator[tuple[tuple[str, str], Object | None, Object | None]]:
    """Yield what was touched: the object, or of a token that holds enrollment profiles those that differ."""
    was, now = (_children(item) for item in (before, after))
    if path != f"{DM}/depOnboardingSettings" or was == now:
        yield (path, object_id), before, after
        return
    for key in {**was, **now}:
        if was.get(key) != now.get(key):
            yield (f"{path}/{_CHILDREN}", key), was.get(key), now.get(key)


def _children(item: Object | None) -> dict[str, Object]:
    return {str(child["id"]): child for child in (item or {}).get(_CHILDREN) or ()}


def _records(touch: Touch) -> Iterator[tuple[str, Object]]:
    if touch.path in INTUNE:
        for record in intune_records.records(touch):
            # The verb's case varies within one tenant: rknightion/graph2otel.
            verb, _, entity = record["activityType"].partition(" ")
            activity = f"{verb.lower()} {entity}" if random.random() < 0.2 else record["activityType"]
            yield AUDIT_EVENTS, {**record, "activityType": activity}
    if touch.path in ENTRA:
        yield from ((DIRECTORY_AUDITS, record) for record in entra_records.records(touch))


def readable(tenant: Tenant, log: str, now: datetime) -> list[Object]:
    """The records that a read finds, the one that could be read last first."""
    since = (now - timedelta(days=float(tenant.flags.get("audit_kept_days", KEPT_DAYS[log])))).timestamp()
    kept = [row for row in tenant.audit_logs.get(log, ()) if row["at"] >= since and row["seen"] <= now.timestamp()]
    return [row["record"] for row in sorted(kept, key=_seen, reverse=True)]


def _seen(row: dict[str, Any]) -> float:
    return float(row["seen"])
