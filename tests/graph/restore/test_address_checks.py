"""Hostile texts, at every place of every policy type and in Graph's own answers, never lead a request elsewhere."""

import posixpath
import random
from urllib.parse import unquote

import pytest

from graph.content.timestamps import parse_time
from graph.errors import GraphError, Rejected
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import read_policy
from graph.references import navigations
from graph.references.reference_kinds import APPLICATIONS, GROUPS, PRINCIPALS
from graph.references.references import Reference
from graph.restore import address_checks
from graph.restore.executor import read_approval_status
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.restore.target_directory import SourceObject, TargetDirectory, look_up_references
from graph.transport import paths
from graph.transport.client import Answer, GraphClient, Request
from graph.transport.pages import is_usable_id
from graph.write.write_requests import change_requests, creation_request, removal_requests
from graph.write.write_rules import WRITE_RULES
from tests.fuzz.values import STEERING
from tests.graph.write.test_write_requests import written_policies
from tests.support.changed_value import with_value_at

NOW = parse_time("2026-11-24T00:00:00Z")
EXACT = RestoreOptions("exact", conditional_access="as captured")
# Beside a policy type's own: where what it is made by, or named by, lives (graph/write/actions.py, write_children.py).
BESIDE = {
    "intents": ("/deviceManagement/templates/",),
    "groupPolicyConfigurations": ("/deviceManagement/groupPolicyDefinitions(",),
    "deviceConfigurations": tuple(f"{collection}(" for collection in navigations.PATHS.values()),
    "windowsAutopilotDeploymentProfiles": tuple(f"{collection}(" for collection in navigations.PATHS.values()),
    "mobileApps": ("/deviceAppManagement/mobileAppCategories(",),
    "roleAssignments": ("/deviceManagement/roleDefinitions(", "/deviceManagement/roleScopeTags("),
    "deviceEnrollmentConfigurations": ("/deviceManagement/notificationMessageTemplates/",),
    "configurationPolicies": ("/deviceManagement/depOnboardingSettings/",),
    "organizationalBranding": ("/organization/{directory}/branding",),
    "deviceManagementSettings": ("/deviceManagement",),
    "groups": ("/directoryObjects/",),
}


def contents():
    """One of each policy type and subtype that the demo has, and of each navigation one that has it."""
    found = {}
    for row, _, content in written_policies():
        found.setdefault((row.key, content["body"].get("@odata.type")), (row, content))
    yield from found.values()
    for key in ("deviceConfigurations", "windowsAutopilotDeploymentProfiles"):
        for name, link in navigations.all_links(key).items():
            bare = next(
                subtype for subtype in sorted(navigations._subtypes(key)) if navigations.has_link(key, subtype, name)
            )
            one = {"id": "00000001-1111-4111-8111-111111111111"}
            body = {"@odata.type": f"#microsoft.graph.{bare}", "displayName": "x", name: [one] if link.is_many else one}
            yield POLICY_TYPES[key], {"body": body, "assignments": []}


def leaves(value, at=()):
    """The place of every text, and of every empty value in which one might stand."""
    if isinstance(value, dict | list):
        # Elements of a list are alike.
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value[:1]):
            yield from leaves(inner, (*at, key))
    elif isinstance(value, str) or value is None:
        yield at


def requests_of(row, content):
    """Every request that a restore would make of it: made, changed from nothing and to nothing, and removed."""
    rule = WRITE_RULES[row.key]
    parts = {name: [] if isinstance(content["body"].get(name), list) else None for name in rule.parts}
    bare = {"body": {**content["body"], **parts}, "assignments": [] if content["assignments"] else None}
    yield creation_request(row, content)
    for live, want in ((bare, content), (content, bare)):
        yield from change_requests(row, "x", live, want, with_assignments=True)
    yield from removal_requests(row, "x", content)


def is_sent(request):
    links = paths.find_links(request.body)
    return not paths.is_path_astray(request.path) and not any(map(paths.is_link_astray, links))


def lands(path):
    """Return where the most lenient server would end up; None where it sees more than a path."""
    text = path.partition("?")[0]
    for _ in range(3):
        text = unquote(text)
    is_path = not set(text) & set("?#\\") and text.isprintable()
    return posixpath.normpath(text) if is_path and "//" not in text else None


def strays(row, request):
    allowed = (row.path, *BESIDE.get(row.key, ()))
    addresses = [request.path, *paths.find_links(request.body)]
    return [
        address
        for address in addresses
        if not str(lands(address)).startswith(allowed) or lands(address) != lands(address + "/.")
    ]


def wrong_with(row, content, at, text):
    """Return the problems that a hostile text in one place brings about."""
    hostile = with_value_at(content, at, text)
    try:
        requests = list(requests_of(row, hostile))
    except (AttributeError, KeyError, TypeError, ValueError):
        return []  # no content that any upload or reading lets through
    found = [f"{stray} is sent" for request in requests if is_sent(request) for stray in strays(row, request)]
    refused = [request.path for request in requests if not is_sent(request)]
    if refused and len(text) < paths.MAX_PATH_LENGTH and not address_checks.find_problem(row, [hostile]):
        found += [f"nobody says before that {path} is refused" for path in refused]
    return [f"{row.key} {at} {text!r}: {problem}" for problem in found]


