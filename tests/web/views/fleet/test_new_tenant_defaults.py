"""The page of what new tenants get."""

import pytest

from db.audit.audit import SYSTEM
from db.events import watches
from db.installation import tenant_defaults
from db.tenants import tags
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TYPED = {
    "has_schedule": "yes", "when": "weekdays", "time": "22:00", "time_zone": "Europe/Berlin", "has_retention": "yes",
    "last": "7", "daily": "14", "weekly": "0", "monthly": "0", "full_every_days": "", "tags": "gold, north",
    "members": "operator ada@example.com\nmanager MAX@example.com\n", "emergency_note": "SG-Break-Glass",
}  # fmt: skip


def test_an_admin_sets_them_and_a_tenants_page_says_in_what_it_differs(client, cast, sign_in):
    sign_in(client, cast.root)
    token = {"csrf_token": csrf_token(client, "/")}
    answer = client.post("/tenants/defaults", data={**TYPED, **token}, follow_redirects=True)
    page = answer.get_data(as_text=True)
    assert 'value="weekdays" selected' in page
    assert "gold, north" in page
    assert "manager max@example.com" in page
    row = tenant_defaults.of_tag()
    assert (row.cron, row.members) == ("0 22 * * 1-5", {"ada@example.com": "operator", "max@example.com": "manager"})
    tenant = client.get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)
    assert "Differs from the defaults for new tenants: schedule, retention, tags." in tenant
    assert "SG-Break-Glass" in tenant
    client.post("/tenants/defaults", data=token)
    assert tenant_defaults.differences(cast.contoso) == []


def test_defaults_of_a_tag_are_set_and_a_press_has_tenants_follow_them(client, cast, sign_in):
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    sign_in(client, cast.root)
    token = {"csrf_token": csrf_token(client, "/")}
    typed = {"tag": "gold", "watching": "yes", "watch_minutes": "3", "full_every_days": "5"}
    page = client.post("/tenants/defaults", data={**typed, **token}, follow_redirects=True).get_data(as_text=True)
    assert "For tenants tagged “Gold”" in page
    assert 'value="yes" selected' in page
    assert ">Gold</a>" in client.get("/tenants/defaults").get_data(as_text=True)
    answer = client.get("/tenants/defaults?tag=a,b")
    assert (answer.status_code, "Name one tag" in answer.get_data(as_text=True)) == (400, True)
    tenant = client.get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)
    assert "Differs from the defaults for new tenants: full re-read (of the tag Gold), watching" in tenant
    preview = client.get("/tenants/acts/preview?all=yes&act=defaults").get_data(as_text=True)
    assert "Will be done for 1 tenant" in preview
    assert "follows them already" in preview
    assert watches.find(cast.contoso) is None, "nothing before it is confirmed"
    client.post("/tenants/acts/do", data={"act": "defaults", "chosen": cast.contoso.id, **token})
    assert watches.find(cast.contoso).every_minutes == 3
    watches.set_watched(cast.contoso, False, SYSTEM)
    answer = client.post(f"/tenants/defaults/follow/{cast.contoso.id}", data=token, follow_redirects=True)
    assert "Contoso follows the defaults again: watching." in answer.get_data(as_text=True)
    assert "Differs" not in client.get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"members": "king ada@example.com"}, "Begin each line with a role"),
        ({"members": "reader nobody@example.com"}, "Nobody here has"),
        ({"cron": "at night"}, "Not a valid schedule"),
        ({"last": "0", "daily": "0"}, "Keep at least one"),
        ({"full_every_days": "91"}, "from 1 to 90"),
        ({"watch_minutes": "0"}, "every 1 to 1440 minutes"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(client, cast, sign_in, typed, sentence):
    sign_in(client, cast.root)
    answer = client.post("/tenants/defaults", data={**TYPED, **typed, "csrf_token": csrf_token(client, "/")})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, sentence in page, "gold, north" in page) == (400, True, True)
    assert tenant_defaults.of_tag().cron is None
