"""Refused starts, with a key and without."""

import pytest

from db.audit.audit import SYSTEM
from db.housekeeping import tenant_switch
from db.models import ApiStart, Run

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_refused_start_keeps_nothing_under_its_key(api, cast):
    program, path = api(cast.ada), f"/tenants/{cast.contoso.id}/back-ups"
    refused = program.post(path, {"policy_types": ["none"]}, headers={"Idempotency-Key": "k"})
    assert (refused.status_code, "There is no policy type none" in refused.json["detail"]) == (422, True)
    assert not ApiStart.select().exists()
    assert program.post(path, {}, headers={"Idempotency-Key": "k"}).status_code == 202


def test_nothing_starts_in_a_tenant_that_is_switched_off(api, cast):
    tenant_switch.switch_off(cast.contoso, SYSTEM)
    answer = api(cast.ada).post(f"/tenants/{cast.contoso.id}/sync", headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.mimetype) == (409, "application/problem+json")
    assert not Run.select().exists()
