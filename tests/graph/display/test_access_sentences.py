"""Conditional Access in sentences: nothing that is set goes untold, and names stand for ids."""

import copy

import pytest

from graph.display.access_sentences import NOT_SETTINGS, describe_access
from graph.microsoft import model

ROOT = "conditionalAccessPolicy"
# A service adds these to what it answers: of the policy as an object, or of the strength that it refers to.
NOT_OF_POLICY = NOT_SETTINGS | {"modifiedDateTime", "authenticationStrength"}
# Says no more than the value beside it does, and that the policy is in a list.
SAYS_NOTHING = {("sessionControls", "signInFrequency", "frequencyInterval")}
NAMES = {"g1": "SG-BreakGlass", "r1": "Global Administrator", "a1": "Payroll", "l1": "Head office", "t1": "House rules"}


def everything(type_name, path=(), chosen=None):
    """A body in which each property of the model is set; `chosen`: {path: member of an enumeration}."""
    body = {}
    subtype = max(model.subtypes(type_name), key=lambda name: len(model.properties(name)))
    for name, found in model.properties(subtype).items():
        place = (*path, name)
        if name in NOT_OF_POLICY:
            continue
        value = (chosen or {}).get(place) or plain_value(found, place)
        body[name] = [value] if found.is_many else value
    return body


def plain_value(found, place):
    if found.kind == "object":
        inner = everything(found.type, place)
        if "membershipKind" in inner:
            inner["membershipKind"] = "enumerated"
        return inner
    if found.kind in ("enum", "flags"):
        return model.enum(found.type)[1]
    if found.name == "operator":
        return "OR"
    return {"boolean": True, "integer": 7}.get(found.kind, ".".join(place))


def leaves(value, path=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    else:
        yield path


def without(body, path):
    body = copy.deepcopy(body)
    holder = body
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return body


def test_nothing_that_microsofts_model_has_goes_untold():
    whole = everything(ROOT)
    told = describe_access(whole, {}).paragraph
    places = list(leaves(whole))
    silent = {path for path in places if describe_access(without(whole, path), {}).paragraph == told}
    assert len(places) > 50
    assert silent <= SAYS_NOTHING, silent


def test_every_value_of_an_enumeration_is_told_apart():
    for path in leaves(everything(ROOT)):
        found, type_name = None, ROOT
        for name in path:
            known = {n: p for kind in model.subtypes(type_name) for n, p in model.properties(kind).items()}
            found, type_name = known[name], known[name].type or ""
            type_name = type_name if known[name].kind == "object" else ""
        if found.kind not in ("enum", "flags") or path in SAYS_NOTHING:
            continue
        stories = {}
        for member in model.enum(found.type):
            body = everything(ROOT)
            holder = body
            for name in path[:-1]:
                holder = holder[name]
            holder[path[-1]] = [member] if found.is_many else member
            stories.setdefault(describe_access(body, {}).paragraph, []).append(member)
        assert all(len(members) == 1 for members in stories.values()), (path, stories.values())


POLICY = {
    "displayName": "MFA", "state": "enabledForReportingButNotEnforced",
    "conditions": {
        "users": {"includeUsers": ["All"], "excludeGroups": ["g1"], "includeRoles": ["r1"]},
        "applications": {"includeApplications": ["a1", "Office365"]},
        "locations": {"includeLocations": ["All"], "excludeLocations": ["l1"]},
        "clientAppTypes": ["all"], "signInRiskLevels": ["high"],
        "devices": {"deviceFilter": {"mode": "exclude", "rule": 'device.model -eq "{0}"'}},
        "nobodyKnows": {"newThing": 3},
    },
    "grantControls": {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"], "termsOfUse": ["t1"]},
    "sessionControls": {
        "signInFrequency": {"isEnabled": True, "type": "hours", "value": 4, "frequencyInterval": "timeBased"},
        "persistentBrowser": {"isEnabled": False, "mode": "never"},
    },
}  # fmt: skip


def test_a_policy_reads_as_a_paragraph():
    assert describe_access(POLICY, NAMES).paragraph == (
        "It only reports: it blocks nothing and asks for nothing."
        " It applies to all users, the role Global Administrator, except the group SG-BreakGlass."
        " It covers the apps of Office 365, the app Payroll."
        " It counts from any location, except from the location Head office,"
        ' except on devices that match “device.model -eq "{0}"”, at a sign-in risk of high.'
        " Then access needs all of these: multifactor authentication, the device to be marked as compliant, consent to"
        " the terms of use House rules; signing in is asked for again after 4 hours."
        " Also set: conditions.nobodyKnows.newThing = 3, sessionControls.persistentBrowser.isEnabled = false,"
        " sessionControls.persistentBrowser.mode = never."
    )


def test_parts_are_said_in_another_language():
    words = {
        "all users": "alle Benutzer",
        "except {}": "außer {}",
        "the group {}": "Gruppe {}",
        "the role {}": "Rolle {}",
    }
    parts = dict(describe_access(POLICY, NAMES).parts(lambda template: words.get(template, template)))
    assert parts["who"] == "alle Benutzer, Rolle Global Administrator, außer Gruppe SG-BreakGlass"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"state": None, "conditions": None, "grantControls": "x", "sessionControls": []},
        {"conditions": {"users": "All", "applications": {"includeApplications": "All"}}},
    ],
)
def test_damaged_policies_are_told_as_far_as_they_go(body):
    assert describe_access(body, {}).paragraph.startswith("It does not say whether it is on.")
