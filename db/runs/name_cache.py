"""The names behind ids in assignments: looked up once in a run, whichever worker needs them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import peewee as pw

from db.clock import utcnow
from db.models import DirectoryName, Tenant
from db.sql import upserts, value_lists

# A service principal's name is the id of its app.
KINDS = (
    "groups", "filters", "principals", "users", "servicePrincipals", "principalNames", "agentIdentities",
)  # fmt: skip


def seen_since(tenant: Tenant, begin: datetime) -> dict[str, dict[str, str | None]]:
    """Return {"groups": {id: name}, "filters": {id: name}} as looked up since then. A deleted object's name is None."""
    names: dict[str, dict[str, str | None]] = {kind: {} for kind in KINDS}
    is_recent = (DirectoryName.seen_at >= begin) & (DirectoryName.kind << KINDS)
    for row in DirectoryName.select().where((DirectoryName.tenant == tenant) & is_recent):
        names[row.kind][row.object_id] = row.name
    return names


def names_by_id(tenant: Tenant | int, ids: Collection[str]) -> dict[str, str]:
    """Return the last known names of the tenant's groups, filters, people and apps with these ids."""
    is_one = (
        (DirectoryName.tenant == tenant)
        & (DirectoryName.kind != KINDS[2])
        & (DirectoryName.kind << KINDS)
        & DirectoryName.name.is_null(False)
    )
    names: dict[str, str] = {}
    for batch in value_lists.batched(sorted(ids)):
        rows = DirectoryName.select(DirectoryName.object_id, DirectoryName.name)
        names |= dict(rows.where(is_one & DirectoryName.object_id.in_(batch)).tuples())
    return names


def objects_named(tenant_ids: Collection[int], name: str) -> dict[int, list[tuple[str, str, str]]]:
    """Return tenant id -> (kind, object id, name) of the groups and users that were seen there with this name."""
    query = DirectoryName.select(
        DirectoryName.tenant, DirectoryName.kind, DirectoryName.object_id, DirectoryName.name
    ).where(
        value_lists.is_in(DirectoryName.tenant, tenant_ids)
        & (DirectoryName.kind << ("groups", "users"))
        & (pw.fn.LOWER(DirectoryName.name) == name.lower())
    )
    found: dict[int, list[tuple[str, str, str]]] = {}
    for tenant_id, *of_object in query.order_by(DirectoryName.kind, DirectoryName.object_id).tuples():
        found.setdefault(tenant_id, []).append(tuple(of_object))
    return found


def merge_names(references: Iterable[Mapping[str, Mapping[str, str | None]]]) -> dict[str, dict[str, str | None]]:
    """Merge the names that several policies' references hold."""
    names: dict[str, dict[str, str | None]] = {kind: {} for kind in KINDS}
    for references_of_policy in references:
        for kind in KINDS:
            names[kind] |= references_of_policy.get(kind, {})
    return names


def save_names(tenant: Tenant, names: Mapping[str, Mapping[str, str | None]]) -> None:
    _save([(tenant.id, kind, object_id, name) for kind in KINDS for object_id, name in names.get(kind, {}).items()])


def _save(names: Iterable[tuple[int, str, str, str | None]]) -> None:
    now = utcnow()
    rows = [
        {"tenant": tenant_id, "kind": kind, "object_id": object_id, "name": name and name[:1000], "seen_at": now}
        for tenant_id, kind, object_id, name in names
    ]
    key = (DirectoryName.tenant, DirectoryName.kind, DirectoryName.object_id)
    upserts.insert_or_update(DirectoryName, key, rows, [DirectoryName.name, DirectoryName.seen_at])


# --- what a tenant itself is called ----------------------------------------------------------------------------------

DOMAINS, MAX_DOMAIN_LENGTH = "domains", 80
INITIAL, DEFAULT, VERIFIED = "initial", "default", "verified"


def save_domains(tenant: Tenant, domains: Mapping[str, str]) -> None:
    """Save the tenant's domains. `domains`: each in small letters -> INITIAL, DEFAULT or VERIFIED."""
    _save(
        [(tenant.id, DOMAINS, domain, sort) for domain, sort in domains.items() if 0 < len(domain) <= MAX_DOMAIN_LENGTH]
    )


def domains_of_directory(directory_id: str) -> dict[str, str]:
    """Return the saved domains; none for a tenant that is not ours."""
    rows = (
        DirectoryName.select(DirectoryName.object_id, DirectoryName.name)
        .join(Tenant)
        .where((Tenant.directory_id == directory_id) & (DirectoryName.kind == DOMAINS))
    )
    return {str(domain): str(sort) for domain, sort in rows.tuples()}


def known_names(tenant: Tenant) -> Iterable[tuple[str, str, str]]:
    """Return (kind, id, name) of every directory object of the tenant whose name was seen."""
    names = DirectoryName.select(DirectoryName.kind, DirectoryName.object_id, DirectoryName.name).where(
        (DirectoryName.tenant == tenant) & (DirectoryName.kind << KINDS) & DirectoryName.name.is_null(False)
    )
    return list(names.tuples())
