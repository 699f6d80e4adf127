"""Reading every policy of every type from the simulator, and finding in the content what the simulator truly holds."""

import pytest
import requests

from graph.auth.app_sign_in import AppSignIn, ClientSecret
from graph.auth.clouds import endpoints
from graph.content.fingerprint import fingerprint
from graph.content.normalise import canonical_json, normalise
from graph.errors import Forbidden, GraphError, Incomplete, Malformed, NotAvailable, NotFound, Rejected, Throttled
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import list_policies, read_policy
from graph.transport.batch_driver import drive, drive_one
from graph.transport.client import GraphClient
from tests.support.simulated_tenant import REAL, SimulatedTenant, assert_holds, catalog_policy, truth_of


def connect(url, name):
    facts = next(
        facts for facts in requests.get(f"{url}/_simulator/tenants", timeout=60).json() if name in facts["name"]
    )
    where = endpoints("global", login_url=url, graph_url=url)
    signed_in = AppSignIn(facts["directory_id"], facts["client_id"], ClientSecret(facts["client_secret"]), where)
    directory = facts["directory_id"]
    return GraphClient(url, signed_in.token, directory=directory), SimulatedTenant(url, directory)


def read_everything(client):
    """Policy type -> Graph id -> Reading; types that cannot be listed are left out."""
    lists = drive(client, {key: list_policies(row) for key, row in POLICY_TYPES.items()})
    wanted = {
        (key, policy.graph_id): read_policy(POLICY_TYPES[key], policy.graph_id)
        for key, listed in lists.items()
        if not isinstance(listed, GraphError)
        for policy in listed.policies
    }
    return lists, drive(client, wanted)


@pytest.mark.parametrize("name", ["Fabrikam", "Contoso", "Northwind", "Adatum"])
def test_every_policy_is_read_whole_field_by_field(demo_simulator, name):
    if name == "Adatum" and not REAL.exists():
        pytest.skip("the real exported policies are not beside this checkout")
    client, tenant = connect(demo_simulator, name)
    collections = tenant.objects()
    _, readings = read_everything(client)
    assert len(readings) >= {"Fabrikam": 100, "Contoso": 150, "Northwind": 900, "Adatum": 230}[name]
    for (key, graph_id), reading in readings.items():
        assert not isinstance(reading, GraphError), (key, graph_id, reading)
        expected = normalise(POLICY_TYPES[key], truth_of(collections, key, graph_id))
        assert_holds(normalise(POLICY_TYPES[key], reading.content), expected, f"{key} {reading.name}")


def test_a_second_reading_has_the_same_fingerprint(demo_simulator):
    client, _ = connect(demo_simulator, "Fabrikam")
    first, second = read_everything(client)[1], read_everything(client)[1]
    for (key, graph_id), reading in first.items():
        again = second[key, graph_id]
        assert fingerprint(POLICY_TYPES[key], reading.content) == fingerprint(POLICY_TYPES[key], again.content)


def test_every_policy_type_of_the_table_is_listed_in_the_demo(demo_simulator):
    client, _ = connect(demo_simulator, "Northwind")
    lists, _ = read_everything(client)
    empty = [key for key, listed in lists.items() if isinstance(listed, GraphError) or not listed.policies]
    assert empty == ["groups"], "which nobody lists"


def test_a_missing_permission_costs_only_its_own_policy_types(demo_simulator):
    client, _ = connect(demo_simulator, "Contoso")
    lists, _ = read_everything(client)
    refused = {key for key, listed in lists.items() if isinstance(listed, Forbidden)}
    assert refused == {
        "deviceManagementScripts",
        "deviceShellScripts",
        "deviceCustomAttributeShellScripts",
        "deviceHealthScripts",
        "deviceComplianceScripts",
    }


@pytest.fixture
def tenant(simulator, graph):
    """(client, simulated tenant) of the cast's Contoso."""
    where = endpoints("global", login_url=simulator, graph_url=simulator)
    facts = "11111111-1111-4111-8111-111111111111"
    token = AppSignIn(facts, facts, ClientSecret("contoso client secret"), where).token
    return GraphClient(simulator, token, directory=facts), graph


