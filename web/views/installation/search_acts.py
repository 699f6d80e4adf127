"""Acts that the search offers: “back up contoso” finds a button that backs Contoso up.

An act is found by a word that begins like one of its own, in English or in the reader's language; the other words name
the tenants or policies that it is for. Without any it is for the tenant that lists show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from db.models import Policy, Tenant
from db.names import finder
from db.states import PolicyState
from web.lists import preferences
from web.security.access import allowed_tenant_ids, can
from web.security.permissions import Permission
from web.translation.sentences import translated

MOST = 3
# Fewer letters begin too many words.
SHORTEST = 3


@dataclass(frozen=True)
class SearchAct:
    """An act on a tenant, or on a policy, by the POST route `endpoint`."""

    endpoint: str
    verb: str
    words: str
    icon: str
    is_of_policy: bool = False

    def begins(self, word: str) -> bool:
        known = f"{self.verb} {self.words} {translated(self.verb)}".casefold().split()
        return word in known or (len(word) >= SHORTEST and any(part.startswith(word) for part in known))

    def address_for(self, row: Any) -> str:
        name = "policy_id" if self.is_of_policy else "tenant_id"
        return url_for(self.endpoint, **{name: row.id})


ACTS = (
    SearchAct("tenants.back_up", "Back up", "backup", "archive"),
    SearchAct("tenants.sync", "Sync", "synchronise refresh", "refresh"),
    SearchAct("policies.capture_snapshot", "Capture snapshot", "", "camera", is_of_policy=True),
)


@dataclass(frozen=True)
class FoundAct:
    act: SearchAct
    # A tenant or a policy.
    row: Any


def find_acts(asked: str) -> list[FoundAct]:
    """Return the acts that were asked for and that this person may do."""
    words = asked.casefold().split()[: finder.MAX_WORDS]
    found: list[FoundAct] = []
    for act in ACTS:
        of_act = [word for word in words if act.begins(word)]
        if of_act:
            found += [FoundAct(act, row) for row in _rows(act, [word for word in words if word not in of_act])]
    return found


def _rows(act: SearchAct, names: Sequence[str]) -> list[Any]:
    ids = allowed_tenant_ids(Permission.OPERATE)
    if names:
        rows = finder.policies_named(names, ids) if act.is_of_policy else finder.tenants_named(names, ids)
    else:
        chosen = preferences.chosen_tenant()
        rows = [chosen] if chosen and not act.is_of_policy else []
    return [row for row in rows if _may_start(row)][:MOST]


def _may_start(row: Any) -> bool:
    tenant = row if isinstance(row, Tenant) else row.tenant
    is_there = not isinstance(row, Policy) or row.state == PolicyState.PRESENT
    return bool(tenant.is_active and is_there and can(Permission.OPERATE, tenant.id))
