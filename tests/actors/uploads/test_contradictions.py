"""What the manifest of an uploaded file says of a policy has to be in the policy, or the policy is left out by name."""

import json

import pytest

from actors.uploads import contradictions
from actors.uploads.unpacking import LeftOut, ManifestLine
from db.errors import Invalid
from graph.content.fingerprint import content_hash
from graph.content.legacy_fingerprint import fingerprint as first_fingerprint
from graph.policy_types.table import POLICY_TYPES
from tests.support.zip_uploads import DIRECTORY, GOOD, fingerprint_of, line, read, zipped

GROUP, OTHER = "11111111-2222-4333-8444-555555555555", "11111111-2222-4333-8444-666666666666"
TARGET = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP}
POLICY = {
    "body": {"id": GROUP, "@odata.type": "#microsoft.graph.iosGeneralDeviceConfiguration", "displayName": "Real name"},
    "assignments": [{"target": TARGET}],
}
SAID = {"policy_type": "deviceConfigurations", "graph_id": GROUP, "name": "Real name",
        "fingerprint": fingerprint_of(POLICY, "deviceConfigurations")}  # fmt: skip


def left_out(document=POLICY, **said):
    data = zipped([("p.json", json.dumps(document))], [line("p", POLICY, **SAID | said)])
    kept, problems = read(data)
    assert list(kept) == (["good"] if problems else ["good", SAID["graph_id"]])
    return problems


def test_what_says_what_it_is_is_taken():
    assert left_out(references={"groups": {GROUP.upper(): "SG"}, "filters": {}}) == []


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"name": "Printer mapping (Vienna)"}, "calls it “Printer mapping (Vienna)”, and its content says “Real name”"),
        ({"graph_id": OTHER}, f"says the id {OTHER}, and its content {GROUP}"),
        ({"policy_type": "deviceCompliancePolicies"}, "iosGeneralDeviceConfiguration"),
        ({"fingerprint": "0" * 64}, "changed after its download"),
        ({"sha256": "0" * 64}, "changed after its download"),
        ({"references": {"groups": {OTHER: "SG-Test-lab (5 devices)"}}}, f"names {OTHER}"),
        ({"references": {"anything": {OTHER: "x"}}}, f"names {OTHER}"),
    ],
)
def test_what_contradicts_its_content_is_left_out_by_name(said, sentence):
    [problem] = left_out(**said)
    assert problem.startswith("p.json: ")
    assert sentence in problem


def test_a_type_that_is_no_name_of_a_type_is_none():
    odd = POLICY | {"body": POLICY["body"] | {"@odata.type": "#microsoft.graph.x/../../y?"}}
    [problem] = left_out(odd, fingerprint=fingerprint_of(odd, "deviceConfigurations"))
    assert "says Device configuration profile" in problem or "and its content #microsoft.graph.x" in problem


@pytest.mark.parametrize(
    ("manifest", "sentence"),
    [
        ({"count": 2, "policies": [line("good", GOOD)]}, "says 2 policies, and lists 1"),
        ({"policies": [line("good", GOOD), line("good", GOOD, graph_id="x")]}, "lists the file “good.json” twice"),
        ({"policies": []}, None),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused_whole(manifest, sentence):
    data = zipped(manifest={"directory_id": DIRECTORY, **manifest})
    if sentence:
        with pytest.raises(Invalid, match=sentence):
            read(data)
    else:
        assert read(data) == ({}, ["good.json: manifest.json does not list it."])


def test_a_file_is_taken_by_its_text_and_an_older_one_by_what_was_called_equal_then():
    document = {"body": {"name": "P", "settings": [], "technologies": "mdm,linuxMdm"}, "assignments": []}
    older = first_fingerprint(POLICY_TYPES["configurationPolicies"], document)
    assert older != fingerprint_of(document)
    lines = [
        line("older", document, fingerprint=older),
        line("newer", document, fingerprint="0" * 64, sha256=content_hash(document)),
        line("edited", document, fingerprint="0" * 64, sha256="0" * 64),
    ]
    kept, problems = read(zipped([(f"{one['graph_id']}.json", json.dumps(document)) for one in lines], lines))
    assert list(kept) == ["good", "older", "newer"]
    assert [one.partition(":")[0] for one in problems] == ["edited.json"]


NESTED = '{"body": ' + '{"a": ' * 200 + "1" + "}" * 200 + "}"
LEFT_OUT = {
    "not in the ZIP": ({}, None, "not in the ZIP"),
    "not UTF-8": ({}, b"\xff\xfe{}", "not in UTF-8"),
    "no JSON": ({}, b"{", "no JSON"),
    "not a number": ({}, b'{"body": {"a": NaN}}', "no JSON"),
    "not finite": ({}, b'{"body": {"a": -1e999}}', "no JSON"),
    "a number without end": ({}, b'{"body": {"a": ' + b"9" * 5000 + b"}}", "no JSON"),
    "more values than any": ({}, b'{"body": {"a": [' + b"[]," * 300_000 + b"0]}}", "more values than any policy"),
    "a ZIP in the ZIP": ({}, zipped(), "not in UTF-8"),
    "a name twice": ({}, b'{"body": {}, "body": {"name": "x"}}', "says one thing twice"),
    "nested": ({}, NESTED, "nested too deeply"),
    "nested beyond the parser": ({}, "[" * 200_000, "nested too deeply"),
    "no policy": ({}, b'{"body": [], "assignments": null}', "no policy as our downloads"),
    "a name that is none": (
        {"policy_type": "intuneBrandingProfiles"},
        b'{"body": {"profileName": ["bad"]}}',
        "contradicts it: it calls it",
    ),
    "odd assignments": ({}, b'{"body": {}, "assignments": [1]}', "no policy as our downloads"),
    "unknown type": ({"policy_type": "nonsense"}, json.dumps(GOOD), "no policy type nonsense"),
    "no fingerprint": ({"fingerprint": None}, json.dumps(GOOD), "says no fingerprint"),
    "listed twice": ({"graph_id": "good"}, json.dumps(GOOD), "listed twice"),
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_a_policy_that_cannot_be_used_is_left_out_with_a_sentence(what):
    changes, data, sentence = LEFT_OUT[what]
    files = [] if data is None else [("bad.json", data)]
    kept, [problem] = read(zipped(files, [line("bad", GOOD, **changes)]))
    assert sentence in problem
    assert list(kept) == ["good"]


def test_names_that_no_database_takes_are_kept_as_far_as_they_can_be():
    document = {"body": {"name": "a\x00b\ud800", "settings": []}, "assignments": []}
    kept, problems = read(zipped([("odd.json", json.dumps(document))], [line("odd", document)]))
    assert (kept["odd"][0], problems) == ("a\ufffdb\ufffd", [])


def test_every_problem_is_a_sentence_of_one_line():
    said = ManifestLine("p.json", policy_type="configurationPolicies", graph_id="x", name="a\n" * 500, fingerprint="0")
    problem = contradictions.find_problem(said, GOOD)
    assert len(problem) < 400
    assert LeftOut(problem)
