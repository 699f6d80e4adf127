"""`/audit/`: who did what, newest first; filtered, paged by event number, exported as CSV."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from actors.facade.csv_rows import csv_row
from db.audit import audit, audit_rows, chain_export, daily_check, named_rows, word_search
from db.audit.audit import Action
from db.audit.word_search import LookedThrough
from db.models import AuditCheck, AuditEvent, Tenant
from db.sql import value_lists
from db.states import Result
from db.tenants import tenants
from web.inputs import without_nul
from web.lists import preferences
from web.lists.filters import DAYS, EVERY_TENANT, asked_days
from web.lists.list_view import EXPORT_CAP, stream_download
from web.security.access import allowed_tenant_ids, can, current_actor, deny, parse_row_id, requires
from web.security.permissions import Permission
from web.views.audit_acts import audit_acts
from web.views.installation import audit_sentences

pages = Blueprint("audit", __name__, url_prefix="/audit")

# As many as are looked through on a phone.
PAGE = 40
FILTERS = ("words", "tenant", "action", "actor", "result", *DAYS)
COLUMNS = ("id", "at", "actor", "address", "action", "tenant_name", "subject", "result", "details", "hash")


@dataclass(frozen=True)
class AuditPage:
    """`filters` are what the address filters by; `older` the event before which the next page begins."""

    rows: list[AuditEvent]
    older: int | None
    filters: dict[str, str]
    check: AuditCheck
    looked_through: LookedThrough | None = None
    results: tuple[Result, ...] = tuple(Result)

    @property
    def entries(self) -> Iterable[tuple[AuditEvent, Markup, Mapping[str, Any]]]:
        """The events with their sentences and their details."""
        facts = map(named_rows.details_of, self.rows)
        return zip(self.rows, audit_sentences.sentences(self.rows), facts, strict=True)

    @property
    def actions(self) -> dict[str, list[tuple[str, str]]]:
        return audit_acts.grouped_actions()

    @cached_property
    def tenants(self) -> list[Tenant]:
        return tenants.by_name(allowed_tenant_ids(Permission.AUDIT))

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
    query, looked_through = _narrow_to_words(query, chosen_filters)
    rows = list(query.limit(PAGE + 1))
    older = rows[PAGE - 1].id if len(rows) > PAGE else None
    if older is None and looked_through and looked_through.oldest > 1:
        older = looked_through.oldest
    page = AuditPage(rows[:PAGE], older, chosen_filters, daily_check.last_check(), looked_through)
    return render_template("audit/page.html", page=page)


def _narrow_to_words(query: Any, filters: Mapping[str, str]) -> tuple[Any, LookedThrough | None]:
    words = without_nul(filters.get("words", ""))[:200].split()
    return word_search.narrow_to_words(query, words) if words else (query, None)


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
    filters = _asked_filters()
    query, _ = _narrow_to_words(_matching_events(filters), filters)
    ids = audit_rows.first_ids(query, EXPORT_CAP)
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
