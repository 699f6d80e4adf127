"""Certificates, tokens and connectors: read once a day, shown with their ends, and nothing of a token kept."""

import json
from datetime import timedelta

import pytest

import actors.backups.back_up
import actors.backups.sync
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Expiry, Tenant
from db.states import RunState
from db.tenants import expiries
from graph.read import expiries as expiries_of_graph
from graph.transport.client import Answer
from tests.support.simulated_tenant import READ

pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick", "lock_order"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
DM, DAM = "deviceManagement", "deviceAppManagement"


def in_days(days):
    return f"{utcnow() + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture
def contoso(graph):
    graph.put(
        f"{DM}/applePushNotificationCertificate",
        {"id": "apns", "appleIdentifier": "mdm@example.com", "expirationDateTime": in_days(5)},
    )
    graph.put(
        f"{DAM}/vppTokens",
        {
            "id": "vpp",
            "displayName": "Apple Business",
            "expirationDateTime": in_days(200),
            "state": "invalid",
            "token": "a-secret-of-apple",
        },
    )
    graph.put(f"{DM}/androidManagedStoreAccountEnterpriseSettings", {"id": "play", "bindStatus": "notBound"})
    graph.put(
        f"{DM}/ndesConnectors",
        {"id": "ndes", "displayName": "NDES01", "state": "active", "lastConnectionDateTime": "0001-01-01T00:00:00Z"},
    )
    return graph  # fmt: skip


def shown(tenant):
    now = utcnow()
    return {one.name: expiries.describe(one, now) for one in expiries.of_tenant(tenant)}


def synced(tenant, ended):
    return ended(actors.backups.sync.start(Tenant.get_by_id(tenant.id), SYSTEM).run.id)


def test_what_runs_out_is_kept_with_its_end_and_without_its_token(contoso, cast, ended):
    assert synced(cast.contoso, ended).state == RunState.SUCCEEDED
    found = shown(cast.contoso)
    assert found["mdm@example.com"] == ("bad", "ends in 4 days")
    assert found["Apple Business"] == ("bad", "ends in 199 days · invalid")
    assert found["NDES01"] == ("good", "active · never heard of")
    assert "Managed Google Play" not in found, "it was never set up"
    kept = json.dumps([one.__data__ for one in Expiry.select()], default=str)
    assert "a-secret-of-apple" not in kept


def test_it_is_read_once_a_day_and_what_is_gone_goes(contoso, cast, ended):
    synced(cast.contoso, ended)
    contoso.delete(f"{DAM}/vppTokens", "vpp")
    synced(cast.contoso, ended)
    assert "Apple Business" in shown(cast.contoso), "not read again yet"
    Tenant.update(expiries_at=utcnow() - timedelta(days=1)).where(Tenant.id == cast.contoso.id).execute()
    ended(actors.backups.back_up.start(Tenant.get_by_id(cast.contoso.id), SYSTEM).run.id)
    assert "Apple Business" not in shown(cast.contoso)


def test_what_may_not_be_read_says_so_and_fails_nothing(contoso, cast, ended):
    contoso.change(permissions=[one for one in READ if "ServiceConfig" not in one and "Apps" not in one])
    graph_clients.clear_cache()
    run = synced(cast.contoso, ended)
    assert run.state != RunState.FAILED
    said = [expiries.describe(one, utcnow()) for one in expiries.of_tenant(cast.contoso) if one.kind == "cloudPki"]
    assert said == [("muted", "cannot be read · DeviceManagementCloudCA.Read.All may be missing")]


def test_a_damaged_answer_costs_its_own_kind_and_what_comes_twice_or_without_an_id_is_kept_once():
    odd = {"vppTokens": {"value": [7]}, "ndesConnectors": {"value": [{}, {}, {"id": "a"}, {"id": "a"}]}}
    reading = expiries_of_graph.read_expiries()
    kinds = [ask.partition("?")[0].rpartition("/")[2] for ask in next(reading)]
    with pytest.raises(StopIteration) as end:
        reading.send([Answer(body=odd.get(kind, {"value": []})) for kind in kinds])
    found, refused = end.value.value
    assert refused.keys() == {"vppTokens"}
    assert [one.object_id for one in found["ndesConnectors"]] == ["NDES connector", "a"]


def test_what_is_not_well_is_bad_however_far_its_end_is():
    at = utcnow() + timedelta(days=20, minutes=1)
    expiry = Expiry(object_id="x", expires_at=at, state="invalid", is_well=False)
    assert expiries.describe(expiry, utcnow()) == ("bad", "ends in 20 days · invalid")


@pytest.mark.parametrize(
    ("days", "how", "words"),
    [
        (-2, "bad", "has ended"),
        (0.5, "bad", "ends today"),
        (1.5, "bad", "ends in 1 day"),
        (20, "warn", "ends in 19 days"),
        (90, "good", "ends in 89 days"),
    ],
)
def test_the_nearer_the_end_the_louder(days, how, words):
    now = utcnow()
    at = now + timedelta(days=days) - timedelta(minutes=1)
    assert expiries.describe(Expiry(object_id="x", expires_at=at, state="", is_well=True), now) == (how, words)


def test_the_tenants_page_says_it_in_words_the_soonest_first(client, sign_in, cast):
    kept = [
        {"kind": "vppTokens", "object_id": "vpp", "name": "Apple Business", "state": "valid", "is_well": True,
         "expires_at": utcnow() + timedelta(days=100, minutes=1)},
        {"kind": "applePush", "object_id": "apns", "name": "mdm@example.com", "state": "", "is_well": True,
         "expires_at": utcnow() + timedelta(days=3, minutes=1)},
    ]  # fmt: skip
    expiries.save(cast.contoso, ["vppTokens", "applePush"], kept)
    page = sign_in(client, cast.rita).get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)
    section = page.partition('id="expiries"')[2].partition("</section>")[0]
    assert section.index("Apple push certificate") < section.index("Apple VPP token")
    assert "ends in 3 days" in section
    assert 'badge-bad">ends in 3 days' in section
