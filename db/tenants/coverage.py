"""Coverage: is a policy type offered in a tenant, and does the last backup hold all of it?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from db.clock import is_recent, utcnow
from db.database import lock_rows
from db.models import Coverage, Tenant
from db.sql import upserts
from db.sql.value_lists import is_in
from db.states import QUIET_OFFERS, Offer

# A type that a tenant does not offer is asked for again this often: a licence may have been bought.
ASK_AGAIN_AFTER = timedelta(days=7)
KEY = (Coverage.tenant, Coverage.policy_type)


def record_offer(tenant: Tenant, policy_type: str, offer: Offer, why: str | None = None) -> None:
    """Record whether the tenant offers the policy type, as its list said just now."""
    values = {Coverage.offer: offer, Coverage.asked_at: utcnow()}
    if offer != Offer.OFFERED:
        values[Coverage.why] = why and why[:1000]
    if offer in QUIET_OFFERS:
        values[Coverage.bad_since] = None  # nothing is missing
    _save(tenant.id, policy_type, values)


def record_lists(tenant: Tenant, lists: Mapping[str, tuple[datetime, str]]) -> dict[str, datetime | None]:
    """Record whole lists: policy type -> when it was begun, and by which rules it was made.

    Return policy type -> when it was whole before by the same rules; None: it never was. It takes the types' rows, so
    that two lists of one type are recorded one after the other.
    """
    if not lists:
        return {}
    are_they = (Coverage.tenant == tenant) & Coverage.policy_type.in_(sorted(lists))
    lock_rows(Coverage, are_they)
    columns = (Coverage.policy_type, Coverage.id, Coverage.listed_at, Coverage.listed_by)
    known = {policy_type: facts for policy_type, *facts in Coverage.select(*columns).where(are_they).tuples()}
    now, before, rows = utcnow(), dict[str, datetime | None](), []
    for policy_type, (began, rules) in sorted(lists.items()):
        _, listed_at, listed_by = known.get(policy_type, (None, None, None))
        before[policy_type] = listed_at if listed_by in (None, rules) else None
        rows.append(
            {
                "tenant": tenant.id,
                "policy_type": policy_type,
                "offer": Offer.OFFERED,
                "asked_at": now,
                "listed_at": max(began, listed_at) if listed_at else began,
                "listed_by": rules,
            }
        )
    known_ids = {(tenant.id, policy_type): facts[0] for policy_type, facts in known.items()}
    renewed = (Coverage.offer, Coverage.asked_at, Coverage.listed_at, Coverage.listed_by)
    upserts.insert_or_update(Coverage, KEY, rows, renewed, known_ids)
    return before


def is_offered(tenant: Tenant, policy_type: str) -> bool:
    """Return whether the tenant offered the policy type when it was asked last."""
    is_one = (Coverage.tenant == tenant) & (Coverage.policy_type == policy_type) & (Coverage.offer == Offer.OFFERED)
    return bool(Coverage.select().where(is_one).exists())


def is_bad_of_late(tenant: Tenant, policy_type: str) -> bool:
    """Return whether nothing bad was known of the type a week ago. After that “not offered” is believed, whatever the
    tenant has.
    """
    known = Coverage.get_or_none((Coverage.tenant == tenant) & (Coverage.policy_type == policy_type))
    return known is None or known.bad_since is None or is_recent(known.bad_since, ASK_AGAIN_AFTER, utcnow())


def _save(tenant_id: int, policy_type: str, values: Mapping[Any, object]) -> None:
    row = {"tenant": tenant_id, "policy_type": policy_type} | {field.name: value for field, value in values.items()}
    upserts.insert_or_update(Coverage, KEY, [row], list(values))


def not_offered(tenant: Tenant) -> dict[str, str]:
    """Return policy type -> why, for types that need not be asked for again yet."""
    rows = Coverage.select(Coverage.policy_type, Coverage.why).where(
        (Coverage.tenant == tenant)
        & (Coverage.offer == Offer.NOT_OFFERED)
        & is_recent(Coverage.asked_at, ASK_AGAIN_AFTER, utcnow())
    )
    return {policy_type: why or "" for policy_type, why in rows.tuples()}


def record_backup(tenant_id: int, began: datetime, good: Iterable[str], bad: Mapping[str, str]) -> None:
    """Record a backup that ended: it holds all of the types `good`; `bad` says why it lacks some of the others."""
    good = set(good)
    # All of them in rising order of their ids, before any is written: two that end at once wait for each other once.
    lock_rows(Coverage, (Coverage.tenant == tenant_id) & Coverage.policy_type.in_(sorted(good | bad.keys())))
    columns = (Coverage.policy_type, Coverage.id, Coverage.bad_since)
    known = {key: facts for key, *facts in Coverage.select(*columns).where(Coverage.tenant == tenant_id).tuples()}
    ids = {(tenant_id, key): facts[0] for key, facts in known.items()}
    bad_rows = [
        {
            "tenant": tenant_id,
            "policy_type": key,
            "bad_since": known.get(key, (None, None))[1] or began,
            "why": bad[key][:1000],
        }
        for key in sorted(bad.keys() - good)
    ]
    upserts.insert_or_update(Coverage, KEY, bad_rows, (Coverage.bad_since, Coverage.why), ids)
    good_rows = [
        {"tenant": tenant_id, "policy_type": key, "good_at": began, "bad_since": None, "why": None}
        for key in sorted(good)
    ]
    upserts.insert_or_update(Coverage, KEY, good_rows, (Coverage.good_at, Coverage.bad_since, Coverage.why), ids)


def exceptions_by_tenant(tenant_ids: Sequence[int] | None) -> dict[int, list[Coverage]]:
    """Return tenant id -> coverage that the last backup lacks some of, the oldest first; None: of every tenant."""
    query = (
        Coverage.select().where(Coverage.bad_since.is_null(False)).order_by(Coverage.bad_since, Coverage.policy_type)
    )
    if tenant_ids is not None:
        query = query.where(is_in(Coverage.tenant, tenant_ids))
    by_tenant: dict[int, list[Coverage]] = {}
    for row in query:
        by_tenant.setdefault(row.tenant_id, []).append(row)
    return by_tenant


def uncovered(tenant: Tenant) -> list[Coverage]:
    """Return what the last backup does not hold all of, the oldest first, and then what it does not have to hold."""
    quiet = Coverage.select().where((Coverage.tenant == tenant) & Coverage.offer.in_(QUIET_OFFERS))
    excepted = exceptions_by_tenant([tenant.id]).get(tenant.id, [])
    order = (Coverage.offer.desc(), Coverage.policy_type)
    return [*excepted, *quiet.where(Coverage.bad_since.is_null()).order_by(*order)]


def was_listed(tenant: Tenant, policy_type: str) -> bool:
    """Return whether the tenant's policies of the type were ever listed whole: then each that it has is known."""
    is_one = (Coverage.tenant == tenant) & (Coverage.policy_type == policy_type)
    return bool(Coverage.select().where(is_one & Coverage.listed_at.is_null(False)).exists())
