"""The field in which one types which tenant is meant."""

import pytest

from db.models import Schedule
from tests.web.views.tenants.test_schedules import form

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order"),
]


@pytest.mark.parametrize("typed", ["nobody is called so", "Fabrikam", ""])
def test_a_tenant_that_one_does_not_manage_is_found_by_no_name(client, sign_in, cast, typed):
    sign_in(client, cast.max)
    answer = client.post("/schedules/", data=form(client, cast, tenant=typed))
    assert answer.status_code == 400
    assert not Schedule.select().exists()
