"""Expiries: what runs out in a tenant, as it was read last, once a day beside a sync or a backup."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from db.clock import utcnow
from db.models import Expiry, Tenant
from db.sql import upserts

READ_INTERVAL = timedelta(hours=20)
# Days before the end from which on it is said, the last words first.
WARNINGS = ((7, "bad"), (30, "warn"))
# Parts of what is said of one: each is a text of its own for translation.
DOT = " · "
# What Microsoft's model calls states -> words for them.
STATES: Mapping[str, str] = {
    "active": "active",
    "assignedToExternalMDM": "assigned to another MDM",
    "available": "available",
    "bound": "bound",
    "boundAndValidated": "bound and validated",
    "duplicateLocationId": "its location id is taken",
    "enabled": "enabled",
    "error": "error",
    "expired": "expired",
    "inactive": "inactive",
    "invalid": "invalid",
    "none": "no state",
    "onboarded": "onboarded",
    "onboarding": "being onboarded",
    "paused": "paused",
    "rejected": "rejected",
    "revoked": "revoked",
    "signingPending": "waits to be signed",
    "unbinding": "being unbound",
    "unknown": "unknown",
    "unresponsive": "does not answer",
    "valid": "valid",
}


def are_due(tenant: Tenant) -> bool:
    read_at = Tenant.get_by_id(tenant.id).expiries_at
    return read_at is None or read_at < utcnow() - READ_INTERVAL


def save(tenant: Tenant, kinds: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Save all expiries of these kinds, in a transaction. Kinds that could not be read stay as they were seen last."""
    now = utcnow()
    Tenant.update(expiries_at=now).where(Tenant.id == tenant.id).execute()
    shown = [Expiry.name, Expiry.expires_at, Expiry.state, Expiry.is_well, Expiry.seen_at]
    key = (Expiry.tenant, Expiry.kind, Expiry.object_id)
    upserts.insert_or_update(Expiry, key, [{**row, "tenant": tenant.id, "seen_at": now} for row in rows], shown)
    of_kinds = (Expiry.tenant == tenant) & Expiry.kind.in_(list(kinds))
    Expiry.delete().where(of_kinds & (Expiry.seen_at < now)).execute()


def of_tenant(tenant: Tenant) -> list[Expiry]:
    """Return the tenant's expiries: those that end soonest first, then those without an end."""
    expiries = Expiry.select().where(Expiry.tenant == tenant)
    return list(expiries.order_by(Expiry.expires_at.asc(nulls="last"), Expiry.kind, Expiry.name))


def describe(expiry: Expiry, now: datetime) -> tuple[str, str]:
    """Return (how urgent: "bad", "warn", "good" or "muted"; a few words, in parts between dots)."""
    if not expiry.object_id:
        return "muted", expiry.state  # a kind that could not be read
    if expiry.expires_at is None:
        return ("good" if expiry.is_well else "bad"), _state_words(expiry.state) or "is there"
    days = (expiry.expires_at - now).days
    urgent = next((how for limit, how in WARNINGS if days < limit), "good") if expiry.is_well else "bad"
    parts = [_end_words(days), "" if expiry.is_well else _state_words(expiry.state)]
    return urgent, DOT.join(filter(None, parts))


def _end_words(days: int) -> str:
    if days < 0:
        return "has ended"
    if days == 0:
        return "ends today"
    return "ends in 1 day" if days == 1 else f"ends in {days} days"


def _state_words(told: str) -> str:
    state, *rest = told.split(DOT)
    return DOT.join((STATES.get(state, spaced(state)), *rest))


def spaced(state: str) -> str:
    """Write a state of Graph's as words: “bound and validated” for boundAndValidated."""
    return re.sub(r"(?<=[a-z])[A-Z]+(?![a-z])|(?<=[a-z])[A-Z]", lambda hump: f" {_lowered(hump[0])}", state)


def _lowered(capitals: str) -> str:
    return capitals if len(capitals) > 1 else capitals.lower()
