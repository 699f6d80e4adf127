"""Everything we ask Graph for, held against Microsoft's own routes: paths, methods, casts, options, expands, actions.

What is asked for is collected by doing it: every policy of the demo tenants is listed, read, created, changed in every
part, assigned and removed, and what a restore looks up is looked up. graph/microsoft says where the routes come from.
"""

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote

import pytest

from graph.microsoft import model
from graph.microsoft.model import lineage, properties, routes
from graph.policy_types.table import CA, DAM, DM, POLICY_TYPES
from graph.policy_types.write_rule import BY_UPDATE, ONE_BY_ONE
from graph.read import directory_names
from graph.read.details import _IMAGES
from graph.references import navigations
from graph.references.references import Reference
from graph.restore import target_directory
from graph.restore.executor import read_approval_status
from graph.transport.client import DIRECTORY, Answer, Request, to_request
from graph.write.write_requests import change_requests, creation_request, removal_requests
from graph.write.write_rules import WRITE_RULES
from tests.graph.read.test_readings import connect, read_everything
from tests.support.simulated_tenant import NOT_OFFERED

CONFIGURATIONS = f"{DM}/deviceConfigurations"
# Not in Microsoft's package, and known to work all the same: method, route, where that is from.
KNOWN_TO_WORK = {
    ("PUT", f"{DM}/configurationPolicies/{{}}"): "almenscorner/IntuneCD, Micke-K/IntuneManagement, Terraform provider",
    ("PUT", f"{DM}/compliancePolicies/{{}}"): "almenscorner/IntuneCD: update/Intune/Compliance",
    ("PUT", f"{DM}/reusablePolicySettings/{{}}"): "almenscorner/IntuneCD, Terraform provider",
    **{("POST", f"{DAM}/{platform}ManagedAppProtections/{{}}/{action}"): "IntuneManagement, almenscorner/IntuneCD"
       for platform in ("ios", "android") for action in ("assign", "targetApps")},
    ("POST", f"{DAM}/mobileAppConfigurations/{{}}/microsoft.graph.managedDeviceMobileAppConfiguration/assign"):
        "Micke-K/IntuneManagement: EndpointManager.psm1; the action is bound to that type",
    **{("GET", f"{DM}/intuneBrandingProfiles/{{}}/{image}"): "Micke-K/IntuneManagement: Get-IntuneBrandingImages"
       for image in _IMAGES},
    ("GET", f"{DM}/derivedCredentials/{{}}"): "learn.microsoft.com: Get deviceManagementDerivedCredentialSettings",
    # Micke-K/IntuneManagement and Microsoft365DSC write them so, and the portal was seen to.
    ("POST", f"{DAM}/mobileApps/{{}}/categories/$ref"): "deploymenttheory/terraform-provider-microsoft365",
    ("DELETE", f"{DAM}/mobileApps/{{}}/categories/{{}}/$ref"): "deploymenttheory/terraform-provider-microsoft365",
    # The package has a POST, to which the service answers 400.
    ("GET", f"{DM}/configurationPolicies/{{}}/retrieveEnrollmentTimeDeviceMembershipTarget"):
        "deploymenttheory/terraform-provider-microsoft365, windows_autopilot_device_preparation (live)",
    ("GET", f"{DM}/androidDeviceOwnerEnrollmentProfiles/{{}}/retrieveEnrollmentTimeDeviceMembershipTarget"):
        "nobody was seen to ask: as of its sibling; what is refused is named, and costs nothing else",
    # Properties that have an address of their own are in no list of routes.
    ("GET", f"{DM}/settings"): "almenscorner/IntuneCD: backup/Intune/DeviceManagementSettings",
    ("GET", "/identityGovernance/termsOfUse/agreements/{}/file/localizations/{}/fileData/data"):
        "TMF module: Test-TmfAgreement",
    # Not in the package at all. Micke-K/IntuneManagement reads it live; nobody was seen to write it.
    **{("GET", f"{DM}/inventoryPolicies{below}"): "Micke-K/IntuneManagement, Terraform provider"
       for below in ("", "/{}")},
}  # fmt: skip
# Casts below device configurations, and their $ref: Micke-K/IntuneManagement (Set-GraphNavigationProperties),
# Terraform provider, microsoft/Microsoft365DSC#5650. Which navigation a type has, the model says.
CAST = re.compile(rf"{DM}/(\w+)/{{}}/microsoft\.graph\.(\w+)/(\w+)(/{{}})?(/\$ref)?$")
# The parameter of a function stands in its name.
FUNCTION = re.compile(r"\((\w+)='[^']*'\)")


