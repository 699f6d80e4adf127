"""Exports read whole: each format's sample, the real ones where they are, and hostile ones."""

import json
import os

import pytest

from graph.content.fingerprint import fingerprint
from graph.foreign import read
from graph.foreign.export import FileState, FindingKind, ForeignFormat
from graph.foreign.read import TooMany, read_export
from graph.policy_types import shape
from graph.policy_types.table import POLICY_TYPES
from graph.references.stand_ins import UNKNOWN_DIRECTORY, is_stand_in, stand_in
from tests.support.foreign_samples import FILTER, GROUP, SAMPLES, TENANT, as_json, catalog
from tests.support.simulated_tenant import REAL

EXPORTS = REAL.parent / "imports"


def texts(policy, kind):
    return " ".join(finding.text for finding in policy.findings if finding.kind == kind)


def by_name(export):
    return {policy.name.strip(): policy for policy in export.policies}


# Format -> (policy type and name of each policy, state and a word of why of every other file).
EXPECTED = {
    ForeignFormat.INTUNE_MANAGEMENT: (
        {("configurationPolicies", "Camera"), ("groupPolicyConfigurations", "OneDrive"), ("intents", "Firewall"),
         ("assignmentFilters", "Corporate")},
        {("beside", "names the tenant"), ("beside", "settings of an intent")},
    ),
    ForeignFormat.INTUNE_CD: (
        {("configurationPolicies", "Camera"), ("deviceShellScripts", "Dock")},
        {("beside", "script"), ("no_policy", "neither JSON")},
    ),
    ForeignFormat.INTUNE_CD_YAML: (
        {("configurationPolicies", "Camera"), ("deviceShellScripts", "Dock")},
        {("beside", "script"), ("no_policy", "neither JSON")},
    ),
    ForeignFormat.INTUNE_BACKUP: (
        {("configurationPolicies", "Camera"), ("groupPolicyConfigurations", "OneDrive"), ("intents", "Fire")},
        {("beside", "assignments"), ("left_out", "PowerShell cut it off")},
    ),
    ForeignFormat.CIPP: (
        {("configurationPolicies", "Camera"), ("configurationPolicies", "Camera 2"),
         ("conditionalAccessPolicies", "CA1"), ("namedLocations", "Allowed countries")},
        {("no_policy", "template of a group")},
    ),
    ForeignFormat.PORTAL: ({("configurationPolicies", "Camera")}, set()),
    ForeignFormat.GRAPH_LIST: ({("assignmentFilters", "Corporate")}, {("left_out", "$select")}),
    ForeignFormat.GRAPH_POWERSHELL: ({("conditionalAccessPolicies", "CA1")}, set()),
    ForeignFormat.CONDITIONAL_ACCESS: (
        {("conditionalAccessPolicies", "CA1"), ("conditionalAccessPolicies", "CA2"), ("namedLocations", "Offices")},
        {("beside", "names the groups")},
    ),
    ForeignFormat.DC_TOOLBOX: ({("conditionalAccessPolicies", "CA1")}, set()),
    ForeignFormat.ENTRA_EXPORTER: (
        {("conditionalAccessPolicies", "CA1")}, {("no_policy", "about people"), ("beside", "which tenant")}
    ),
    ForeignFormat.TENU_VAULT: ({("configurationPolicies", "Camera")}, {("beside", "how the backup went")}),
    ForeignFormat.INTUNE_TOOLS: ({("configurationPolicies", "Camera")}, set()),
    ForeignFormat.M365_DSC: (set(), {("left_out", "It describes 1 objects")}),
    ForeignFormat.GRAPH_BODY: ({("deviceConfigurations", "Ring <RING>")}, set()),
}  # fmt: skip


@pytest.mark.parametrize("form", ForeignFormat)
def test_each_format_is_recognised_by_its_content_and_read_into_our_form(form):
    export = read_export(SAMPLES[form])
    policies, others = EXPECTED[form]
    assert {(policy.policy_type, policy.name.strip()) for policy in export.policies} == policies
    assert {policy.format for policy in export.policies} <= {form}
    told = [(str(file.state), file.why) for file in export.files if file.state != FileState.POLICY]
    assert len(told) == len(others)
    assert all(any(state == kind and word in why for kind, why in told) for state, word in others)
    assert {file.path for file in export.files} == set(SAMPLES[form])
    for policy in export.policies:
        assert shape.is_content(policy.policy_type, policy.content)
        assert not [key for key in json.loads(json.dumps(policy.content))["body"] if key.startswith("#")]


