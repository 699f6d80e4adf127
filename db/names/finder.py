"""Search over tenants, policies, restores, runs and backup sets: by name, by number, and by what people wrote.

Only rows of the tenants given are looked for; None: of all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any

import peewee as pw

from db.models import BackupSet, Policy, Restore, Run, Snapshot, Tenant
from db.policies import search
from db.schema.row_ids import MAX_ID
from db.sql.value_lists import is_in, is_in_if_given

SHOWN = 6
MAX_WORDS = 5
# Reasons are read as they stand, of the newest: more than any installation restores in a year.
REASONS_READ = 10_000


@dataclass
class FoundThings:
    """The first of each, the newest first; tenants by name."""

    tenants: list[Tenant] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    restores: list[Restore] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    sets: list[BackupSet] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)


def find(text: str, tenant_ids: Sequence[int] | None) -> FoundThings:
    words = text.split()[:MAX_WORDS]
    if not words:
        return FoundThings()
    number = _number(words)
    return FoundThings(
        tenants=list(tenants_named(words, tenant_ids)),
        policies=list(policies_named(words, tenant_ids)),
        restores=_by_number(Restore, number, tenant_ids) + list(_restores(words, tenant_ids)),
        runs=_by_number(Run, number, tenant_ids, Run.parent.is_null()),
        sets=_by_number(BackupSet, number, tenant_ids) + list(_sets(words, tenant_ids)),
        snapshots=_by_number(Snapshot, number, tenant_ids),
    )


def _number(words: list[str]) -> int | None:
    """Return the number that “41”, “#41” or “run 41” name."""
    digits = words[-1].lstrip("#")
    is_number = digits.isascii() and digits.isdigit() and len(digits) < 20
    return int(digits) if is_number and len(words) <= 3 and 0 < int(digits) <= MAX_ID else None


def _by_number(model: Any, number: int | None, tenant_ids: Sequence[int] | None, also: Any = True) -> list[Any]:
    if number is None:
        return []
    query = model.select(model, Tenant).join(Tenant, on=model.tenant)
    query = query.where((model.id == number) & is_in_if_given(model.tenant, tenant_ids))
    return list(query if also is True else query.where(also))


def tenants_named(words: Sequence[str], tenant_ids: Sequence[int] | None) -> Any:
    matches = reduce(and_, map(search.tenant_name_matches, words))
    query = Tenant.select().where(matches & is_in_if_given(Tenant.id, tenant_ids))
    return query.order_by(Tenant.name).limit(SHOWN)


def policies_named(words: Sequence[str], tenant_ids: Sequence[int] | None) -> Any:
    matches = reduce(and_, (search.policy_name_matches(word, Policy.id, tenant_ids) for word in words))
    ids = Policy.select(Policy.id).where(matches & is_in_if_given(Policy.tenant, tenant_ids))
    found = [row[0] for row in ids.order_by(Policy.id.desc()).limit(SHOWN).tuples()]
    return Policy.select(Policy, Tenant).join(Tenant).where(is_in(Policy.id, found)).order_by(Policy.id.desc())


def _restores(words: list[str], tenant_ids: Sequence[int] | None) -> Any:
    return _with_reason(Restore, Restore.reason, words, tenant_ids)


def _sets(words: list[str], tenant_ids: Sequence[int] | None) -> Any:
    return _with_reason(BackupSet, BackupSet.pinned_reason, words, tenant_ids)


def _with_reason(model: Any, reason: Any, words: list[str], tenant_ids: Sequence[int] | None) -> Any:
    newest = model.select(pw.fn.MAX(model.id)).scalar() or 0
    is_said = reduce(and_, (reason.contains(word) for word in words))
    query = model.select(model, Tenant).join(Tenant, on=model.tenant)
    scope = (model.id > newest - REASONS_READ) & is_in_if_given(model.tenant, tenant_ids)
    return query.where(scope & is_said).order_by(model.id.desc()).limit(SHOWN)


def rows_by_id(model: Any, ids: Sequence[int], tenant_ids: Sequence[int] | None) -> dict[int, Any]:
    """Return id -> row, in the order of the ids, of those that there still are in these tenants."""
    tenant = model.id if model is Tenant else model.tenant
    query = model.select().where(is_in(model.id, ids) & is_in_if_given(tenant, tenant_ids))
    found = {row.id: row for row in query} if ids else {}
    return {number: found[number] for number in ids if number in found}
