"""Which tenants an act on many is about."""

import pytest

from db.audit.audit import SYSTEM
from db.models import Tenant
from db.tenants import tags

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_all_that_the_list_shows_are_chosen_over_its_pages(client, cast, sign_in):
    sign_in(client, cast.root)
    made = [Tenant.create(name=f"Tenant {number:02}", directory_id=f"{number}", client_id="x") for number in range(45)]
    for tenant in made[:30]:
        tags.replace(tenant, ["gold"], SYSTEM)
    listed = client.get("/tenants/?tag=gold").get_data(as_text=True)
    assert "all 30, over all pages" in listed
    page = client.get("/tenants/acts?all=yes&tag=gold").get_data(as_text=True)
    assert "30 tenants: all that the list shows" in page
    preview = client.get("/tenants/acts/preview?all=yes&tag=gold&act=tags&add=silver").get_data(as_text=True)
    assert "Will be done for 30 tenants" in preview
    assert "Tenant 00" in preview
    assert "and 10 more" in preview


def test_what_one_may_not_see_is_chosen_by_nobody(client, cast, sign_in):
    sign_in(client, cast.max)
    both = f"{cast.contoso.id},{cast.fabrikam.id}"
    assert client.get(f"/tenants/acts?chosen={both}").status_code == 403
    assert client.get("/tenants/acts?chosen=999999").status_code == 404
    assert client.get("/tenants/acts?chosen=one").status_code == 404
    page = client.get("/tenants/acts?all=yes").get_data(as_text=True)
    assert "1 tenant: all that the list shows" in page
