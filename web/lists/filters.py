"""Filters of lists: choices, a tenant, days. A value that is none of the choices is no filter."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import g, request
from flask_login import current_user

from db.accounts import users
from db.models import Tenant
from db.tenants import tenants
from web.lists import preferences
from web.security.access import allowed_tenant_ids, can, parse_row_id
from web.security.permissions import Permission

EVERY_TENANT = "all"
# Of runs: those that failed, in part or as a whole.
FAILED_OR_PARTIAL = "unwell"
NOBODY = "none"
# Enough to choose from in a list of names.
MOST_PEOPLE = 500
MOST_TENANTS = 200
DAYS = ("since", "until", "zone")
_ZONES = frozenset(available_timezones())


@dataclass(frozen=True)
class Filter:
    """A select above a list. `options()` gives value -> label at each look: some depend on the current user."""

    arg: str
    label: str
    options: Callable[[], Mapping[str, str]]
    condition: Callable[[str], Any]

    def chosen(self) -> str:
        value = request.args.get(self.arg, "")
        return value if value and value in self.options() else ""


def state_filter(
    column: Any, states: Iterable[StrEnum], label: str = "State", words: Mapping[Any, str] = MappingProxyType({})
) -> Filter:
    """Filter by a state; `words`: what a page calls those whose own word it does not show."""
    options = {str(state): words.get(state, str(state)) for state in states}
    return Filter("state", label, lambda: options, lambda value: column == value)


def person_filter(column: Any) -> Filter:
    return Filter("person", "Person", _people_options, lambda value: _is_by(column, value))


def _is_by(column: Any, value: str) -> Any:
    return column.is_null() if value == NOBODY else column == int(value)


def _people_options() -> dict[str, str]:
    """List the members of the tenants that the current user sees, and the user."""
    ids = allowed_tenant_ids(Permission.SEE)
    people = users.members_of_tenants(ids, current_user.id, MOST_PEOPLE)
    return {NOBODY: "nobody (a schedule or command)"} | {str(user.id): user.name for user in people}


def asked_tenant() -> tuple[Tenant | None, bool]:
    """Return the tenant to show alone, and whether one was asked for: by the address, else by the person's choice."""
    if "narrowed_to" not in g:
        g.narrowed_to = _parse_tenant(request.args.get("tenant", ""))
    narrowed_to: tuple[Tenant | None, bool] = g.narrowed_to
    return narrowed_to


def _parse_tenant(argument: str) -> tuple[Tenant | None, bool]:
    if not argument:
        chosen = preferences.chosen_tenant()
        return chosen, chosen is not None
    if argument == EVERY_TENANT:
        return None, False
    number = parse_row_id(argument)
    tenant = tenants.find_by_id(number) if number and can(Permission.SEE, number) else None
    if tenant:
        g.page_tenant = tenant  # the frame names it
    return tenant, True


def tenants_to_choose(permission: Permission, also: Tenant | None = None) -> list[Tenant]:
    """List tenants in which something can start: the first by name, and `also`."""
    return tenants.switched_on(allowed_tenant_ids(permission), MOST_TENANTS, also)


def asked_days() -> tuple[datetime | None, datetime | None]:
    """Return from the beginning of one day to the end of another, in the reader's zone, as naive UTC."""
    zone = asked_zone()
    return _day_begin(request.args.get("since", ""), zone), _day_begin(request.args.get("until", ""), zone, later=1)


def asked_zone() -> ZoneInfo:
    """Return the reader's zone, as the address has it; else UTC."""
    name = request.args.get("zone", "")
    return ZoneInfo(name if name in _ZONES else "UTC")


def _day_begin(text: str, zone: ZoneInfo, later: int = 0) -> datetime | None:
    """Return when a day, or one so many days later, begins: on two days a year that is not 24 hours. None for no
    date.
    """
    try:
        day = date.fromisoformat(text) + timedelta(days=later)
        return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
