"""The simulator behaves as Graph does: asked in plain HTTP, without a line of the product's client."""

import base64
import json
import urllib.parse

import pytest
import requests

from tests.support.simulated_tenant import catalog_policy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PATH = "deviceManagement/configurationPolicies"
BETA = "/beta/deviceManagement/configurationPolicies"


@pytest.fixture
def ask(simulator, graph, cast):
    """ask(path) -> answer, with a token of Contoso's."""
    tenant = cast.contoso
    form = {
        "grant_type": "client_credentials",
        "client_id": tenant.client_id,
        "client_secret": "contoso client secret",
        "scope": "https://graph.microsoft.com/.default",
    }
    answer = requests.post(f"{simulator}/{tenant.directory_id}/oauth2/v2.0/token", data=form, timeout=60).json()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def act(path, method="GET", **more):
        return session.request(method, path if "://" in path else simulator + path, timeout=60, **more)

    yield act
    session.close()


def test_without_a_token_or_with_a_made_up_one_it_is_401(simulator, graph):
    for headers in ({}, {"Authorization": "Bearer x.y.z"}):
        answer = requests.get(simulator + BETA, headers=headers, timeout=60)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_long_lists_come_in_pages_whose_link_is_long_encoded_and_absolute(ask, graph):
    graph.change(flags={"page_size": 1})
    first = ask(f"{BETA}?$select=id,name").json()
    link = first["@odata.nextLink"]
    assert link.startswith("http://")
    assert "%25255B" in link, "the token is encoded three times over"
    assert len(link) > 900
    second = ask(link).json()
    assert "@odata.nextLink" not in second
    assert {one["id"] for one in first["value"]} & {one["id"] for one in second["value"]} == set()


def test_a_list_is_ordered_counted_searched_and_read_from_the_middle(ask, graph):
    for name in ("b search", "a search", "c"):
        graph.put("deviceManagement/assignmentFilters", {"id": name, "displayName": name})
    path = "/beta/deviceManagement/assignmentFilters"

    def names(query):
        return [one["displayName"] for one in ask(f"{path}?{query}").json()["value"]]

    assert names("$orderby=displayName desc") == ["c", "b search", "a search"]
    assert names("$orderby=displayname&$skip=1") == ["b search", "c"]
    assert sorted(names('$search="SEARCH"')) == ["a search", "b search"]
    assert ask(f"{path}?$count=true&$top=1").json()["@odata.count"] == 3
    first = ask(f"{path}?$orderby=displayName&$skip=1&$top=1").json()
    assert [one["displayName"] for one in ask(first["@odata.nextLink"]).json()["value"]] == ["c"]


def test_managed_app_policies_tell_their_types_and_are_read_below_their_own_set(ask, graph):
    graph.put("deviceAppManagement/iosManagedAppProtections", {"id": "T_1", "displayName": "iOS", "assignments": []})
    path = "/beta/deviceAppManagement/managedAppPolicies"
    [found] = ask(path).json()["value"]
    assert (found["id"], found["@odata.type"]) == ("T_1", "#microsoft.graph.iosManagedAppProtection")
    assert ask(f"{path}/T_1").json()["displayName"] == "iOS"
    assert ask(f"{path}/T_2").status_code == 404


def test_what_has_no_rules_is_empty_or_what_was_put_there(ask, graph):
    partners = "deviceManagement/complianceManagementPartners"
    certificate = "deviceManagement/applePushNotificationCertificate"
    assert ask(f"/beta/{partners}").json()["value"] == []
    assert ask(f"/beta/{certificate}").status_code == 404
    graph.put(partners, {"id": "p", "displayName": "Partner"})
    graph.put(certificate, {"id": "c", "appleIdentifier": "it@x.example"})
    assert [one["displayName"] for one in ask(f"/beta/{partners}").json()["value"]] == ["Partner"]
    assert ask(f"/beta/{partners}/p").json()["displayName"] == "Partner"
    assert ask(f"/beta/{certificate}").json()["appleIdentifier"] == "it@x.example"


def test_the_settings_route_gives_25_at_a_time_and_the_expand_all(ask, graph):
    graph.put(PATH, catalog_policy("many", "Many", count=60))
    assert len(ask(f"{BETA}('many')/settings").json()["value"]) == 25
    assert len(ask(f"{BETA}/many?$expand=settings").json()["settings"]) == 60
    assert "settings" not in ask(f"{BETA}/many").json()