def template(request, ids):
    """(the route's template, its query)."""
    path, _, query = request.path.partition("?")
    path = FUNCTION.sub(r"(\1='{}')", unquote(path)) if "(" in path else path
    return "/".join("{}" if unquote(part) in ids else part for part in path.split("/")), unquote(query)


def options(query):
    return dict(part.split("=", 1) for part in query.split("&")) if query else {}


# --- what is asked for -----------------------------------------------------------------------------------------------


class Recorder:
    def __init__(self):
        self.requests, self.ids = {}, {"x-id", DIRECTORY}

    def note(self, ask):
        request = to_request(ask)
        if request.path.startswith("http"):
            return  # a page link is Graph's own
        self.requests[request.method, request.path, json.dumps(request.body, sort_keys=True)] = request

    def learn(self, value):
        """Whatever is an id in an answer is one in a path."""
        if isinstance(value, dict):
            found = [value.get(key) for key in ("id", "locale", "templateId")]
            self.ids |= {candidate for candidate in found if isinstance(candidate, str) and candidate}
            for inner in value.values():
                self.learn(inner)
        elif isinstance(value, list):
            for element in value:
                self.learn(element)

    def follow(self, steps, *bodies):
        """Drive a generator by hand: each answer is the next of `bodies`, the last again and again."""
        bodies = list(bodies)
        try:
            asked = next(steps)
            while True:
                for request in asked:
                    self.note(request)
                answers = [Answer(body=bodies.pop(0) if len(bodies) > 1 else bodies[0]) for _ in asked]
                asked = steps.send(answers)
        except StopIteration:
            pass


def watched(client, recorder):
    """The client, and every request through it noted."""
    send, get = client.batch, client.get

    def batch(asks, *before_sending):
        for ask in asks:
            recorder.note(ask)
        answers = send(asks, *before_sending)
        for answer in answers:
            recorder.learn(answer.body)
        return answers

    client.batch = batch
    client.get = lambda path: recorder.note(path) or get(path)
    return client


@pytest.fixture(scope="module")
def asked(demo_simulator):
    recorder = Recorder()
    contents = {}
    client, tenant = connect(demo_simulator, "Fabrikam")
    tenant.change(flags={"not_offered": []})
    _, readings = read_everything(watched(client, recorder))
    tenant.change(flags={"not_offered": NOT_OFFERED})
    contents |= {key: reading.content for key, reading in readings.items()}
    for (key, graph_id), content in contents.items():
        recorder.ids |= {graph_id, *graph_id.split("/")}
        for request in writes(POLICY_TYPES[key], graph_id, content):
            recorder.note(request)
    for request in linking_writes():
        recorder.note(request)
    # No demo policy has settings of the catalog beside its own.
    none, one = ({"body": {"settings": value}} for value in ([], [{"id": "0"}]))
    row = POLICY_TYPES["targetedManagedAppConfigurations"]
    for request in change_requests(row, "x-id", none, one, with_assignments=False):
        recorder.note(request)
    look_ups(recorder)
    recorder.note("/organization?$select=id,displayName")
    return recorder


def writes(policy_type, graph_id, content):
    """Every way that this policy may be written: made, changed from nothing and to nothing, and removed."""
    rule = WRITE_RULES[policy_type.key]
    if rule.cannot_restore:
        return
    recreated = {"body": {**content["body"]}, "assignments": content["assignments"]}
    token = graph_id.partition("/")[0] if "/" in graph_id else ""
    if not rule.cannot_create(content["body"]):
        yield creation_request(policy_type, recreated, token)
    parts = {name: [] if isinstance(content["body"].get(name), list) else None for name in rule.parts}
    emptied = {"body": {**content["body"], **parts}, "assignments": [] if content["assignments"] else None}
    texts = {"description", "displayName", "signInPageText", policy_type.name_property} & content["body"].keys()
    other = {**content["body"], **dict.fromkeys(texts, "otherwise")}
    for live, want in ((emptied, content), (content, emptied), ({**content, "body": other}, content)):
        yield from change_requests(policy_type, graph_id, live, want, with_assignments=True)
    yield from removal_requests(policy_type, graph_id, content)


