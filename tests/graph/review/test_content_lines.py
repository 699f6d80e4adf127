"""Nothing that is sent is unseen: over every type that a policy may be by Microsoft's model, and the demo."""

import base64
import hashlib
import random
import re
import ssl

import pytest

from graph.content.normalise import ZERO_GUID
from graph.content.places import root_type
from graph.display.labels import readable_name
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.review.content_lines import assignment_lines, body_lines, sent_content
from graph.simulator.demo.builder import ALL_USERS
from graph.write.write_requests import change_requests, creation_request
from graph.write.write_rules import WRITE_RULES
from tests.graph import made_up
from tests.graph.content.test_mutated import contents
from tests.support.certificates import self_signed

# What graph/write/actions.py says by itself, whatever the content: the service takes no such policy without.
OF_ITSELF = {"PasswordRequired", "", ZERO_GUID, "0", "AND", "Paused"}
GROUP, FILTER = "0a1b2c3d-0000-4000-8000-00000000aaaa", "0a1b2c3d-0000-4000-8000-00000000ffff"
# How an assignment says what it is.
SAID = {
    "groupAssignmentTarget": "Group ",
    "cloudPcManagementGroupAssignmentTarget": "Group ",
    "exclusionGroupAssignmentTarget": "Without group ",
    "allDevicesAssignmentTarget": "All devices",
    "allLicensedUsersAssignmentTarget": "All users",
    "mobileAppAssignment": "intent",
}
ASSIGNMENTS = [
    {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP,
                "deviceAndAppManagementAssignmentFilterId": FILTER,
                "deviceAndAppManagementAssignmentFilterType": "exclude"},
     "intent": "uninstall", "settings": {"notifications": "hideAll"},
     "runSchedule": {"@odata.type": "#microsoft.graph.deviceHealthScriptDailySchedule", "interval": 17}},
    {"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}},
]  # fmt: skip


def leaves(value, name=""):
    """(property, value) of everything inside that says something."""
    if isinstance(value, dict):
        yield from (pair for key, inner in value.items() for pair in leaves(inner, key))
    elif isinstance(value, list):
        yield from (pair for inner in value for pair in leaves(inner, name))
    elif value is not None:
        yield name, value


def page_of(policy_type, want):
    part = sent_content(policy_type, want, None, with_assignments=True)
    lines = body_lines(part["body"], part["body"], {})
    return lines + assignment_lines(part["assignments"], part["assignments"], {})


def requests_for(policy_type, want):
    """All that a live run sends to make it, and to set on an empty one what differs."""
    if not WRITE_RULES[policy_type.key].cannot_restore:
        yield creation_request(policy_type, want, "token" if policy_type.key == "depOnboardingSettings" else "")
        empty = {"body": {"id": "1", "@odata.type": want["body"].get("@odata.type")}, "assignments": []}
        yield from change_requests(policy_type, "1", empty, want, with_assignments=True)


def unseen(policy_type, want):
    lines = page_of(policy_type, want)
    page = "\n".join(f"{line.label} {line.value} {line.more}\n{line.more}_{line.value}" for line in lines)
    labels = {line.label for line in lines}
    for request in requests_for(policy_type, want):
        for name, value in leaves(request.body):
            if not is_seen(name, value, page, labels):
                yield request.path, name, value


def is_seen(name, value, page, labels):
    if name == "runRemediationScript":
        return True  # follows from whether there is a script
    if isinstance(value, bool):
        return readable_name(name) in labels
    if name == "@odata.type" and str(value).startswith("#microsoft.graph.deviceManagementConfiguration"):
        return True  # said by the property that holds it
    bare = str(value).removeprefix("#microsoft.graph.")
    if name == "@odata.type" and bare in SAID:
        return SAID[bare] in page
    if name == "type" and bare.startswith(("image/", "text/css")):
        return True  # follows from which file it is, and how it begins
    if name == "notificationTemplates":
        return bare.removesuffix(f"_{ZERO_GUID}") in page
    if str(value) in OF_ITSELF or str(value) in page or as_a_choice(str(value), page):
        return True
    quoted = re.findall(r"\('([^']+)'\)|/directoryObjects/(.+)", str(value))
    if name.endswith(("@odata.bind", "@odata.id")) and quoted:
        return all(any(text and text in page for text in pair) for pair in quoted)
    return any(spelling in page for spelling in spellings_of_base64(str(value)))