def test_what_a_tool_altered_is_put_right_and_said():
    setting = by_name(read_export(SAMPLES[ForeignFormat.PORTAL]))["Camera"].content["body"]["settings"][0]
    assert "AllowCamera" not in str(setting)
    management = by_name(read_export(SAMPLES[ForeignFormat.INTUNE_MANAGEMENT]))
    camera, templates = management["Camera"], management["OneDrive"].content["body"]
    assert (len(camera.content["assignments"]), camera.references) == (
        1,
        {"groups": {GROUP: "Pilot"}, "filters": {FILTER: "Corporate"}},
    )
    [value] = templates["definitionValues"]
    assert value["definition"]["categoryPath"] == "\\OneDrive"
    # The tool wrote words for its tenant's id, and one element without its list.
    assert value["presentationValues"][0]["value"] == TENANT
    assert value["presentationValues"][0]["presentation"]["label"] == "Tenant"
    assert management["Firewall"].content["body"]["settings"][0]["id"] == "0"

    for form in (ForeignFormat.INTUNE_CD, ForeignFormat.INTUNE_CD_YAML):
        policies = by_name(read_export(SAMPLES[form]))
        target = policies["Camera"].content["assignments"][0]["target"]
        assert target["groupId"] == stand_in("groups", "Pilot")
        assert policies["Camera"].references["filters"] == {
            target["deviceAndAppManagementAssignmentFilterId"]: "Corporate"
        }
        assert policies["Camera"].content["body"]["roleScopeTagIds"] == ["0", stand_in("roleScopeTags", "Vienna")]
        assert "another scriptContent" in texts(policies["Dock"], FindingKind.ASK)
        assert (
            policies["Dock"].other_content["body"]["scriptContent"] != policies["Dock"].content["body"]["scriptContent"]
        )
        assert policies["Dock"].content["assignments"] is None
        assert "does not say whether" in texts(policies["Dock"], FindingKind.MISSING)

    backup = by_name(read_export(SAMPLES[ForeignFormat.INTUNE_BACKUP]))
    assert backup["Camera"].content["assignments"][0]["target"]["groupId"] == GROUP
    assert backup["Fire"].content["body"]["templateId"] == "0f2b5d70-d4e9-4156-8c16-1397eb6c54a5"
    assert backup["Fire"].content["body"]["settings"][0]["valueJson"] == "true"

    shell = by_name(read_export(SAMPLES[ForeignFormat.GRAPH_POWERSHELL]))["CA1"].content["body"]
    assert (shell["createdDateTime"], shell["sessionControls"]["signInFrequency"]) == ("2026-01-30T15:57:07.239Z", None)

    cipp = by_name(read_export(SAMPLES[ForeignFormat.CIPP]))
    excluded = cipp["CA1"].content["body"]["conditions"]["locations"]["excludeLocations"]
    assert excluded == [cipp["Allowed countries"].graph_id]
    assert "LocationInfo" not in cipp["CA1"].content["body"]


def test_what_is_unsure_is_asked_and_what_is_lost_is_said():
    export = read_export(SAMPLES[ForeignFormat.CONDITIONAL_ACCESS])
    policies = by_name(export)
    assert export.directory_id == UNKNOWN_DIRECTORY
    # Never "was disabled": its tool switches all of them off.
    assert all(
        "Whether this one was on is not known" in texts(policies[n], FindingKind.PUT_RIGHT) for n in ("CA1", "CA2")
    )
    assert policies["CA1"].references == {"groups": {GROUP: "Admins"}}
    first, second = policies["CA2"].content["body"]["conditions"]["users"]["excludeGroups"]
    assert first != second
    assert is_stand_in(first)
    assert is_stand_in(second)
    assert policies["Offices"].content["body"]["@odata.type"] == "#microsoft.graph.ipNamedLocation"

    assert by_name(read_export(SAMPLES[ForeignFormat.GRAPH_BODY]))["Ring <RING>"].placeholders == ("<RING>",)
    vault = read_export(SAMPLES[ForeignFormat.TENU_VAULT])
    assert (vault.directory_id, vault.organisation) == (TENANT, "Contoso")
    assert "CompletedWithWarnings" in vault.findings[0].text
    listed = read_export(SAMPLES[ForeignFormat.GRAPH_LIST]).policies[0]
    assert "The list goes on" in texts(listed, FindingKind.MISSING)
    cut = [file for file in read_export(SAMPLES[ForeignFormat.GRAPH_POWERSHELL]).files if file.why]
    assert "1 of its 2 objects are left out. PowerShell cut it off" in cut[0].why


def test_a_folder_may_hold_several_formats_and_two_policies_of_one_name():
    files = {
        **SAMPLES[ForeignFormat.PORTAL],
        **SAMPLES[ForeignFormat.INTUNE_CD],
        "copy.json": as_json(catalog("Camera")),
    }
    export = read_export(files)
    cameras = [policy for policy in export.policies if policy.name == "Camera"]
    assert len({policy.graph_id for policy in cameras}) == len(cameras) == 3
    assert all("Another of this type and name" in texts(policy, FindingKind.TWICE) for policy in cameras)


