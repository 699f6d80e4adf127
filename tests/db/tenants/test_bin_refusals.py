"""A bin that refused is remembered for a week, by its policy type, or until somebody checks the connection."""

from datetime import timedelta

from db.clock import utcnow
from db.models import Tenant
from db.tenants import bin_refusals


def test_refusals_end_by_themselves_and_by_a_check(app, cast):
    tenant = cast.contoso
    assert bin_refusals.refusals(tenant) == {}
    bin_refusals.remember(tenant, "namedLocations", "No." * 400)
    bin_refusals.remember(tenant, "groups", "Never.")
    held = Tenant.get_by_id(tenant.id).bin_refusals
    assert bin_refusals.refusals(tenant) == {"namedLocations": held["namedLocations"]["why"], "groups": "Never."}
    assert len(held["namedLocations"]["why"]) == 500
    old = {**held, "groups": {"why": "Never.", "at": (utcnow() - timedelta(days=8)).isoformat()}}
    Tenant.update(bin_refusals=old).execute()
    assert bin_refusals.refusals(tenant).keys() == {"namedLocations"}
    bin_refusals.ask_again(tenant)
    assert bin_refusals.refusals(tenant) == {}
