"""The simulator holds bodies, addresses and queries against Microsoft's model; what it has itself fits that model."""

import json

import pytest

from graph.microsoft import model
from graph.simulator.demo import demo_tenants
from graph.simulator.imports.exported_files import _encodings
from graph.simulator.model import addressing, observed_facts, odata, querying
from graph.simulator.model.conformance import is_abstract, misfits, type_at
from graph.simulator.model.write_rules import RULES
from tests.support.simulated_tenant import REAL, catalog_policy, conditional_access

POLICY = "deviceManagementConfigurationPolicy"
# Kind -> (one that is taken, those that are not).
KINDS = {
    "string": ("x", [1, True, {}, []]),
    "boolean": (True, ["true", 1, {}]),
    "integer": (7, ["7", 7.5, True, {}]),
    "number": (0.5, ["0.5", True, []]),
    "dateTime": ("2025-04-18T11:09:03.6844085Z", ["2025-04-18", "2025-04-18T11:09:03", "2025-13-18T11:09:03Z", "today",
                                                  "/Date(1679512796236)/", 5]),
    "date": ("2025-04-18", ["2025-04-18T00:00:00Z", "18.4.2025", "2025-02-30", 5]),
    "time": ("22:00:00.0000000", ["22 h", "25:00:00", "PT1H", 22]),
    "duration": ("PT12H", ["12:00:00", "PT", "P", "12", 12]),
    "binary": ("ZWNobyB4Cg==", ["echo x", "ZWNobyB4Cg", 5]),
    "guid": ("00000003-0000-0000-c000-000000000000", ["{x}", "00000003", 5]),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "is_many"), [*((kind, False) for kind in KINDS), ("string", True)])