def as_a_choice(value, page):
    """A choice is shown without the name of its setting, which stands beside it."""
    name, _, option = value.rpartition("_")
    return name in page and re.search(rf"_{re.escape(option)}$", page, re.MULTILINE)


def spellings_of_base64(value):
    try:
        data = base64.b64decode(value, validate=True)
    except ValueError:
        return
    yield hashlib.sha256(data).hexdigest()
    for encoding in ("utf-8", "cp1252"):
        try:
            yield data.decode(encoding)
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize("policy_type", POLICY_TYPES.values(), ids=lambda one: one.key)
def test_nothing_that_is_sent_is_unseen(policy_type):
    chance = random.Random(policy_type.key)
    for kind in sorted(model.subtypes(root_type(policy_type))):
        body = {"id": "made-up-id", **made_up.body_of(kind, chance), **made_up.parts_of(policy_type, kind, chance)}
        assert list(unseen(policy_type, {"body": body, "assignments": ASSIGNMENTS})) == [], kind


def test_nothing_of_the_demo_is_sent_unseen():
    for key, item in contents():
        body = {name: value for name, value in item.items() if name != "assignments"}
        want = {"body": body, "assignments": item.get("assignments", [])}
        assert list(unseen(POLICY_TYPES[key], want)) == [], (key, item.get("displayName") or item.get("name"))


# --- how a value is shown ---------------------------------------------------------------------------------------------

SCRIPT = "net user backdoor P@ssw0rd! /add"


def encoded(data):
    return base64.b64encode(data).decode()


def shown(body, masked=None, names=None):
    return [(line.label, line.value, line.more) for line in body_lines(body, masked or body, names or {})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_script_is_shown_as_its_text_however_it_was_saved(encoding):
    [(_, value, _)] = shown({"scriptContent": encoded(SCRIPT.encode(encoding))})
    assert value == SCRIPT


def test_text_that_reads_otherwise_than_it_runs_is_told():
    [(_, value, _)] = shown({"scriptContent": encoded("safe # \u202e)ddA- lacoL\u2066".encode())})
    assert value == "safe # ⟨U+202E⟩)ddA- lacoL⟨U+2066⟩"


def test_base64_in_a_place_that_does_not_say_so_is_shown_as_what_it_is():
    xml = f"<data>{SCRIPT}</data>"
    assert shown({"value": encoded(xml.encode())}) == [("Value", xml, "sent as base64")]
    word = "aVeryLongNameThatConsistsOfNothingButLettersSoItMayBeBase64Too12"
    assert shown({"value": word}) == [("Value", word, "")]


def test_a_certificate_is_shown_by_its_subject(tmp_path):
    pem, _ = self_signed(tmp_path)
    der = ssl.PEM_cert_to_DER_cert(pem.read_text())
    [(_, value, more)] = shown({"trustedRootCertificate": encoded(der)})
    assert value.startswith("Self-signed certificate of CN=127.0.0.1, valid until ")
    assert hashlib.sha256(der).hexdigest() in more


def test_what_is_hidden_has_no_mark_that_a_guess_could_be_tried_against():
    script = SCRIPT * 20
    body = {"scriptContent": encoded(script.encode()), "password": "hunter2"}
    lines = body_lines(body, dict.fromkeys(body, "(masked)"), {})
    assert [(line.value, line.more, line.is_hidden) for line in lines] == [("(masked)", "", True)] * 2


def test_what_is_hidden_stands_in_no_label():
    body = {"omaSettings": [{"value": "hunter2"}, {"value": "other"}], "names": [{"hunter2": 1}]}
    masked = {"omaSettings": [{"value": "(masked)"}, {"value": "(masked)"}], "names": "(masked)"}
    assert "hunter2" not in str(shown(body, masked))


def test_an_id_is_shown_by_the_targets_name_and_beside_it():
    lines = shown({"includeGroups": [GROUP]}, names={GROUP: "SG-Production"})
    assert lines == [("Include groups", "SG-Production", GROUP)]


def test_whom_an_assignment_reaches_is_said_by_its_type_and_by_the_groups_that_are_everybody():
    sly = [
        {"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget", "groupId": GROUP}},
        {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": ALL_USERS}},
    ]
    lines = assignment_lines(sly, sly, {GROUP: "SG-Test-lab"})
    assert [(line.label, line.value) for line in lines] == [("Include", "All devices"), ("Include", "Group All users")]
