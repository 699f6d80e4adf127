"""`/tenants/<id>/activity` and `/tenants/<id>/events/`: the tenant's days, its changes, and what its own logs say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from markupsafe import Markup

from actors.facade.csv_rows import csv_row
from db.changes import change_lists
from db.events import event_lists, event_logs
from db.events.event_lists import OURS, WantedEvents
from db.models import Change, Policy, Tenant, TenantEvent
from db.sql import value_lists
from db.states import TenantLog
from web.change_words import authors
from web.change_words.authors import Author
from web.inputs import page_number, without_nul
from web.lists import filters
from web.lists.list_view import EXPORT_CAP, stream_download
from web.security.access import fetch, requires
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.views.tenants.day_calendar import DayCalendar, MonthCalendar, day_calendar, month_calendar
from web.views.tenants.tenant_page import TenantPage

pages = Blueprint("tenant_changes", __name__, url_prefix="/tenants")

CHANGES_SHOWN, EVENTS_SHOWN, LAST_PAGE = 8, 30, 999
MOST_DOERS, LONGEST_WORDS = 60, 200
COLUMNS = ("at", "log", "doer_kind", "doer_name", "app_name", "address", "activity", "operation", "is_success",
           "object_name", "object_type", "restore_id", "event_id")  # fmt: skip


class _WithLogs(TenantPage):
    @cached_property
    def logs(self) -> list[tuple[str, Markup | str]]:
        """Both logs, each with how far it was read, or why it was not."""
        return [(authors.LOG_TITLES[state.log], authors.log_words(state)) for state in event_logs.states(self.tenant)]


class ActivityPage(_WithLogs):
    """The tab of a tenant's changes."""

    @cached_property
    def calendar(self) -> DayCalendar:
        return day_calendar(self.tenant, filters.asked_zone())

    @cached_property
    def month(self) -> MonthCalendar:
        return month_calendar(self.tenant, filters.asked_zone(), request.args.get("month", ""))

    @cached_property
    def newest(self) -> list[tuple[Change, Author]]:
        changes = change_lists.newest_of_tenant(self.tenant, CHANGES_SHOWN)
        found = authors.authors_of(changes)
        return [(change, found[change.id]) for change in changes]


@dataclass(frozen=True)
class EventsPage(_WithLogs):
    """A part of the tenant's own events. `arguments`: what the address asks for."""

    wanted: WantedEvents
    arguments: Mapping[str, str]
    number: int
    events: Sequence[TenantEvent]
    has_more: bool

    @cached_property
    def policies(self) -> dict[int, list[Policy]]:
        return event_lists.policies_of([event.id for event in self.events])

    @property
    def doers(self) -> Mapping[str, str]:
        names = event_lists.newest_doers([self.tenant.id], MOST_DOERS)
        return {OURS: translated("restores of ours")} | {name: name for name in names}

    @property
    def operations(self) -> list[str]:
        return event_lists.operations(self.tenant)

    @property
    def log_choices(self) -> Mapping[str, str]:
        return authors.LOG_TITLES

    @property
    def newer(self) -> str:
        return self._address(self.number - 1) if self.number else ""

    @property
    def older(self) -> str:
        return self._address(self.number + 1) if self.has_more else ""

    def _address(self, number: int) -> str:
        values: dict[str, Any] = {**self.arguments, "page": number}
        return url_for("tenant_changes.events", tenant_id=self.tenant.id, **values)


@pages.get("/<tenant_id>/activity")
@requires(Permission.SEE)
def page(tenant_id: str) -> str:
    return render_template(
        "tenants/activity.html", page=ActivityPage(fetch(Tenant, tenant_id, Permission.SEE), "changes")
    )


@pages.get("/<tenant_id>/events/")
@requires(Permission.SEE)
def events(tenant_id: str) -> str:
    tenant, number = fetch(Tenant, tenant_id, Permission.SEE), page_number(LAST_PAGE)
    wanted, arguments = _asked()
    query = event_lists.matching(tenant, wanted)
    ids = [row[0] for row in query.limit(EVENTS_SHOWN + 1).offset(number * EVENTS_SHOWN).tuples()]
    shown = event_lists.load(ids[:EVENTS_SHOWN])
    found = EventsPage(tenant, "changes", wanted, arguments, number, shown, len(ids) > EVENTS_SHOWN)
    return render_template("tenants/events.html", page=found)


@pages.get("/<tenant_id>/events/export.csv")
@requires(Permission.SEE)
def export(tenant_id: str) -> Response:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    ids = [row[0] for row in event_lists.matching(tenant, _asked()[0]).limit(EXPORT_CAP).tuples()]
    return stream_download("events.csv", _lines(ids))


def _lines(ids: Sequence[int]) -> Iterator[str]:
    yield csv_row(COLUMNS)
    for some in value_lists.batched(ids):
        for event in event_lists.load(some):
            yield csv_row(getattr(event, column) for column in COLUMNS)


def _asked() -> tuple[WantedEvents, dict[str, str]]:
    """Return what the address asks for, and the arguments that ask for it again."""
    names = ("search", "by", "did", "log", *filters.DAYS)
    given: dict[str, Any] = {name: without_nul(request.args.get(name, ""))[:LONGEST_WORDS] for name in names}
    since, until = filters.asked_days()
    log = given["log"] if given["log"] in set(TenantLog) else ""
    words = given["search"].split()[:5]
    wanted = WantedEvents(given["by"], given["did"], log, words, since, until)
    return wanted, {name: value for name, value in given.items() if value}
