"""`/readiness/` and a tenant's own page: who may see it, and who may have it judged."""

import pytest

from db.models import ReadinessReport, Run, Tenant, TenantReadiness
from db.states import RunKind
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.get_data(as_text=True).split())


def test_a_reader_looks_and_an_operator_assesses(client, sign_in, cast):
    path = f"/tenants/{cast.contoso.id}/readiness"
    sign_in(client, cast.rita)
    assert "Assess now" not in text(client, path)
    assert client.post(path, data={"csrf_token": csrf_token(client, "/")}).status_code == 403
    sign_in(client, cast.ada)
    assert "Assess now" in text(client, path)
    assert client.post(path, data={"csrf_token": csrf_token(client, "/")}).status_code == 303
    run = Run.get(Run.kind == RunKind.READINESS)
    assert (run.tenant_id, run.requested_by_id) == (cast.contoso.id, cast.ada.id)
    Tenant.update(is_active=False).where(Tenant.id == cast.contoso.id).execute()
    assert "Assess now" not in text(client, path)


def test_a_share_of_nothing_is_no_good_news(client, sign_in, cast):
    counts = {"by_itself": 0, "by_hand": 0, "not": 0}
    report = ReadinessReport.create(tenant=cast.contoso, share=1.0, counts=counts, reasons={}, seconds=0)
    TenantReadiness.create(tenant=cast.contoso, report=report)
    sign_in(client, cast.ada)
    page = text(client, f"/tenants/{cast.contoso.id}/readiness")
    assert "There was nothing to judge" in page
    assert "100 %" not in page
    assert "nothing to judge" in text(client, "/readiness/")
