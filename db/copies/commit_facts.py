"""Facts that a commit of a set tells: what was seen changed since the set before it, and whose restores did it."""

from collections.abc import Collection
from datetime import datetime

import peewee as pw

from db.models import Change, Policy, Restore, Tenant, User
from db.sql.value_lists import batched, is_in


def changes_seen(tenant: Tenant, since: datetime, until: datetime, most: int) -> list[Change]:
    """Return the tenant's changes that were seen after `since`, until then, the first first; each with its policy."""
    seen = (Change.tenant == tenant) & (Change.seen_at > since) & (Change.seen_at <= until)
    rows = Change.select(Change, Policy).join(Policy).where(seen)
    return list(rows.order_by(Change.seen_at, Change.id).limit(most))


def people_of_restores(restore_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return restore id -> (name, address) of the person who last said what it was to do."""
    found: dict[int, tuple[str, str]] = {}
    last = pw.fn.COALESCE(Restore.changed_by, Restore.created_by)
    for some in batched(sorted(restore_ids)):
        columns = (Restore.id, User.name, User.email)
        who = Restore.select(*columns).join(User, on=(User.id == last)).where(is_in(Restore.id, some))
        found |= {restore_id: (name, email) for restore_id, name, email in who.tuples()}
    return found


def graph_ids_of(policy_ids: Collection[int]) -> set[str]:
    """Return the ids that these policies have in Graph."""
    found: set[str] = set()
    for some in batched(sorted(policy_ids)):
        found |= {row[0] for row in Policy.select(Policy.graph_id).where(is_in(Policy.id, some)).tuples()}
    return found