def types_with(key, name):
    """The subtypes that have a navigation."""
    return [bare for bare in sorted(model.subtypes(model.type_of_collection(POLICY_TYPES[key].path)))
            if name in model.properties(bare)]  # fmt: skip


def linking_writes():
    """Every navigation of every type: the demo has few of them."""
    for key in ("deviceConfigurations", "windowsAutopilotDeploymentProfiles"):
        row = POLICY_TYPES[key]
        for name, link in navigations.all_links(key).items():
            for bare in types_with(key, name):
                kind, to = {"@odata.type": f"#microsoft.graph.{bare}"}, {"id": "x-id"}
                none = {**kind, name: [] if link.is_many else None}
                one = {**kind, name: [to] if link.is_many else to}
                for live, want in ((none, one), (one, none)):
                    yield from change_requests(row, "x-id", {"body": live}, {"body": want}, with_assignments=False)
                yield Request(f"{row.path}/x-id/microsoft.graph.{bare}/{name}?$select=id,displayName")


def look_ups(recorder):
    kinds = {Reference(kind, "x-id") for kind in target_directory._PATHS}
    sources = {(reference.kind, reference.id): target_directory.SourceObject("A name") for reference in kinds}
    named = {"value": [{"id": "x-id", "displayName": "A", "definitions": [{"id": "x-id"}]}]}
    missing = target_directory.TargetDirectory({})
    recorder.follow(target_directory.look_up_references(missing, kinds, sources, {}), named)
    missing.by_id.clear()
    recorder.follow(target_directory._read_custom_definitions(missing), named)
    recorder.follow(directory_names.look_up_names({"x-id"}, {"x-id"}), named)
    recorder.follow(read_approval_status("x-id"), {"status": "approved"})


# --- what it is held against -----------------------------------------------------------------------------------------


def test_every_request_is_one_of_microsofts_routes_or_known_to_work(asked):
    wrong, used = set(), set()
    for request in asked.requests.values():
        route, _ = template(request, asked.ids)
        known = route in routes() and request.method in routes()[route].methods
        if not known and (request.method, route) in KNOWN_TO_WORK:
            used.add((request.method, route))
        elif not known and not _is_a_cast(route):
            wrong.add((request.method, route))
    assert wrong == set()
    assert set(KNOWN_TO_WORK) == used, "what nobody asks for needs no exception"


def _is_a_cast(route):
    found = CAST.match(route)
    return bool(found) and found[3] in navigations_of(found[2])


def test_every_option_is_one_that_the_route_takes(asked):
    for request in asked.requests.values():
        route, query = template(request, asked.ids)
        given = {name for name in options(query) if name.startswith("$")}
        if route in routes():
            assert given <= routes()[route].query, request.path


def test_every_expand_is_a_navigation_and_every_select_a_property(asked):
    for request in asked.requests.values():
        route, query = template(request, asked.ids)
        if route in routes() and query:
            _hold(answer_of(route), route, options(query), request.path)


def _hold(answered, route, given, where):
    for name in filter(None, given.get("$select", "").split(",")):
        known = properties(answered)
        assert not known or name in {*known, "id"}, where
    for expansion in _expansions(given.get("$expand", "")):
        name, _, inner = expansion.partition("(")
        cast, _, name = name.rpartition("/")
        kind = cast.removeprefix("microsoft.graph.") or answered
        assert not cast or answered in lineage(kind), where
        to = navigations_of(kind).get(name) or answer_of(f"{route.removesuffix('/{}')}/{{}}/{name}")
        assert to, f"{name} is no navigation of {kind}: {where}"
        if inner:
            _hold(to.removeprefix("many "), route, options(inner.removesuffix(")")), where)


def answer_of(route):
    """Return a type's properties; of a type that the model leaves out, the names of the routes below it."""
    return takes_of(route, "GET")