def test_no_text_of_any_policy_type_leads_a_request_elsewhere(request):
    """Some of the texts in each place; `make fuzz` tries them all."""
    chance = random.Random(request.config.getoption("--fuzz-seed"))
    count = min(request.config.getoption("--fuzz-requests") // 60 or 1, len(STEERING))
    wrong, tried = [], set()
    for row, content in contents():
        for at in leaves(content):
            texts = chance.sample(STEERING, count if at[-1] == "id" else (count + 3) // 4)
            wrong += [problem for text in texts for problem in wrong_with(row, content, at, text)]
            tried.add(row.key)
    assert tried == {
        key for key, rule in WRITE_RULES.items() if not rule.cannot_restore and key != "depOnboardingSettings"
    }
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("intents", {"displayName": "x", "templateId": STEERING[0], "settings": []}),
        ("authenticationContextClassReferences", {"id": "c1/../../policies/x", "displayName": "x"}),
        ("authenticationContextClassReferences", {"id": "C1", "displayName": "x"}),
        ("organizationalBranding", {"id": "en-US/../0"}),
        ("deviceConfigurations", {"@odata.type": "#microsoft.graph.x/../../groups/G/members?", "displayName": "x"}),
        ("deviceConfigurations", {"@odata.type": "#microsoft.graph.group", "displayName": "x"}),
        ("deviceCategories", {"displayName": "x", "a@odata.bind": "https://evil.example/"}),
        ("configurationPolicies", {"name": "x", "settings": [{"@odata.type": "../x"}]}),
        ("deviceCategories", {"displayName": "x", "members@delta": [{"@id": "users('1')"}]}),
    ],
    ids=str,
)  # fmt: skip
def test_a_plan_says_which_part_of_it_would_lead_elsewhere_and_writes_nothing(key, body):
    plan = plan_item(PlanCase(POLICY_TYPES[key], {"body": body, "assignments": []}, Match(), None, NOW), EXACT)
    assert (plan.action, plan.reason) == ("blocked", "astray")
    assert "Nothing of it is sent." in plan.message


def test_a_type_that_microsoft_added_since_is_written_all_the_same():
    body = {"@odata.type": "#microsoft.graph.deviceConfigurationOfNextYear", "displayName": "x"}
    case = PlanCase(POLICY_TYPES["deviceConfigurations"], {"body": body, "assignments": []}, Match(), None, NOW)
    assert plan_item(case, EXACT).action == "create"


class Wire:
    """A session that notes what it is given to send."""

    def __init__(self):
        self.asked = []

    def request(self, method, url, json=None, **_):
        self.asked += [url, *(request["url"] for request in (json or {}).get("requests", ()))]
        raise OSError


def sent(*requests):
    """Return the addresses of these requests that reached the wire."""
    wire = Wire()
    client = GraphClient("https://graph.microsoft.com", lambda fresh: "t", session=wire, directory="d")
    for request in requests:
        try:
            answers = client.batch([request])
        except (OSError, GraphError):
            continue
        assert all(isinstance(answer.error, Rejected) for answer in answers)
        with pytest.raises(Rejected):
            client.get(request.path)
    return wire.asked


MORE_THAN_ONE = ("..", ".", "", "a/../b", "a%2f..", "%2e%2e", "%252e", "a%3fb", "a#b", "a\\b", "a%5cb", "a\nb", "a%00b",
                 "a\x85b", "a..b")  # fmt: skip


@pytest.mark.parametrize("step", MORE_THAN_ONE, ids=repr)
def test_the_client_sends_no_path_with_a_step_that_is_more_than_one(step):
    path = f"/deviceManagement/deviceCategories/{step}/x"
    link = {"a": [{"b@odata.bind": [f"/deviceManagement/{step}/x('1')"]}]}
    base = "https://graph.microsoft.com/beta"
    far = [] if step in ("", "a#b", "a\\b") else [Request(f"{base}/deviceManagement/{step}/x?$skiptoken=1")]
    posts = (
        Request("/deviceManagement/deviceCategories", "POST", {"@odata.id": "https://evil/"}),
        Request("/deviceManagement/deviceCategories", "POST", link),
        Request(f"{base}/users", "POST", {}),
    )
    wire = Wire()
    client = GraphClient("https://graph.microsoft.com", lambda fresh: "t", session=wire)
    for request in (Request(path), *far, *posts):
        assert isinstance(client.batch([request])[0].error, Rejected), request
    assert wire.asked == []


def test_what_graph_calls_its_objects_steers_nothing_either():
    for text in STEERING:
        row = POLICY_TYPES["deviceCategories"]
        first = next(read_policy(row, text)) if "/" not in text else []
        asked = [Request(str(ask)) for ask in (*first, *next(read_approval_status(text)))]
        landed = [lands(url.removeprefix("https://graph.microsoft.com/beta")) for url in sent(*asked)]
        assert all(
            url.startswith(("/deviceManagement/device", "/deviceManagement/operation", "/$batch")) for url in landed
        )
        assert not is_usable_id(text) or lands(paths.join("/x", text)) == f"/x/{text}", text


def test_names_and_ids_that_are_looked_up_ask_for_nothing_else():
    """A name is a text inside a filter; what is no id is not asked for at all."""
    for text in STEERING:
        kinds = (GROUPS, APPLICATIONS, PRINCIPALS)
        references = [
            Reference(kind, graph_id) for kind in kinds for graph_id in (text, "00000001-1111-4111-8111-111111111111")
        ]
        sources = {(reference.kind, reference.id): SourceObject(text, within=text) for reference in references}
        steps, asked = look_up_references(TargetDirectory({}), references, sources, {}), []
        try:
            wanted = next(steps)
            while True:
                asked += wanted
                wanted = steps.send([Answer(body={"value": []}) for _ in wanted])
        except StopIteration:
            pass
        assert not [path for path in asked if paths.is_path_astray(path)], text
        filters = [path.partition("eq '")[2] for path in asked if "eq '" in path]
        assert all(
            unquote(text_sent.partition("'&$select")[0]).replace("''", "").count("'") == 0 for text_sent in filters
        ), text
