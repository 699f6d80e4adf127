"""Tenants: what they are, how their backups stand, and how fresh what we know of them is."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from db.clock import utcnow
from db.events import watches
from db.models import Coverage, Tenant, Watch
from db.states import Offer, Standing
from db.tenants import backup_health, coverage, tags
from db.tenants.backup_health import TenantHealth
from web.api.representations.values import Id, Time, time_or_none


class TenantJson(TypedDict):
    """A tenant. `standing` is the worst that is found of it, and null where it is switched off."""

    id: Id
    name: str
    directory_id: str
    cloud: str
    is_active: bool
    tags: list[str]
    standing: Standing | None
    last_synced_at: Time | None
    last_backup_at: Time | None
    last_backup_set: Id | None
    next_backup_at: Time | None


class FindingJson(TypedDict):
    """One thing that keeps the tenant from standing well, and the policy types that it is about."""

    standing: Standing
    why: str
    policy_types: list[str]


class FreshnessJson(TypedDict):
    """Up to when everything that was changed is captured, of a tenant that is watched; `error` says why not further."""

    is_watched: bool
    captured_up_to: Time | None
    error: str | None


class CoverageJson(TypedDict):
    """A policy type that the last backup does not hold all of: since when, and why."""

    policy_type: str
    offer: Offer
    good_at: Time | None
    bad_since: Time | None
    why: str | None


class TenantDetailsJson(TenantJson):
    """A tenant with everything that is known of how it stands: what is found, how fresh it is, and what is not covered.

    What is not offered, or not licensed, is named in `not_covered` and is no failure.
    """

    connected_at: Time | None
    connection_error: str | None
    findings: list[FindingJson]
    freshness: FreshnessJson
    not_covered: list[CoverageJson]
    unsaved_changes: int


def many(tenants: Sequence[Tenant]) -> list[TenantJson]:
    ids = [tenant.id for tenant in tenants]
    healths = {health.tenant.id: health for health in backup_health.health_of_tenants(ids, utcnow())}
    names = tags.names_by_tenant(ids)
    return [_tenant(tenant, healths.get(tenant.id), names.get(tenant.id, [])) for tenant in tenants]


def _tenant(tenant: Tenant, health: TenantHealth | None, tag_names: list[str]) -> TenantJson:
    return {
        "id": tenant.id,
        "name": tenant.name,
        "directory_id": tenant.directory_id,
        "cloud": tenant.cloud,
        "is_active": tenant.is_active,
        "tags": tag_names,
        "standing": health.standing if health else None,
        "last_synced_at": time_or_none(tenant.last_synced_at),
        "last_backup_at": time_or_none(tenant.last_backup_at),
        "last_backup_set": tenant.last_backup_id,
        "next_backup_at": time_or_none(health.next_at if health else None),
    }


def whole(tenant: Tenant) -> TenantDetailsJson:
    health = next(iter(backup_health.health_of_tenants([tenant.id], utcnow())), None)
    return {
        **_tenant(tenant, health, tags.of_tenant(tenant)),
        "connected_at": time_or_none(tenant.connected_at),
        "connection_error": tenant.connection_error,
        "findings": [
            {
                "standing": finding.standing,
                "why": finding.why,
                "policy_types": [row.policy_type for row in finding.types],
            }
            for finding in (health.findings if health else ())
        ],
        "freshness": _freshness(watches.find(tenant)),
        "not_covered": [_coverage(row) for row in coverage.uncovered(tenant)],
        "unsaved_changes": backup_health.count_changes([tenant.id])[tenant.id],
    }


def _freshness(watch: Watch | None) -> FreshnessJson:
    if watch is None:
        return {"is_watched": False, "captured_up_to": None, "error": None}
    return {"is_watched": True, "captured_up_to": time_or_none(watch.fresh_at), "error": watch.error}


def _coverage(row: Coverage) -> CoverageJson:
    return {
        "policy_type": row.policy_type,
        "offer": row.offer,
        "good_at": time_or_none(row.good_at),
        "bad_since": time_or_none(row.bad_since),
        "why": row.why,
    }
