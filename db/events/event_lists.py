"""Events of tenants' own logs as pages list them: searched, filtered, and by who did them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.database import Condition
from db.models import Change, Policy, Tenant, TenantEvent, TenantEventPolicy
from db.sql.value_lists import is_in, is_in_if_given

# So many of the newest events say who can be chosen, and so many of one doer's lead to changes.
EVENTS_FOR_DOERS, MOST_EVENTS = 2000, 5000
# Of so many at once each finds its policy's changes by their index: for more, PostgreSQL reads all changes instead.
EVENTS_AT_ONCE = 100
OURS = "ours"


@dataclass(frozen=True)
class WantedEvents:
    """A part of a tenant's events. `doer` is a name as its log has it; `words` each have to be somewhere."""

    doer: str = ""
    operation: str = ""
    log: str = ""
    words: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


def newest_doers(tenant_ids: Sequence[int] | None, at_most: int) -> list[str]:
    """Return the names of those who did something lately, by name."""
    newest = (
        TenantEvent.select(TenantEvent.doer_name)
        .where(is_in_if_given(TenantEvent.tenant, tenant_ids))
        .order_by(TenantEvent.id.desc())
        .limit(EVENTS_FOR_DOERS)
    )
    names = dict.fromkeys(row[0] for row in newest.tuples() if row[0])
    return sorted(list(names)[:at_most], key=str.lower)


def is_changed_by(doer: str, tenant_ids: Sequence[int] | None) -> Condition:
    """Return the condition that a change is of a policy that this person or app did something to meanwhile.

    Of somebody who did very much, their newest events count.
    """
    theirs = (
        TenantEvent.select(TenantEvent.id)
        .where((TenantEvent.doer_name == doer) & is_in_if_given(TenantEvent.tenant, tenant_ids))
        .order_by(TenantEvent.id.desc())
        .limit(MOST_EVENTS)
    )
    ids = [row[0] for row in theirs.tuples()]
    seen: set[int] = set()
    of_policy = (Change.policy == TenantEventPolicy.policy) & (Change.seen_at >= TenantEventPolicy.at)
    begins = Change.since_at.is_null() | (Change.since_at <= TenantEventPolicy.at)
    found = TenantEventPolicy.select(Change.id).join(Change, on=of_policy & begins)
    for some in [ids[begin : begin + EVENTS_AT_ONCE] for begin in range(0, len(ids), EVENTS_AT_ONCE)]:
        seen |= {row[0] for row in found.where(is_in(TenantEventPolicy.event, some)).tuples()}
    return is_in(Change.id, sorted(seen))


def matching(tenant: Tenant, wanted: WantedEvents) -> Any:
    """Select the ids of the events that are asked for, the newest first."""
    query = TenantEvent.select(TenantEvent.id).where(TenantEvent.tenant == tenant)
    columns = {TenantEvent.operation: wanted.operation, TenantEvent.log: wanted.log}
    for column, value in columns.items():
        if value:
            query = query.where(column == value)
    if wanted.doer == OURS:
        query = query.where(TenantEvent.restore_id.is_null(False))
    elif wanted.doer:
        query = query.where(TenantEvent.doer_name == wanted.doer)
    for word in wanted.words:
        query = query.where(_has_word(word))
    if wanted.since:
        query = query.where(TenantEvent.at >= wanted.since)
    if wanted.until:
        query = query.where(TenantEvent.at < wanted.until)
    return query.order_by(TenantEvent.at.desc(), TenantEvent.id.desc())


def _has_word(word: str) -> Condition:
    columns = (TenantEvent.object_name, TenantEvent.activity, TenantEvent.doer_name, TenantEvent.app_name)
    condition: Condition = TenantEvent.address == word
    for column in columns:
        condition |= column.contains(word)
    return condition


def operations(tenant: Tenant) -> list[str]:
    """Return what the tenant's newest events did, as Microsoft calls it."""
    newest = TenantEvent.select(TenantEvent.operation).where(TenantEvent.tenant == tenant)
    rows = newest.order_by(TenantEvent.id.desc()).limit(EVENTS_FOR_DOERS).tuples()
    return sorted({row[0] for row in rows if row[0]})


def load(ids: Sequence[int]) -> list[TenantEvent]:
    """Return these events, in this order."""
    rows = {row.id: row for row in TenantEvent.select().where(is_in(TenantEvent.id, list(ids)))}
    return [rows[number] for number in ids if number in rows]


def newest_of_policies(policies: Sequence[Policy], limit: int) -> list[TenantEvent]:
    """Return the newest events about these policies, which may be one policy in all its lives."""
    about = TenantEventPolicy.select(TenantEventPolicy.event)
    about = about.where(is_in(TenantEventPolicy.policy, [policy.id for policy in policies]))
    return load([row[0] for row in about.order_by(TenantEventPolicy.at.desc()).limit(limit).tuples()])


def policies_of(event_ids: Sequence[int]) -> dict[int, list[Policy]]:
    """Return event id -> our policies that it is about."""
    query = TenantEventPolicy.select(TenantEventPolicy, Policy).join(Policy)
    found: dict[int, list[Policy]] = {}
    for row in query.where(is_in(TenantEventPolicy.event, list(event_ids))):
        found.setdefault(row.event_id, []).append(row.policy)
    return found
