"""A tenant as programs see it says how it stands, and why."""

from datetime import datetime

from db.audit.audit import SYSTEM
from db.events import watches
from db.models import Coverage, Tenant
from db.states import Offer, Standing
from web.api.representations import tenants


def test_a_tenant_says_how_it_stands_how_fresh_it_is_and_what_is_not_covered(cast):
    at = datetime(2026, 11, 1)
    Coverage.create(tenant=cast.contoso, policy_type="a", offer=Offer.NOT_PERMITTED, bad_since=at, why="Refused.")
    Coverage.create(tenant=cast.contoso, policy_type="b", offer=Offer.NOT_OFFERED, why="No licence.")
    watches.set_watched(cast.contoso, True, SYSTEM)
    document = tenants.whole(cast.contoso)
    assert document["standing"] == Standing.NEVER
    assert document["findings"][1] == {"standing": Standing.UNPERMITTED, "why": "", "policy_types": ["a"]}
    assert [(row["policy_type"], row["bad_since"]) for row in document["not_covered"]] == [
        ("a", "2026-11-01T00:00:00Z"),
        ("b", None),
    ]
    assert document["freshness"] == {"is_watched": True, "captured_up_to": None, "error": None}


def test_a_tenant_that_is_switched_off_has_no_standing(cast):
    Tenant.update(is_active=False).where(Tenant.id == cast.fabrikam.id).execute()
    assert [(row["name"], row["standing"]) for row in tenants.many(list(Tenant.select().order_by(Tenant.name)))] == [
        ("Contoso", "never_backed_up"),
        ("Fabrikam", None),
    ]
