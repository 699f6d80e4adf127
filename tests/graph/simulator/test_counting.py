"""Writes in batches, what is counted of them, what shows when, and how many a window takes."""

from tests.graph.simulator.conftest import DM, GROUP, add_tenant
from tests.support.simulated_tenant import WRITE, catalog_policy

CATALOG = f"{DM}/configurationPolicies"
BODY = {name: catalog_policy("x", "New")[name] for name in ("name", "platforms", "technologies", "settings")}


def test_parts_of_a_batch_write_each_by_itself_and_are_counted_singly(tenant):
    json = {"Content-Type": "application/json"}
    before = tenant.requests()["writes"]
    answers = tenant.batch(
        {"id": "1", "method": "POST", "url": f"/{CATALOG}", "headers": json, "body": BODY},
        {"id": "2", "method": "PATCH", "url": f"{CATALOG}/catalog", "headers": json, "body": {"name": "Changed"}},
        {"id": "3", "method": "DELETE", "url": f"/{DM}/deviceManagementScripts/none", "dependsOn": ["2"]},
        {"id": "4", "method": "POST", "url": f"/{CATALOG}", "body": BODY},
        {"id": "5", "method": "GET", "url": f"/{CATALOG}/catalog", "dependsOn": ["2"]},
        {"id": "6", "method": "GET", "url": f"/{CATALOG}/catalog", "dependsOn": ["3"]},
    )  # fmt: skip
    assert {key: one["status"] for key, one in answers.items()} == {
        "1": 201, "2": 204, "3": 404, "4": 400, "5": 200, "6": 424}  # fmt: skip
    assert answers["5"]["body"]["name"] == "Changed"
    counted = tenant.requests()
    assert counted["writes"] - before == 3, "the part without a content type never came so far"
    assert counted["created"] == {CATALOG: 1}
    tenant.batch({"id": "1", "method": "GET", "url": f"/{CATALOG}"})
    assert tenant.requests()["writes"] - before == 3


def test_a_directory_lookup_in_a_batch_is_a_reading(tenant):
    before = tenant.requests()["writes"]
    part = {"id": "1", "method": "POST", "url": "/directoryObjects/getByIds", "body": {"ids": [GROUP]},
            "headers": {"Content-Type": "application/json"}}  # fmt: skip
    assert tenant.batch(part)["1"]["body"]["value"][0]["id"] == GROUP
    assert tenant.requests()["writes"] == before


def test_what_is_made_shows_only_after_a_while_and_what_is_deleted_goes_at_once(tenant):
    tenant.change(flags={"consistency_delay_s": 60})
    graph_id = tenant.make(CATALOG, BODY)
    assert tenant.ask("GET", f"{CATALOG}/{graph_id}").status_code == 404
    assert tenant.ask("DELETE", f"{CATALOG}/catalog").status_code == 200
    assert tenant.ask("GET", f"{CATALOG}/catalog").status_code == 404


def test_writes_have_a_window_of_a_hundred(simulator):
    tenant = add_tenant(simulator, "Busy").sign_in()
    tenant.change(flags={"throttle_writes": True})
    parts = [{"id": str(n), "method": "DELETE", "url": f"/{CATALOG}/none"} for n in range(20)]
    statuses = [one["status"] for _ in range(6) for one in tenant.batch(*parts).values()]
    assert (statuses.count(404), statuses.count(429)) == (100, 20)
    assert tenant.ask("GET", CATALOG).status_code == 200


def test_a_write_is_refused_to_who_may_only_read_and_counted_all_the_same(simulator):
    reader = add_tenant(simulator, "Reader", [one.replace("ReadWrite", "Read") for one in WRITE]).sign_in()
    assert reader.ask("POST", CATALOG, BODY).status_code == 403
    assert reader.requests()["writes"] == 1
    assert reader.requests()["created"] == {}