def test_a_batch_answers_each_part_by_its_own_and_more_than_twenty_not_at_all(ask):
    def batch(count):
        parts = [{"id": str(n), "method": "GET", "url": f"/{PATH}/none-{n}"} for n in range(count)]
        return ask("/beta/$batch", "POST", json={"requests": parts})

    answered = batch(20)
    assert answered.status_code == 200
    assert {(one["id"], one["status"]) for one in answered.json()["responses"]} == {(str(n), 404) for n in range(20)}
    assert batch(21).status_code == 400


def test_a_missing_permission_is_403_with_the_permissions_in_json_within_json(graph, request):
    graph.change(permissions=["Policy.Read.All"])
    ask = request.getfixturevalue("ask")  # a token lasts: what it carries was decided when it was given
    refused = ask(BETA)
    assert refused.status_code == 403
    inner = json.loads(refused.json()["error"]["message"])
    assert "DeviceManagementConfiguration.Read.All" in inner["Message"]
    assert ask("/beta/identity/conditionalAccess/policies").status_code == 200


def test_secrets_are_masked_until_asked_for_by_their_own_call(ask, graph):
    kind = "#microsoft.graph.windows10CustomConfiguration"
    graph.put("deviceManagement/deviceConfigurations", {
        "id": "oma", "displayName": "O", "@odata.type": kind, "assignments": [],
        "omaSettings": [{"@odata.type": "#microsoft.graph.omaSettingString", "isEncrypted": True, "value": "hush",
                         "omaUri": "./x", "secretReferenceValueId": "ref_1"}]})  # fmt: skip
    path = "/beta/deviceManagement/deviceConfigurations/oma"
    assert ask(path).json()["omaSettings"][0]["value"] == "****"
    plain = ask(f"{path}/getOmaSettingPlainTextValue(secretReferenceValueId='ref_1')")
    assert plain.json()["value"] == "hush"


def test_a_list_leaves_out_the_body_of_a_script(ask, graph):
    body = base64.b64encode(b"Get-Process").decode()
    graph.put("deviceManagement/deviceManagementScripts",
              {"id": "s", "displayName": "S", "scriptContent": body, "assignments": []})  # fmt: skip
    path = "/beta/deviceManagement/deviceManagementScripts"
    assert ask(path).json()["value"][0]["scriptContent"] is None
    assert ask(f"{path}/s").json()["scriptContent"] == body


def test_what_is_new_shows_only_after_a_while(ask, graph):
    graph.change(flags={"consistency_delay_s": 60})
    graph.put(PATH, catalog_policy("new", "New"))
    assert ask(f"{BETA}/new").status_code == 404
    graph.change(flags={"consistency_delay_s": 0})
    assert ask(f"{BETA}/new").status_code == 200


def test_an_unknown_filter_or_route_is_refused_as_graph_refuses_it(ask):
    assert ask(f"{BETA}?$filter=contains(name,'x')").json()["error"]["code"] == "BadRequest"
    nowhere = ask("/beta/deviceManagement/nonsense")
    assert nowhere.status_code == 400
    assert "nonsense" in nowhere.json()["error"]["message"]


def test_the_documented_limit_of_conditional_access_is_kept_when_asked(ask, graph):
    graph.change(flags={"throttle": True})
    statuses = [ask("/beta/identity/conditionalAccess/policies").status_code for _ in range(4)]
    assert statuses[0] == 200
    assert statuses.count(429) >= 2


def test_every_answer_carries_the_ids_that_support_asks_for(ask):
    answer = ask(BETA, headers={"client-request-id": "mine-1"})
    assert answer.headers["client-request-id"] == "mine-1"
    assert answer.headers["request-id"]


def test_addresses_keyed_in_parentheses_and_by_slash_are_the_same(ask, cast):
    graph_id = "10000001-0000-4000-8000-000000000000"
    keyed = ask(f"{BETA}({urllib.parse.quote(repr(graph_id))})").json()
    assert json.dumps(keyed) == json.dumps(ask(f"{BETA}/{graph_id}").json())