def test_a_value_is_of_the_kind_that_the_model_says(kind, is_many):
    type_name, one = next(
        (name, one)
        for name in sorted(model.type_names())
        for one in model.properties(name).values()
        if (one.kind, one.is_many) == (kind, is_many) and not is_abstract(name)
    )
    right, wrong = KINDS[kind]

    def told(value):
        return list(misfits(type_name, {one.name: [value] if is_many else value}))

    assert told(right) == told(None) == []
    for value in wrong:
        [misfit] = told(value)
        assert "expected" in misfit.message
    [misfit] = misfits(type_name, {one.name: right if is_many else [right]})
    assert "expected" in misfit.message, "a list is no value, and a value no list"


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("platforms", {"platforms": "windows10, macOS"}, None),
        ("platforms", {"platforms": "windows10,windows95"}, "'windows10,windows95'"),
        ("platforms", {"platforms": ["windows10"]}, "expected"),
        ("settings/0/settingInstance/note", {"settings": [{"settingInstance": {
            "@odata.type": f"{model.PREFIX}deviceManagementConfigurationSimpleSettingInstance", "note": "x"}}]},
         "SimpleSettingInstance'"),
        ("settings/0/settingInstance/@odata.type", {"settings": [{"settingInstance": {
            "@odata.type": f"{model.PREFIX}omaSettingString"}}]}, "not assignable"),
        ("assignments/0/target/@odata.type", {"assignments": [{"target": {"groupId": "x"}}]}, "abstract"),
        ("assignments/0/target/@odata.type", {"assignments": [{"target": {
            "@odata.type": f"{model.PREFIX}deviceAndAppManagementAssignmentTarget"}}]}, "abstract"),
        ("technologies", {"technologies": "MDM,1"}, None),
        ("templateReference/templateFamily", {"templateReference": {"templateFamily": "homemade"}}, "'homemade'"),
        ("@odata.type", {"@odata.type": f"{model.PREFIX}neverHeardOf"}, "could not be resolved"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_at_its_depth(path, body, reason):
    found = [("/".join(map(str, one.path)), one.message) for one in misfits(POLICY, body)]
    assert [where for where, _ in found] == ([path] if reason else [])
    assert all(reason in message for _, message in found)


def test_a_list_of_combinations_holds_several_members_in_one_text():
    right, wrong = {"allowedCombinations": ["password,sms", "fido2"]}, {"allowedCombinations": ["password,pigeon"]}
    assert not list(misfits("authenticationStrengthPolicy", right))
    assert len(list(misfits("authenticationStrengthPolicy", wrong))) == 1


def test_every_type_of_every_collection_refuses_what_it_has_not():
    """All that can be written, of the concrete type: a property of a sibling is as unknown as one of nobody."""
    seen = 0
    for row in RULES.values():
        declared = observed_facts.type_of_collection(row.path)
        for name in model.subtypes(declared) if declared else ():
            if is_abstract(name):
                continue
            seen += 1
            others = {one for sibling in model.subtypes(declared) for one in observed_facts.properties(sibling)}
            for unknown in (*sorted(others - observed_facts.properties(name).keys())[:3], "neverHeardOf"):
                [found] = misfits(declared, {"@odata.type": model.PREFIX + name, unknown: None})
                assert found.path == (unknown,)
    assert seen > 150


def test_what_the_demo_tenants_hold_fits():
    unfit = [
        (collection, item["id"], one)
        for tenant in demo_tenants()
        for collection, items in tenant.collections.items()
        for item in items.values()
        for one in misfits(type_at(collection, {}), _without_memberships(item))
        if type_at(collection, {})
    ]
    assert unfit == []


def _without_memberships(item):
    """No answer shows them: graph/simulator/features/memberships.py."""
    return {name: value for name, value in item.items() if name != "memberOf"}


def test_what_tests_and_benchmarks_generate_fits():
    made = {"deviceManagement/configurationPolicies": [catalog_policy("x", "X")], **conditional_access(2, 2, 2)}
    unfit = [(path, one) for path, items in made.items() for item in items for one in misfits(type_at(path, {}), item)]
    assert unfit == []


def test_what_a_collection_holds_is_known():
    """A row that the model knows nothing of takes everything: only where that cannot be otherwise."""
    unknown = {row.path for row in RULES.values() if observed_facts.type_of_collection(row.path) is None}
    assert unknown <= {"organization/branding/localizations", "deviceManagement/settings"}


# Written by hand, and no answers of the service.
BY_HAND = ("jorgeasaurus__IntuneHydrationKit", "microsoft__intune-my-macs", "awkward")


@pytest.mark.skipif(not REAL.exists(), reason="no real policies here")
def test_real_exports_fit_as_they_are():
    """They are Microsoft's answers: where one does not fit, the model lacks something, and `beyond` has to have it."""
    unfit, seen = set(), 0
    for path in REAL.rglob("*.json"):
        if any(one in path.parts for one in BY_HAND):
            continue
        raw = parsed(path)
        said = str(raw.get("@odata.type") or "").removeprefix(model.PREFIX) if isinstance(raw, dict) else ""
        if not model.is_known(said):
            continue
        seen += 1
        if isinstance(raw.get("definitionValues"), dict):
            raw["definitionValues"] = [raw["definitionValues"]]  # PowerShell's list of one
        unfit |= {(said, *(step for step in one.path if isinstance(step, str))) for one in misfits(said, raw)}
    assert seen > 60
    assert unfit == set()


WIRE = REAL.parent / "wire"


@pytest.mark.skipif(not WIRE.exists(), reason="no captured traffic here")
def test_captured_traffic_fits():
    """What the portal and another client sent, and were not refused."""
    unfit, seen = [], 0
    for path in WIRE.glob("*.md"):
        for said, one in typed_objects(path.read_text(errors="replace")):
            seen += 1
            unfit += [(path.name[-60:], said, misfit) for misfit in misfits(said, one)]
    assert seen > 300
    assert unfit == []


def typed_objects(text):
    """Every JSON object in the text, or within one, that tells its type."""
    decoder, start = json.JSONDecoder(strict=False), text.find("{")
    while start >= 0:
        try:
            found, end = decoder.raw_decode(text, start)
        except ValueError:
            found, end = None, start + 1
        yield from _typed(found)
        start = text.find("{", end)


def _typed(value):
    said = str(value.get("@odata.type", "")).removeprefix(model.PREFIX) if isinstance(value, dict) else ""
    if model.is_known(said):
        yield said, value
        return
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _typed(inner)


def parsed(path):
    data = path.read_bytes()
    for encoding in _encodings(data):
        try:
            return json.loads(data.decode(encoding))
        except ValueError:
            continue
    return None


# --- addresses and queries -------------------------------------------------------------------------------------------

DM, DAM = "deviceManagement", "deviceAppManagement"


@pytest.mark.parametrize(
    ("path", "type_name"),
    [
        (f"{DM}/deviceConfigurations", "deviceConfiguration"),
        (f"{DM}/deviceConfigurations('x')/assignments", "deviceConfigurationAssignment"),
        (f"{DM}/DEVICEConfigurations/x", "deviceConfiguration"),
        (f"{DM}/deviceConfigurations/x/microsoft.graph.windowsWifiEnterpriseEAPConfiguration/"
         "rootCertificatesForServerValidation/y/$ref", "windows81TrustedRootCertificate"),
        (f"{DAM}/mobileApps/x/categories/$ref", "mobileAppCategory"),
        (f"{DM}/deviceConfigurations/x/getOmaSettingPlainTextValue(secretReferenceValueId='a')", None),
        (f"{DM}/inventoryPolicies/x/settings", "deviceManagementConfigurationSetting"),
    ],
)  # fmt: skip
def test_an_address_leads_to_a_type(path, type_name):
    assert addressing.resolve(odata.segments(path)).type == type_name


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("foo", "foo"),
        (f"{DM}/configurationPolicy", "configurationPolicy"),
        (f"{DM}/configurationPolicies/x/asign", "asign"),
        (f"{DM}/deviceConfigurations/x/microsoft.graph.iosLobApp", "microsoft.graph.iosLobApp"),
        (f"{DM}/deviceConfigurations/x/rootCertificate/$ref", "rootCertificate"),
        (f"{DM}/deviceConfigurations/x/microsoft.graph.windowsWifiConfiguration/rootCertificate", "rootCertificate"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_by_its_segment(path, segment):
    with pytest.raises(addressing.UnknownSegment) as told:
        addressing.resolve(odata.segments(path))
    assert told.value.segment == segment


CONFIGURATIONS = f"{DM}/deviceConfigurations"


@pytest.mark.parametrize(
    ("path", "query", "reason"),
    [
        (CONFIGURATIONS, "$select=id,DISPLAYNAME&$expand=assignments&$filter=displayName eq 'eq foo'", None),
        (CONFIGURATIONS, "$select=microsoft.graph.windowsWifiConfiguration/ssid", None),
        (CONFIGURATIONS, "$filter=not isof('microsoft.graph.iosUpdateConfiguration')", None),
        (CONFIGURATIONS, "$skiptoken=x&utm=1", None),
        (CONFIGURATIONS, "$select=id,ssid", "'ssid' on type 'microsoft.graph.deviceConfiguration'"),
        (CONFIGURATIONS, "$expand=asignments", "'asignments'"),
        (CONFIGURATIONS, "$filter=contains(title,'a')", "'title'"),
        (CONFIGURATIONS, "$orderby=title desc", "'title'"),
        (CONFIGURATIONS, "$apply=groupby((version))", "'$apply'"),
        (f"{CONFIGURATIONS}/x", "$top=5", "'$top'"),
        (f"{CONFIGURATIONS}/x", "$expand=assignments($select=goal)", "'goal'"),
        (f"{DM}/deviceCompliancePolicies",
         "$expand=scheduledActionsForRule($expand=scheduledActionConfigurations)", None),
        (f"{DM}/deviceCompliancePolicies", "$expand=scheduledActionsForRule($expand=actions)", "'actions'"),
    ],
)  # fmt: skip
def test_a_query_names_what_there_is(path, query, reason):
    address = addressing.resolve(odata.segments(path))
    if reason is None:
        querying.refuse_unknown(address, query)
        return
    with pytest.raises(odata.BadQuery) as told:
        querying.refuse_unknown(address, query)
    assert reason in str(told.value)
