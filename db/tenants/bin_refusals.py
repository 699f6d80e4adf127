"""Bins that a tenant did not let us look into: not asked again for a week, unless somebody checks the connection."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from db.clock import is_recent, utcnow
from db.database import transaction
from db.models import Tenant

ASKED_AGAIN_AFTER = timedelta(days=7)
_LONGEST = 500


def refusals(tenant: Tenant) -> dict[str, str]:
    """Return {policy type: why its bin refused us} of refusals that still hold."""
    row = Tenant.select(Tenant.bin_refusals).where(Tenant.id == tenant.id).first()
    held: Mapping[str, Mapping[str, str]] = (row.bin_refusals if row else None) or {}
    return {kind: refusal["why"] for kind, refusal in held.items() if _holds(refusal)}


def _holds(refusal: Mapping[str, str]) -> bool:
    return is_recent(datetime.fromisoformat(refusal["at"]), ASKED_AGAIN_AFTER, utcnow())


@transaction
def remember(tenant: Tenant, policy_type: str, why: str) -> None:
    row = Tenant.select(Tenant.bin_refusals).where(Tenant.id == tenant.id).get()
    held = {**(row.bin_refusals or {}), policy_type: {"why": why[:_LONGEST], "at": utcnow().isoformat()}}
    Tenant.update(bin_refusals=held).where(Tenant.id == tenant.id).execute()


def ask_again(tenant: Tenant) -> None:
    """Forget the refusals: somebody may have granted what was missing."""
    Tenant.update(bin_refusals=None).where((Tenant.id == tenant.id) & Tenant.bin_refusals.is_null(False)).execute()
