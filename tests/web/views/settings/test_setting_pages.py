"""Which policies set a setting: in words, for the reader's tenants alone."""

import csv
import io
import re

import pytest

from actors.reading import policy_index
from db.audit.audit import SYSTEM
from tests.support.captures import capture_by_hand
from tests.support.definitions import know

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CAMERA = "device_vendor_msft_policy_config_camera_allowcamera"


@pytest.fixture
def indexed(captured):
    """Each policy allows the camera, but Contoso's first; all of them name a wallpaper in text."""
    options = {f"{CAMERA}_0": "Not allowed.", f"{CAMERA}_1": "Allowed."}
    know(CAMERA, "Allow Camera", description="<b>Turns</b> it on.", options=options)
    for number, (policy, _, _) in enumerate(captured):
        chosen = {"settingDefinitionId": CAMERA, "choiceSettingValue": {"value": f"{CAMERA}_{min(number, 1)}"}}
        text = {"settingDefinitionId": "wallpaper", "simpleSettingValue": {"value": "Quarterly & plan"}}
        settings = [{"settingInstance": chosen}, {"settingInstance": text}]
        capture_by_hand(policy, SYSTEM, {"name": policy.name, "settings": settings})
    policy_index.index_later(policy_index.find_missing(()))
    return captured


def text_of(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def policies_on(page):
    return [int(number) for number in re.findall(r'href="/policies/(\d+)"', page)]


def test_a_setting_is_found_by_microsofts_words_and_by_its_value_and_leads_to_its_policies(
    client, sign_in, cast, indexed
):
    sign_in(client, cast.root)
    for asked, expected in (
        ("allow+camera", True),
        ("camera+not+allowed", True),
        (CAMERA, True),
        ("camera+maybe", False),
    ):
        page = text_of(client, f"/settings/?q={asked}")
        assert (f'href="/settings/of?key={CAMERA}"' in page) is expected, asked
    page = text_of(client, f"/settings/of?key={CAMERA.upper()}")
    assert policies_on(page) == [policy.id for policy, _, _ in indexed]
    assert "&lt;b&gt;Turns&lt;/b&gt; it on." in page
    narrowed = re.search(r'href="(/settings/of\?[^"]*)"[^>]*>Not allowed\. · 1', page)[1].replace("&amp;", "&")
    assert policies_on(text_of(client, narrowed)) == [indexed[0][0].id]
    wallpaper = text_of(client, "/settings/of?key=wallpaper")
    assert "a text, which the policy shows" in wallpaper
    assert "Quarterly" not in wallpaper
    rows = list(csv.reader(io.StringIO(text_of(client, f"/settings/of/export.csv?key={CAMERA}").lstrip("\ufeff"))))
    assert [row[4] for row in rows] == ["value", "Not allowed."] + ["Allowed."] * (len(indexed) - 1)


def test_nobody_learns_what_other_tenants_set(app, sign_in, cast, indexed):
    for who, own in ((cast.rita, cast.contoso), (cast.sam, cast.fabrikam)):
        client = sign_in(app.test_client(), who)
        expected = [policy.id for policy, _, _ in indexed if policy.tenant_id == own.id]
        for address in (f"/settings/of?key={CAMERA}", f"/settings/of?key={CAMERA}&tenant=all"):
            assert policies_on(text_of(client, address)) == expected
        other = cast.fabrikam if own == cast.contoso else cast.contoso
        assert "No policy of yours sets it." in text_of(client, f"/settings/of?key=wallpaper&tenant={other.id}")
        assert "No policy of yours" in text_of(client, f"/settings/?q=wallpaper&tenant={other.id}")
    assert sign_in(app.test_client(), cast.audra).get("/settings/").status_code == 403
