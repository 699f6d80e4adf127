"""What is told as a trace of the source tenant is in a request that would be sent, of each type of any policy type."""

import base64
import json
import random
import re

import pytest

from graph.content.places import root_type
from graph.content.spellings import GUID
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.references import leftover_ids
from graph.restore.desired_content import source_traces
from graph.write.write_requests import change_requests, creation_request
from graph.write.write_rules import WRITE_RULES
from graph.write.written_body import written_body
from tests.graph.made_up import body_of, parts_of

TYPE = "#microsoft.graph."
ROLE, TAG = "0000aaaa-1111-4111-8111-111111111111", "0000bbbb-1111-4111-8111-111111111111"
WRITTEN = [key for key in POLICY_TYPES if not WRITE_RULES[key].cannot_restore]
# What they send depends on what the tenant has made of the policy by then, so all of it may be.
UNKNOWN_BEFORE = {"compliancePolicies": "scheduledActionsForRule", "windowsDriverUpdateProfiles": "driverInventories"}
# Ids of the policy's own parts, and what it refers to by such an id; names of the catalog; and the token that an Apple
# enrollment policy is made under, a reference that is mapped by its whole value.
SILENT = {"id", "settingDefinitionId", "creationSource"}


def planted(policy_type, kind):
    """(a body of this type with an id of its own in each text, these ids)."""
    chance = random.Random(7)
    body = {"id": "own", **body_of(kind, chance), **parts_of(policy_type, kind, chance)}
    body.pop(UNKNOWN_BEFORE.get(policy_type.key), None)
    ids = set()
    for found in list(model.walk(kind, body)):
        is_text = found.property and found.property.kind in ("string", "guid") and isinstance(found.value, str)
        if is_text and found.key != "@odata.type":
            ids.add(text := f"{len(ids):08x}-1111-4111-8111-111111111111")
            found.holder[found.key] = [text] if isinstance(found.holder[found.key], list) else text
    return body, ids


def sent_ids(policy_type, content):
    """All ids in what makes the policy, and in what writes it over one that has nothing of it."""
    nothing = {"body": {name: content["body"][name] for name in ("id", "@odata.type")}, "assignments": []}
    requests = change_requests(policy_type, "x", nothing, content, with_assignments=True)
    if not WRITE_RULES[policy_type.key].cannot_create(content["body"]):
        requests.append(creation_request(policy_type, content))
    text = json.dumps([[request.path, request.body] for request in requests])
    files = re.findall(r'"((?:[A-Za-z0-9+/=]{4}){8,})"', text)
    opened = (base64.b64decode(file).decode(errors="replace") for file in files)
    return set(GUID.findall(" ".join((text, *opened))))


@pytest.mark.parametrize("key", WRITTEN)
def test_what_is_told_as_a_trace_is_in_a_request_and_whoever_is_sent_is_told_of(key, monkeypatch):
    monkeypatch.setattr(leftover_ids, "MAX_SENTENCES", 100_000)
    policy_type = POLICY_TYPES[key]
    for kind in sorted(model.subtypes(root_type(policy_type))):
        body, ids = planted(policy_type, kind)
        content = {"body": body, "assignments": []}
        traces = source_traces(policy_type, content, dict.fromkeys(ids, "groups"), [], with_assignments=True)
        told, sent = set(GUID.findall(" ".join(traces))), sent_ids(policy_type, content)
        assert list(places(body, told - sent)) == [], kind
        silent = {place.rpartition(".")[2] for place in places(body, sent - told)}
        assert silent <= SILENT, kind


def places(value, ids, path=""):
    """Where these ids stand in a value."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, ids, f"{path}.{name}")
    elif value in ids:
        yield path


def test_the_reference_of_an_encrypted_value_is_never_sent_and_so_no_trace():
    setting = {"@odata.type": f"{TYPE}omaSettingString", "omaUri": "./x", "value": "plain", "isEncrypted": True,
               "secretReferenceValueId": f"{ROLE}_{TAG}_1"}  # fmt: skip
    content = {"body": {"@odata.type": f"{TYPE}windows10CustomConfiguration", "omaSettings": [setting]}}
    policy_type = POLICY_TYPES["deviceConfigurations"]
    assert source_traces(policy_type, content, {ROLE: "deviceConfigurations"}, [], with_assignments=False) == []
    assert written_body(policy_type, content["body"])["omaSettings"] == [
        {"@odata.type": f"{TYPE}omaSettingString", "omaUri": "./x", "value": "plain"}
    ]


def test_the_id_in_a_link_is_a_whole_value_as_any_reference_is():
    body = {"displayName": "r", "roleDefinition": {"id": ROLE}, "roleScopeTags": [{"id": TAG}]}
    written, known = written_body(POLICY_TYPES["roleAssignments"], body), {ROLE: "roleDefinitions", TAG: "scopeTags"}
    assert written["roleDefinition@odata.bind"] == f"/deviceManagement/roleDefinitions('{ROLE}')"
    found = leftover_ids.find_leftovers("roleAssignments", written, known, (), ())
    assert {(mention.where, mention.id, mention.is_whole) for mention in found} == {
        ("roleDefinition", ROLE, True), ("roleScopeTags", TAG, True),
    }  # fmt: skip
    assert leftover_ids.find_leftovers("roleAssignments", written, known, {TAG}, {ROLE}) == []