def test_an_omaed_secret_is_counted_and_never_in_a_finding():
    oma = [{"displayName": "Password", "omaUri": "./Vendor/MSFT/x/Password", "value": "hunter2"}]
    body = {"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "displayName": "VPN", "omaSettings": oma}
    [policy] = read_export({"vpn.json": as_json(body)}).policies
    assert "look like secrets: 1." in texts(policy, FindingKind.SECRET)
    assert "hunter2" not in str(policy.findings)


def _deep(depth):
    return b'{"displayName": "a", "conditions": ' + b'{"a":' * depth + b"1" + b"}" * depth + b', "state": "enabled"}'


HOSTILE = {
    "deep.json": (_deep(5000), "nested too deeply"),
    "deeper.json": (_deep(150), "nested too deeply"),
    "twice.json": (b'{"displayName": "a", "displayName": "b"}', "one thing twice"),
    "many.json": (b"[" + b"{}," * 600_000 + b"{}]", "more values"),
    "nan.json": (b'{"displayName": NaN}', "damaged"),
    "cut.json": (b'{"displayName": "a", "conditions": {', "damaged"),
    "latin.json": (b'{"displayName": "M\xfcnchen"}', "neither in UTF-8"),
    "half.json": (b"\xff\xfe{\x00}", "neither in UTF-8"),
    "laughs.yaml": (b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 10)) for n in range(98, 106)), "more values"),
    "tag.yaml": (b"displayName: !!python/object/apply:os.system ['true']\n", "holds a tag"),
    "own.yaml": (b"displayName: &a [*a]\n", "refers to itself"),
    "zip.json": (b"PK\x03\x04...", "ZIP in the export"),
    "type.json": (as_json({"@odata.type": "#evil/../x", "displayName": "a", "conditions": {}, "state": "x"}), "none"),
}  # fmt: skip


def test_hostile_files_cost_themselves_alone():
    files = {name: data for name, (data, _) in HOSTILE.items()} | SAMPLES[ForeignFormat.PORTAL]
    export = read_export(files)
    told = {file.path: file for file in export.files}
    for name, (_, word) in HOSTILE.items():
        assert told[name].state == FileState.LEFT_OUT, name
        assert word in told[name].why, name
    assert [policy.name for policy in export.policies] == ["Camera"]
    with pytest.raises(TooMany, match="20,000"):
        read_export({str(number): b"" for number in range(read.MOST_FILES + 1)})


def test_policies_are_bounded_as_files_are_and_the_caller_may_end_the_reading(monkeypatch):
    alike = as_json([{"displayName": "A", "conditions": {}, "state": "enabled"}] * 5)
    export = read_export({"a.json": alike})
    [twice] = [finding for finding in export.policies[0].findings if finding.kind == FindingKind.TWICE]
    assert twice.text.count("a.json") == 3
    monkeypatch.setattr("graph.foreign.read.MOST_POLICIES", 4)
    with pytest.raises(TooMany, match="more than 4 policies"):
        read_export({"a.json": alike})
    left = iter(range(2))
    with pytest.raises(StopIteration):
        read_export({"a.json": b"{}", "b.json": b"{}", "c.json": b"{}"}, lambda: next(left))


def real_files(root):
    return {
        os.path.relpath(os.path.join(folder, name), root).replace(os.sep, "/"): (EXPORTS / folder / name).read_bytes()
        for folder, _, names in os.walk(root)
        for name in names
    }


# Folder below the real exports -> (how many policies it holds, how many of its files are left out).
REAL_EXPORTS = {
    "intunemanagement/IntuneAdmin__IntuneBaselines": (6, 0),
    "intunemanagement/j0eyv__ConditionalAccessBaseline": (11, 0),
    "intunecd": (24, 0),
    "portal-export": (5, 0),
    "graph-list": (17, 2),
    "graph-powershell": (7, 0),
    "conditional-access/philippkohn__ConditionalAccessforZeroTrustResources": (4, 1),
    "conditional-access/Clutch2View__nis2-conditional-access-policies": (4, 0),
    "m365dsc": (0, 6),
    "composed/cipp": (4, 0),
    "composed/dctoolbox": (2, 0),
    "composed/entraexporter": (2, 0),
    "composed/intunebackupandrestore": (4, 0),
    "composed/intunecd-yaml": (6, 0),
    "composed/intunemanagement-assigned": (3, 0),
    "composed/intunetools": (1, 0),
    "composed/tenuvault": (2, 0),
}


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="The real exports are not on this machine.")
@pytest.mark.parametrize("folder", REAL_EXPORTS)
def test_real_exports_are_read_whole(folder):
    export = read_export(real_files(EXPORTS / folder))
    left_out = [file for file in export.files if file.state == FileState.LEFT_OUT]
    assert (len(export.policies), len(left_out)) == REAL_EXPORTS[folder]
    assert not [file for file in export.files if file.state == FileState.NO_POLICY and "which policy type" in file.why]
    for policy in export.policies:
        assert shape.is_content(policy.policy_type, policy.content)


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="The real exports are not on this machine.")
def test_one_policy_of_two_tools_is_one_policy():
    """The same two policies lie there as the portal exported them, and as IntuneCD did from where they were made."""
    portal = by_name(read_export(real_files(EXPORTS / "portal-export")))
    other = by_name(read_export(real_files(EXPORTS / "intunecd")))
    mine = {settings_mark(policy) for policy in portal.values()}
    assert [settings_mark(policy) in mine for name, policy in other.items() if "POL-" in name] == [True, True]


def settings_mark(policy):
    body = {"settings": policy.content["body"]["settings"]}
    return fingerprint(POLICY_TYPES[policy.policy_type], {"body": body, "assignments": None})