def takes_of(route, method):
    return routes()[route].methods.get(method) if route in routes() else None


def navigations_of(name):
    """Navigation -> the type it leads to; "many …" where to several."""
    return {key: ("many " if prop.is_many else "") + prop.type for key, prop in properties(name).items()
            if prop.is_navigation}  # fmt: skip


def _expansions(text):
    """Split at commas outside brackets."""
    return filter(None, re.split(r",(?![^(]*\))", text))


def test_every_action_is_sent_what_it_takes(asked):
    actions = 0
    for request in asked.requests.values():
        route, _ = template(request, asked.ids)
        route = route.replace("/microsoft.graph.managedDeviceMobileAppConfiguration", "")
        takes = takes_of(route, request.method)
        if isinstance(takes, Mapping):
            actions += 1
            assert set(request.body) <= set(takes), request.path
    assert actions > 100


def test_every_body_holds_only_properties_of_its_type(asked):
    for request in asked.requests.values():
        route, _ = template(request, asked.ids)
        takes = takes_of(route, request.method)
        known = (
            properties(takes) if isinstance(takes, str) and request.body and "@odata.type" not in request.body else ()
        )
        if known:
            sent = {name.partition("@")[0] for name in request.body} - {""}
            assert sent <= known.keys(), f"{request.method} {request.path}"


def test_everything_that_the_tables_can_ask_for_was_asked_for(asked):
    """Guard the tests above: they check no row, child, part or way to assign that nothing asks for."""
    seen = {(request.method, template(request, asked.ids)[0]) for request in asked.requests.values()}
    sent = {(request.method, template(request, asked.ids)[0].rpartition("/")[2])
            for request in asked.requests.values() if request.is_write}  # fmt: skip
    for key, row in POLICY_TYPES.items():
        path = row.path.replace(DIRECTORY, "{}")
        below = f"{path}/{{}}"
        wanted = {("GET", path)}
        wanted |= {("GET", f"{below}/{child.name}") for child in row.children}
        if row.is_single or row.is_referred:
            assert wanted <= seen, (key, wanted - seen)
            continue
        wanted.add(("GET", f"{below}/enrollmentProfiles/{{}}" if key == "depOnboardingSettings" else below))
        rule = WRITE_RULES[key]
        if not rule.cannot_restore:
            update = "PATCH" if key == "depOnboardingSettings" else rule.update
            one = f"{below}/enrollmentProfiles/{{}}" if key == "depOnboardingSettings" else below
            wanted |= {(update, one), ("DELETE", one)}
            if rule.assign == ONE_BY_ONE:
                wanted |= {("POST", f"{below}/assignments"), ("DELETE", f"{below}/assignments/{{}}")}
            elif rule.assign == BY_UPDATE:
                wanted.add(("POST", f"{below}/update"))
            elif rule.assign:
                cast = f"/{rule.assign_cast}" if rule.assign_cast else ""
                wanted.add(("POST", f"{below}{cast}/assign"))
        assert wanted <= seen, (key, wanted - seen)
    actions = {"updateDefinitionValues", "scheduleActionsForRules", "setScheduledActions", "createInstance",
               "targetApps", "updateSettings", "changeSettings", "setPriority", "localizedNotificationMessages",
               "update", "updateAllowedCombinations", "combinationConfigurations",
               "windowsPrivacyAccessControls"}  # fmt: skip
    assert actions <= {name for _, name in sent}, actions - {name for _, name in sent}


def test_no_list_is_asked_for_assignments_that_its_service_refuses_there():
    """400, or empty lists: Micke-K/IntuneManagement, ExpandAssignmentsList and ExpandAssignments."""
    refused = {"termsAndConditions", "policySets", "roleScopeTags", "targetedManagedAppConfigurations",
               *(f"{platform}ManagedAppProtections" for platform in ("ios", "android", "windows"))}  # fmt: skip
    assert [key for key in refused if "$expand" in POLICY_TYPES[key].list_path()] == []


def test_conditional_access_is_asked_for_where_microsoft_has_it():
    assert {row.path for row in POLICY_TYPES.values() if row.path.startswith(CA)} <= set(routes())
