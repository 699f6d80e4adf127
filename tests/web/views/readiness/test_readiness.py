"""`/readiness/` and a tenant's own page: who may see it, and who may have it judged."""

import pytest

from db.models import Run, Tenant
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
