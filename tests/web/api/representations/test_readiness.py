"""A tenant without a report is told as one that was not judged, never as one of which nothing comes back."""

from db.models import Tenant
from web.api.representations.readiness import readiness


def test_nothing_is_said_of_a_tenant_without_a_report():
    told = readiness(Tenant(id=1, name="Contoso"), None)
    assert (told["share"], told["seconds"], told["made_at"], told["counts"]) == (None, None, None, {})