CATALOG = POLICY_TYPES["configurationPolicies"]
PATH = "deviceManagement/configurationPolicies"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestOneTenant:
    def test_a_policy_with_more_settings_than_it_sends_is_refused(self, tenant):
        client, simulated = tenant
        simulated.put(PATH, {**catalog_policy("p", "P", 3), "settingCount": 4})
        with pytest.raises(Incomplete, match="3 of the policy's 4"):
            drive_one(client, read_policy(CATALOG, "p"))

    @pytest.mark.parametrize(
        ("status", "message", "kind"),
        [(404, "Resource 'x' does not exist", Incomplete), (404, "No OData route exists that match template", Rejected),
         (400, "Resource not found for the segment 'settings'", Rejected)],
    )  # fmt: skip
    @pytest.mark.parametrize("part", ["settings", "assignments"])
    def test_a_part_that_is_not_there_makes_no_policy_gone_or_not_offered(self, tenant, status, message, kind, part):
        client, simulated = tenant
        simulated.put("deviceManagement/intents", {"id": "i", "displayName": "I", "templateId": "t", "settings": []})
        body = {"error": {"code": "BadRequest" if status == 400 else "NotFound", "message": message}}
        simulated.fault(kind="status", path=f"intents/i/{part}", status=status, body=body)
        with pytest.raises(kind) as e:
            drive_one(client, read_policy(POLICY_TYPES["intents"], "i"))
        assert type(e.value) is kind

    def test_a_retired_list_that_says_nothing_is_empty_and_another_is_damaged(self, tenant):
        client, simulated = tenant
        for path in ("windowsInformationProtectionPolicies", "configurationPolicies"):
            simulated.fault(kind="malformed", shape="part_without_body", path=f"/{path}(\\?|$)")
        assert drive_one(client, list_policies(POLICY_TYPES["windowsInformationProtectionPolicies"])).policies == []
        with pytest.raises(Malformed):
            drive_one(client, list_policies(CATALOG))

    def test_assignments_carry_names_and_a_deleted_group_has_none(self, tenant):
        client, simulated = tenant
        targets = [
            {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": g}} for g in ("g1", "g2")
        ]
        simulated.put("groups", {"id": "g1", "displayName": "SG-Pilot"})
        simulated.put(PATH, {**catalog_policy("p", "P"), "assignments": targets})
        reading = drive_one(client, read_policy(CATALOG, "p"))
        assert reading.references["groups"] == {"g1": "SG-Pilot", "g2": None}
        assert reading.proof["names"] == "read"

    def test_without_permission_for_groups_the_policy_is_read_all_the_same(self, tenant):
        client, simulated = tenant
        simulated.change(permissions=["DeviceManagementConfiguration.Read.All"])
        target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g1"}
        simulated.put(PATH, {**catalog_policy("p", "P"), "assignments": [{"target": target}]})
        reading = drive_one(client, read_policy(CATALOG, "p"))
        assert reading.references["groups"] == {"g1": None}
        assert "group names" in reading.proof["names"]

    def test_an_oma_secret_that_may_not_be_read_is_withheld_not_a_failure(self, tenant):
        client, simulated = tenant
        simulated.change(flags={"secrets_forbidden": True})
        secret = {"omaUri": "./x", "isEncrypted": True, "secretReferenceValueId": "r'1", "value": "hush",
                  "@odata.type": "#microsoft.graph.omaSettingString"}  # fmt: skip
        simulated.put("deviceManagement/deviceConfigurations", {"id": "d", "displayName": "D", "omaSettings": [secret],
                      "@odata.type": "#microsoft.graph.windows10CustomConfiguration", "assignments": []})  # fmt: skip
        reading = drive_one(client, read_policy(POLICY_TYPES["deviceConfigurations"], "d"))
        assert reading.content["body"]["omaSettings"][0]["value"] == "****"
        assert reading.proof["secrets"]["withheld"][0]["where"] == "omaSettings[./x]"
        simulated.change(flags={"secrets_forbidden": False})
        reading = drive_one(client, read_policy(POLICY_TYPES["deviceConfigurations"], "d"))
        assert reading.content["body"]["omaSettings"][0]["value"] == "hush"

    def test_lists_of_many_pages_are_read_to_the_last(self, tenant):
        client, simulated = tenant
        simulated.change(flags={"page_size": 3})
        for number in range(10):
            simulated.put(
                "deviceManagement/deviceCategories", {"id": f"c{number}", "displayName": f"Category {number}"}
            )
        listed = drive_one(client, list_policies(POLICY_TYPES["deviceCategories"]))
        assert {policy.graph_id for policy in listed.policies} >= {f"c{number}" for number in range(10)}
        simulated.change(flags={"page_size": 1000})

    def test_a_part_that_is_throttled_fails_only_its_own_reading(self, tenant):
        client, simulated = tenant
        simulated.put(PATH, catalog_policy("a", "A"))
        simulated.put(PATH, catalog_policy("b", "B"))
        simulated.fault(kind="status", path="configurationPolicies/b", status=429, retry_after="3.5")
        found = drive(client, {graph_id: read_policy(CATALOG, graph_id) for graph_id in ("a", "b")})
        assert found["a"].name == "A"
        assert isinstance(found["b"], Throttled)
        assert found["b"].retry_after == 3.5

    def test_gone_and_no_intune_are_errors_of_their_own(self, tenant):
        client, simulated = tenant
        with pytest.raises(NotFound):
            drive_one(client, read_policy(CATALOG, "nowhere"))
        simulated.change(flags={"no_intune": True})
        with pytest.raises(NotAvailable):
            drive_one(client, list_policies(CATALOG))
        simulated.change(flags={"no_intune": False})

    def test_reading_many_costs_few_http_calls(self, tenant):
        client, simulated = tenant
        for number in range(40):
            simulated.put(PATH, catalog_policy(f"m{number}", f"M {number}", 30))
        client.requests_made = client.http_calls = 0
        drive(client, {number: read_policy(CATALOG, f"m{number}") for number in range(40)})
        assert (client.requests_made, client.http_calls) == (40, 2)


def test_the_canonical_text_of_a_content_is_stable():
    assert canonical_json({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'
