"""`/audit/`: who did what, newest first; filtered, paged by event number, exported as CSV."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, render_template, request

from db.audit import audit, audit_rows, chain_export, daily_check
from db.audit.audit import Action
from db.models import AuditCheck, AuditEvent, Tenant
from db.names import work_names
from db.names.work_names import Name
from db.sql import value_lists
from db.states import Result
from db.tenants import tenants
from web.inputs import without_nul
from web.lists import preferences
from web.lists.filters import DAYS, EVERY_TENANT, asked_days
from web.lists.list_view import EXPORT_CAP, csv_row, stream_download
from web.security.access import allowed_tenant_ids, can, current_actor, deny, parse_row_id, requires
from web.security.permissions import Permission

pages = Blueprint("audit", __name__, url_prefix="/audit")

PAGE = 50
_SUBJECT = re.compile(r"(run|restore|backup set|snapshot) ([0-9]{1,18})(?: of .*)?", re.DOTALL)
FILTERS = ("tenant", "action", "actor", "result", *DAYS)
COLUMNS = ("id", "at", "actor", "address", "action", "tenant_name", "subject", "result", "details", "hash")


@dataclass(frozen=True)
class AuditPage:
    """`filters` are what the address filters by; `older` the event before which the next page begins."""

    rows: list[AuditEvent]
    older: int | None
    filters: dict[str, str]
    check: AuditCheck
    actions: tuple[Action, ...] = tuple(Action)
    results: tuple[Result, ...] = tuple(Result)

    @cached_property
    def tenants(self) -> list[Tenant]:
        return tenants.by_name(allowed_tenant_ids(Permission.AUDIT))

    @cached_property
    def names(self) -> dict[int, Name]:
        """The name of what each event is about, where that has one."""
        subjects = {event.id: match for event in self.rows if (match := _SUBJECT.fullmatch(event.subject))}
        numbers: dict[str, set[int]] = {}
        for match in subjects.values():
            numbers.setdefault(match[1], set()).add(int(match[2]))
        found = {kind: work_names.find_names(kind, some) for kind, some in numbers.items()}
        names = {event_id: found[match[1]].get(int(match[2])) for event_id, match in subjects.items()}
        return {event_id: name for event_id, name in names.items() if name}

    @property
    def sees_all(self) -> bool:
        return allowed_tenant_ids(Permission.AUDIT) is None

    @property
    def is_narrowed(self) -> bool:
        return any(value != EVERY_TENANT for name, value in self.filters.items() if name != "zone")

    @property
    def has_newer(self) -> bool:
        return bool(request.args.get("before"))


@pages.get("/")
@requires(Permission.AUDIT)
def index() -> str:
    chosen_filters = _asked_filters()
    query, before = _matching_events(chosen_filters), request.args.get("before", type=int)
    if before and 0 < before < 2**62:
        query = query.where(AuditEvent.id < before)
    rows = list(query.limit(PAGE + 1))
    older = rows[PAGE - 1].id if len(rows) > PAGE else None
    return render_template(
        "audit/page.html", page=AuditPage(rows[:PAGE], older, chosen_filters, daily_check.last_check())
    )


def _asked_filters() -> dict[str, str]:
    """Return the filters that the address names. Without a tenant in it, the tenant that this person chose counts."""
    filters = {name: value for name, value in request.args.items() if name in FILTERS and value}
    chosen = preferences.chosen_tenant()
    if chosen and "tenant" not in request.args and can(Permission.AUDIT, chosen.id):
        filters["tenant"] = str(chosen.id)
    return filters


def _matching_events(filters: Mapping[str, str]) -> Any:
    """Select the events that this person may see and the filters match."""
    since, until = asked_days()
    return audit.search(
        tenant_ids=allowed_tenant_ids(Permission.AUDIT),
        tenant_id=parse_row_id(filters.get("tenant", "")),
        action=without_nul(filters.get("action", ""))[:40],
        actor=without_nul(filters.get("actor", ""))[:255],
        result=without_nul(filters.get("result", ""))[:10],
        since=since,
        until=until,
    )


@pages.get("/export.csv")
@requires(Permission.AUDIT)
def export() -> Response:
    ids = audit_rows.first_ids(_matching_events(_asked_filters()), EXPORT_CAP)
    audit.record(Action.AUDIT_EXPORTED, current_actor(), "audit log", rows=len(ids))
    return stream_download("audit.csv", _lines(ids))


@pages.get("/export.jsonl")
@requires(Permission.AUDIT)
def export_proof() -> Response:
    """The chain itself, which has every tenant's events in it; of the filters only the days count."""
    if allowed_tenant_ids(Permission.AUDIT) is not None:
        deny(Permission.AUDIT, everywhere=True)
    first, last = chain_export.event_range(*asked_days())
    audit.record(Action.AUDIT_EXPORTED, current_actor(), "audit log, with proof", rows=max(last - first + 1, 0))
    return stream_download("audit.jsonl", chain_export.document_lines(first, last), "application/jsonl")


def _lines(ids: list[int]) -> Iterator[str]:
    yield csv_row(COLUMNS)
    for some in value_lists.batched(ids):
        for event in audit_rows.events_by_ids(some):
            yield csv_row(getattr(event, column) for column in COLUMNS)
