"""Match events with our policies: by every id that it names, and only then by name.

An id counts also without what is behind it: the log names "{guid}_Limit" where Graph lists "{guid}", and the other way
round, and an assignment by its policy's id with the target behind it. A name counts only where one policy of the
event's types has it, and never for something that was just created: that has no row yet, and may share its name.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from db.clock import utcnow
from db.database import database
from db.models import Policy, Tenant, TenantEvent, TenantEventPolicy
from db.sql import upserts
from db.sql.value_lists import batched

# An event waits for its policy so long: a backup lists it within a day or two.
WAITS_FOR = timedelta(days=30)
MOST_WAITING = 2000
CREATED = "create"


class KnownPolicies:
    """A tenant's policies, to find those that events are about."""

    def __init__(self, tenant: Tenant) -> None:
        self._by_id: dict[str, set[int]] = {}
        self._by_bare_id: dict[str, set[int]] = {}
        self._by_name: dict[tuple[str, str], set[int]] = {}
        self._type_of: dict[int, str] = {}
        fields = (Policy.id, Policy.policy_type, Policy.graph_id, Policy.name)
        for policy_id, policy_type, graph_id, name in Policy.select(*fields).where(Policy.tenant == tenant).tuples():
            folded = graph_id.casefold()
            self._type_of[policy_id] = policy_type
            self._by_id.setdefault(folded, set()).add(policy_id)
            self._by_bare_id.setdefault(_bare(folded), set()).add(policy_id)
            self._by_name.setdefault((policy_type, name.casefold()), set()).add(policy_id)

    def find(self, event: Mapping[str, Any]) -> set[int]:
        """Return the ids of the policies that an event, as columns, is about."""
        ids, types = [str(each).casefold() for each in event["object_ids"]], event["policy_types"]
        for known, form in ((self._by_id, str), (self._by_bare_id, _bare)):
            found: set[int] = set().union(*(known.get(form(each), set()) for each in ids))
            of_types = {policy_id for policy_id in found if self._type_of[policy_id] in types}
            if found:
                return of_types or found
        return self._find_by_name(event, types)

    def _find_by_name(self, event: Mapping[str, Any], types: Iterable[str]) -> set[int]:
        if event["operation"] == CREATED or not event["object_name"]:
            return set()
        name = event["object_name"].casefold()
        found: set[int] = set().union(*(self._by_name.get((key, name), set()) for key in types))
        return found if len(found) == 1 else set()


def _bare(graph_id: str) -> str:
    """Return an id without its token, its letter in front ("T_…", "A_…") and its suffix."""
    text = graph_id.rpartition("/")[2]
    before, _, behind = text.partition("_")
    return before if len(before) > 1 or not behind else behind.partition("_")[0]


def waits(event: Mapping[str, Any], found: set[int]) -> bool:
    """Tell whether an event is about a policy that we may get to know."""
    is_recent = event["at"] > utcnow() - WAITS_FOR
    return not found and bool(event["policy_types"]) and is_recent


def link(matches: Iterable[tuple[int, int, Any]]) -> None:
    """Record (event, policy, time of the event), in a transaction."""
    rows = [{"event": event, "policy": policy, "at": at} for event, policy, at in matches]
    for batch in batched(rows):
        key = (TenantEventPolicy.event, TenantEventPolicy.policy)
        upserts.insert_missing(TenantEventPolicy, key, batch)


def match_waiting(tenant: Tenant) -> int:
    """Match the events that wait for a policy with those that are known by now. Return how many were matched."""
    is_waiting = (TenantEvent.tenant == tenant) & TenantEvent.awaits_policy
    newest = TenantEvent.select().where(is_waiting).order_by(TenantEvent.at.desc()).limit(MOST_WAITING)
    waiting = list(newest)
    if not waiting:
        return 0
    known, too_old = KnownPolicies(tenant), utcnow() - WAITS_FOR
    found = {event: known.find(event.__data__) for event in waiting}
    settled = sorted(event.id for event in waiting if found[event] or event.at < too_old)
    with database.atomic():
        for batch in batched(settled):
            TenantEvent.update(awaits_policy=False).where(TenantEvent.id.in_(batch)).execute()
        link((event.id, policy, event.at) for event in waiting for policy in sorted(found[event]))
    return sum(1 for policies in found.values() if policies)
