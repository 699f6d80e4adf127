"""The page of what new tenants get."""

import pytest

from db.installation import new_tenants
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
    row = new_tenants.defaults()
    assert (row.cron, row.members) == ("0 22 * * 1-5", {"ada@example.com": "operator", "max@example.com": "manager"})
    tenant = client.get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)
    assert "Differs from the defaults for new tenants: schedule, retention, tags." in tenant
    assert "SG-Break-Glass" in tenant
    client.post("/tenants/defaults", data=token)
    assert new_tenants.differences(cast.contoso) == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"members": "king ada@example.com"}, "Begin each line with a role"),
        ({"members": "reader nobody@example.com"}, "Nobody here has"),
        ({"cron": "at night"}, "Not a valid schedule"),
        ({"last": "0", "daily": "0"}, "Keep at least one"),
        ({"full_every_days": "91"}, "from 1 to 90"),
    ],
)
def test_what_cannot_be_is_refused_and_what_was_typed_stays(client, cast, sign_in, typed, sentence):
    sign_in(client, cast.root)
    answer = client.post("/tenants/defaults", data={**TYPED, **typed, "csrf_token": csrf_token(client, "/")})
    page = answer.get_data(as_text=True)
    assert (answer.status_code, sentence in page, "gold, north" in page) == (400, True, True)
    assert new_tenants.defaults().cron is None
