"""A tenant's policy beside the standard's item: for its members alone, with values, and without secrets."""

import pytest

from actors.standards.comparing import compare
from db.clock import utcnow
from db.models import StandardException, User
from db.states import ExceptionKind, SiteRole
from tests.support.standard_rows import PROFILES, follow, guid, has, item_of, new_standard, version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WIFI = {"@odata.type": "#microsoft.graph.windowsWifiConfiguration", "displayName": "Wi-Fi", "ssid": "Corp"}


def test_members_see_what_differs_and_what_is_allowed_and_others_nothing(client, sign_in, cast):
    standard = new_standard()
    version_of(standard, item_of("w", {**WIFI, "networkName": "Office"}, PROFILES), item_of("n", WIFI, PROFILES))
    adoption = follow(standard, cast.contoso)
    follow(standard, cast.fabrikam)
    live = {**WIFI, "ssid": "Our <own>", "networkName": "Lobby", "preSharedKey": "hush-hush-hush"}
    has(adoption, "w", guid(1), live, PROFILES)
    StandardException.create(
        standard=standard, tenant=cast.contoso, item_key="w", kind=ExceptionKind.OTHERWISE, paths=["body/ssid"],
        reason="Older access points", approved_at=utcnow(),
    )  # fmt: skip
    compare(adoption.id)
    address = f"/standards/{standard.id}/tenants/{cast.contoso.id}/difference"
    sign_in(client, cast.rita)
    page = client.get(f"{address}?key=w").text
    counted, excused = page.split('id="excused"')
    assert "Lobby" in counted
    assert "Office" in counted
    assert "Our &lt;own&gt;" not in counted
    assert "Our &lt;own&gt;" in excused
    assert "hush" not in page
    assert "There is no snapshot" in client.get(f"{address}?key=n").text
    assert client.get(f"{address}?key=unknown").status_code == 404
    assert client.get(f"/standards/{standard.id}/tenants/{cast.fabrikam.id}/difference?key=w").status_code == 403
    sign_in(client, cast.audra)
    User.update(site_role=SiteRole.STANDARD_EDITOR).where(User.id == cast.audra.id).execute()
    assert client.get(f"{address}?key=w").status_code == 403


def test_a_document_of_the_standing_is_asked_for_by_members_and_of_what_the_tenant_follows(client, sign_in, cast):
    standard, other = new_standard(), new_standard("Other")
    version_of(standard, item_of("w", WIFI, PROFILES))
    follow(standard, cast.contoso)
    sign_in(client, cast.rita)
    asked = f"/documents/new?tenant={cast.contoso.id}&standard="
    assert "Of how Contoso has" in client.get(f"{asked}{standard.id}").text
    assert client.get(f"{asked}{other.id}").status_code == client.get(f"{asked}x").status_code == 404
    assert "/documents/new?tenant=" in client.get(f"/standards/{standard.id}/tenants/{cast.contoso.id}").text
    assert client.get(f"/documents/new?tenant={cast.fabrikam.id}&standard={standard.id}").status_code == 403
