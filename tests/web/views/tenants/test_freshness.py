"""The freshness of a tenant, as its page, the dashboard and the list of tenants say it."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.events import watches
from db.models import Tenant, Watch
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CASES = {
    "no backup yet": ({}, {"last_backup_at": None}, "Watching begins after the first backup", "not watched yet"),
    "no look yet": ({}, {}, "The first look at its audit logs comes in a moment.", "not watched yet"),
    "fresh": ({"fresh_at": timedelta(minutes=16)}, {}, "Everything changed before", "watched: captured up to"),
    "old": ({"fresh_at": timedelta(hours=2)}, {}, "Everything changed before", "behind"),
    "refused": ({"error": "It needs X.", "failures": 1}, {}, "Cannot be watched: It needs X.", "not watched now"),
    "in part": ({"error": "One: no."}, {}, "Not everything could be captured: One: no.", "partly watched"),
}


@pytest.mark.parametrize("case", CASES)
def test_pages_say_how_fresh_a_watched_tenant_is(client, cast, sign_in, case):
    watch, tenant, sentence, short = CASES[case]
    watches.set_watched(cast.contoso, True, SYSTEM)
    ages = {name: utcnow() - value if isinstance(value, timedelta) else value for name, value in watch.items()}
    if ages:
        Watch.update(**ages).execute()
    Tenant.update(**{"last_backup_at": utcnow(), **tenant}).execute()
    sign_in(client, cast.max)
    assert sentence in client.get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)
    for path in ("/", "/tenants/"):
        assert short in client.get(path).get_data(as_text=True), path


def test_a_manager_switches_watching_and_an_operator_does_not(client, cast, sign_in):
    address = f"/tenants/{cast.contoso.id}"
    for person, status, is_watched in ((cast.ada, 403, False), (cast.max, 303, True)):
        sign_in(client, person)
        form = {"csrf_token": csrf_token(client, "/"), "wanted": "yes"}
        assert client.post(f"{address}/watch", data=form).status_code == status
        assert Watch.select().exists() == is_watched
    assert "Stop watching" in client.get(address).get_data(as_text=True)
