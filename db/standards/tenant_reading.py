"""Reading what is known of a tenant, to compare it with a standard: a few statements, and no content is opened."""

from collections.abc import Collection, Iterable

import peewee as pw

from db.models import Change, Content, Coverage, Policy, Snapshot, Standard, StandardVersion, Tenant
from db.sql.value_lists import batched

# (policy type, Graph id)
PolicyKey = tuple[str, str]


def is_source(tenant: Tenant | int, standard: Standard | int) -> bool:
    """Tell whether the standard's first version was taken from the tenant: then its ids are the tenant's own."""
    first = (StandardVersion.standard == standard) & (StandardVersion.number == 1)
    return bool(StandardVersion.select().where(first & (StandardVersion.source_tenant == tenant)).exists())


def policies_by_key(tenant: Tenant, keys: Collection[PolicyKey]) -> dict[PolicyKey, Policy]:
    """Return the tenant's policies with these types and ids, those included that are gone."""
    found: dict[PolicyKey, Policy] = {}
    for graph_ids in batched(sorted({graph_id for _, graph_id in keys})):
        rows = Policy.select().where((Policy.tenant == tenant) & Policy.graph_id.in_(graph_ids))
        found |= {(row.policy_type, row.graph_id): row for row in rows}
    return {key: found[key] for key in keys if key in found}


def newest_snapshots(policy_ids: Iterable[int]) -> dict[int, Snapshot]:
    """Return policy id -> its newest snapshot, with its policy and its fingerprint."""
    newest: dict[int, Snapshot] = {}
    for some in batched(policy_ids):
        ids = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.policy.in_(some)).group_by(Snapshot.policy)
        columns = (Snapshot, Policy, Content.id, Content.fingerprint)
        rows = Snapshot.select(*columns).join(Policy).switch(Snapshot).join(Content).where(Snapshot.id.in_(ids))
        newest |= {row.policy_id: row for row in rows}
    return newest


def newest_changes(policy_ids: Iterable[int]) -> dict[int, int]:
    """Return policy id -> id of the newest change that was seen of it."""
    newest: dict[int, int] = {}
    for some in batched(policy_ids):
        rows = Change.select(Change.policy, pw.fn.MAX(Change.id)).where(Change.policy.in_(some))
        newest |= dict(rows.group_by(Change.policy).tuples())
    return newest


def coverage_by_type(tenant: Tenant) -> dict[str, Coverage]:
    return {row.policy_type: row for row in Coverage.select().where(Coverage.tenant == tenant)}
