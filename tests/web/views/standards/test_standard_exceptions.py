"""An exception of every tenant with a tag: an editor asks for it, an approver approves or refuses it."""

import pytest

from db.models import StandardException
from db.states import SiteRole
from tests.support.following import CATALOG, standard_of
from tests.web.views.standards.test_followers import send, text

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_an_exception_by_tag_is_the_installations(client, sign_in, cast):
    standard, _ = standard_of({"a": (CATALOG, {"name": "Ring"}, {})})
    address = f"/standards/{standard.id}/exceptions/"
    sign_in(client, cast.max)
    assert send(client, address, key="a", tag="gold", reason="r").status_code == 403
    cast.ada.site_role, cast.sam.site_role = SiteRole.STANDARD_EDITOR, SiteRole.STANDARD_APPROVER
    cast.ada.save(), cast.sam.save()
    sign_in(client, cast.ada)
    assert "no such item" in client.get(send(client, address, key="b", tag="gold", reason="r").location).text
    send(client, address, key="a", tag="gold", reason="no licence")
    [asked] = StandardException.select()
    assert send(client, f"{address}{asked.id}/approve").status_code == 403
    sign_in(client, cast.sam)
    assert "tenants tagged “gold”" in text(client, f"/standards/{standard.id}/tenants/")
    assert send(client, f"{address}{asked.id}/end", reason="they have it").status_code == 303
    assert StandardException.get().ended_at
    assert send(client, f"{address}99/end").status_code == 404
