"""What public bug reports of other tools say of references, with the right value for each."""

import json

import pytest

from graph.client import GraphClient
from graph.clouds import Cloud, endpoints
from graph.policy_types import POLICY_TYPES
from graph.writing import creation
from tests.graph.test_routes import certificate_writes, writes
from tests.graph.test_writing import DEMO

# --- addresses of another cloud (Micke-K/IntuneManagement#149) --------------------------------------------------------

GLOBAL = "https://graph.microsoft.com"


class Unplugged:
    """A session that keeps what it is given to send, and sends nothing."""

    def __init__(self):
        self.bodies = []

    def request(self, method, url, json=None, **_):
        self.bodies.append(json)
        raise OSError


def sent_in(cloud, requests):
    """The host of the cloud's Graph, and the bodies that its client sends of these requests."""
    session, where = Unplugged(), endpoints(cloud, login_url="https://login.microsoftonline.com", graph_url=GLOBAL)
    client = GraphClient(where.graph_url, lambda fresh: "token", session=session)
    for begin in range(0, len(requests), 20):
        with pytest.raises(OSError):
            client.batch(requests[begin : begin + 20])
    return where.graph_url, session.bodies


@pytest.mark.parametrize("cloud", [one for one in Cloud if one != Cloud.GLOBAL])
def test_no_request_of_any_policy_type_names_the_host_of_another_cloud(cloud):
    requests = [one for row, graph_id, content in DEMO for one in writes(row, graph_id, content)]
    host, bodies = sent_in(cloud, [*requests, *certificate_writes()])
    text = json.dumps(bodies)
    assert text.count(f'"{host}/beta/deviceManagement/') > 20
    assert GLOBAL not in text
    assert not [line for line in text.split("@odata.") if line.startswith(('id": "/', 'bind": "/', 'bind": ["/'))]


def test_a_bind_is_an_address_below_the_tenants_own_graph():
    body = {"displayName": "r", "roleDefinition": {"id": "role"}, "roleScopeTags": [{"id": "1"}]}
    request = creation(POLICY_TYPES["roleAssignments"], {"body": body, "assignments": None})
    host, [batch] = sent_in(Cloud.CHINA, [request])
    [part] = batch["requests"]
    assert host == "https://microsoftgraph.chinacloudapi.cn"
    assert part["body"]["roleDefinition@odata.bind"] == f"{host}/beta/deviceManagement/roleDefinitions('role')"
    assert part["body"]["roleScopeTags@odata.bind"] == [f"{host}/beta/deviceManagement/roleScopeTags('1')"]


def test_only_links_become_addresses():
    body = {"description": "/deviceManagement", "a@odata.id": "https://elsewhere/x"}
    _, [batch] = sent_in(
        Cloud.US_GOV, [creation(POLICY_TYPES["deviceCategories"], {"body": body, "assignments": None})]
    )
    assert batch["requests"][0]["body"] == body
