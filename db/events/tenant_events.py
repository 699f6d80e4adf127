"""The events of the tenants' own logs, as they were read: each once, with the policies that it is about."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import database, lock_rows
from db.events import event_logs, matching, own_writes
from db.events.event_logs import Window
from db.events.own_writes import OwnApp
from db.models import EventLog, Tenant, TenantEvent
from db.notices import occurrences
from db.sql import upserts
from db.sql.value_lists import batched
from db.states import NoticeEvent, Severity, TenantLog

KEY = (TenantEvent.tenant, TenantEvent.log, TenantEvent.event_id)
# Graph's event as columns, with "is_twin" beside them (graph/events/read_event.py).
Facts = Mapping[str, Any]
# An older one is no news: a log that is read for the first time reaches far back.
IS_NEWS_FOR = timedelta(days=2)
TWIN_SECONDS = 10
# What the directory calls a change of a Conditional Access policy.
TWIN_WORDS = ("add policy", "update policy", "delete policy")


def save(
    tenant: Tenant, log: TenantLog, events: Sequence[Facts], own: OwnApp, window: Window, next_link: str | None
) -> list[int]:
    """Keep a page of a log's window, what its events are about and how far the log was read: all of it or nothing.

    Return the ids of the events that are new. A page that was read twice, or by two workers at once, adds none.
    """
    with database.atomic():
        row = event_logs.get(tenant, log)
        lock_rows(EventLog, EventLog.id == row.id)
        row = EventLog.get_by_id(row.id)
        new = _without_twins(tenant, log, _unknown(tenant, log, events))
        ids = _insert(tenant, log, new, own) if new else []
        event_logs.record_page(row, window, next_link)
    return ids


def _unknown(tenant: Tenant, log: TenantLog, events: Sequence[Facts]) -> list[Facts]:
    by_id = {event["event_id"]: event for event in events}
    known: set[str] = set()
    of_log = (TenantEvent.tenant == tenant) & (TenantEvent.log == log)
    for batch in batched(sorted(by_id)):
        rows = TenantEvent.select(TenantEvent.event_id).where(of_log & TenantEvent.event_id.in_(batch))
        known |= {row[0] for row in rows.tuples()}
    return [by_id[event_id] for event_id in sorted(by_id.keys() - known, key=lambda each: (by_id[each]["at"], each))]


def _insert(tenant: Tenant, log: TenantLog, events: Sequence[Facts], own: OwnApp) -> list[int]:
    known = matching.KnownPolicies(tenant)
    found = [known.find(event) for event in events]
    origins = own_writes.find_origins(tenant, own, events)
    columns = [
        {key: value for key, value in event.items() if key != "is_twin"}
        | {
            "tenant": tenant.id,
            "log": log,
            "awaits_policy": matching.waits(event, policies),
            "restore_id": origin.restore_id,
            "is_foreign": origin.is_foreign,
        }
        for event, policies, origin in zip(events, found, origins, strict=True)
    ]
    upserts.insert_missing(TenantEvent, KEY, columns)
    ids = _ids(tenant, log, [event["event_id"] for event in events])
    matching.link(
        (ids[event["event_id"]], policy, event["at"])
        for event, policies in zip(events, found, strict=True)
        for policy in sorted(policies)
    )
    _tell_foreign(tenant, [event for event, origin in zip(events, origins, strict=True) if origin.is_foreign])
    return sorted(ids.values())


def _ids(tenant: Tenant, log: TenantLog, event_ids: Sequence[str]) -> dict[str, int]:
    ids: dict[str, int] = {}
    of_log = (TenantEvent.tenant == tenant) & (TenantEvent.log == log)
    for batch in batched(event_ids):
        rows = TenantEvent.select(TenantEvent.event_id, TenantEvent.id).where(of_log & TenantEvent.event_id.in_(batch))
        ids |= dict(rows.tuples())
    return ids


def _without_twins(tenant: Tenant, log: TenantLog, events: list[Facts]) -> list[Facts]:
    """Leave out the directory's record of an act that Conditional Access recorded too, and let one go that is stored.

    The two may come in different pages, or one of them late.
    """
    if log != TenantLog.ENTRA or not events:
        return events
    stored = _stored_around(tenant, events)
    originals = [event for event in events if _is_original(event)]
    doubled = [old.id for old in stored if _is_stored_twin(old) and _has_other_half(old.__data__, originals)]
    if doubled:
        TenantEvent.delete().where(TenantEvent.id.in_(doubled)).execute()
    known = [*originals, *(old.__data__ for old in stored if _is_original(old.__data__))]
    return [event for event in events if not (event["is_twin"] and _has_other_half(event, known))]


def _stored_around(tenant: Tenant, events: Sequence[Facts]) -> list[TenantEvent]:
    times, near = [event["at"] for event in events], timedelta(seconds=TWIN_SECONDS)
    is_near = TenantEvent.at.between(min(times) - near, max(times) + near) & (TenantEvent.log == TenantLog.ENTRA)
    return list(TenantEvent.select().where((TenantEvent.tenant == tenant) & is_near))


def _is_original(event: Facts) -> bool:
    return "conditionalAccessPolicies" in event["policy_types"]


def _is_stored_twin(event: TenantEvent) -> bool:
    return str(event.activity).casefold() in TWIN_WORDS


def _has_other_half(twin: Facts, originals: Sequence[Facts]) -> bool:
    return any(_is_same_act(twin, original) for original in originals)


def _is_same_act(one: Facts, other: Facts) -> bool:
    is_near = abs((one["at"] - other["at"]).total_seconds()) <= TWIN_SECONDS
    return is_near and one["operation"] == other["operation"] and bool({*one["object_ids"]} & {*other["object_ids"]})


def _tell_foreign(tenant: Tenant, events: Sequence[Facts]) -> None:
    """Note that our app wrote what we did not: once a day, since others may use the same app all the time."""
    news = [event for event in events if event["at"] > utcnow() - IS_NEWS_FOR]
    if news:
        newest = max(news, key=lambda event: event["at"])
        occurrences.begin(
            NoticeEvent.FOREIGN_WRITE,
            f"foreign_write:{tenant.id}:{newest['at']:%Y-%m-%d}",
            tenant,
            severity=Severity.HIGH,
            facts={"activity": newest["activity"], "object": newest["object_name"], "at": newest["at"].isoformat()},
        )


def of_ids(ids: Sequence[int]) -> list[TenantEvent]:
    """Return these events, oldest first."""
    return list(TenantEvent.select().where(TenantEvent.id.in_(list(ids))).order_by(TenantEvent.at, TenantEvent.id))


def newest_first(tenant: Tenant) -> pw.ModelSelect:
    """Return the query of a tenant's events, for a list."""
    return (
        TenantEvent.select().where(TenantEvent.tenant == tenant).order_by(TenantEvent.at.desc(), TenantEvent.id.desc())
    )
