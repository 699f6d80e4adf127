"""What a restore would write is on its pages, whoever uploaded it and whatever they called it."""

import base64

import pytest

import actors.restores.live_restore
from db.models import AuditEvent, Restore, RestoreItem
from db.policies import snapshots
from db.restores import restore_drafts
from graph.content.fingerprint import fingerprint
from graph.policy_types.table import POLICY_TYPES
from tests.support.forms import csrf_token
from tests.support.restore_steps import options, person, previewed
from tests.support.simulated_tenant import WRITE

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("quick", "lock_order"),
]
ELSEWHERE = "99999999-1111-4111-8111-999999999999"
SCRIPTS = "deviceManagementScripts"
SAID = "Printer mapping (Vienna)"
SCRIPT = "net user backdoor P@ssw0rd! /add; net localgroup administrators backdoor /add"
GROUP = "5d5c1f6e-0000-4000-8000-00000000a001"
EVIL = {
    "body": {
        "@odata.type": "#microsoft.graph.deviceManagementScript",
        "displayName": "EVIL run as SYSTEM everywhere",
        "scriptContent": base64.b64encode(SCRIPT.encode()).decode(),
        "runAsAccount": "system",
        "enforceSignatureCheck": False,
        "fileName": "evil.ps1",
        "roleScopeTagIds": ["0"],
    },
    "assignments": [
        {"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}},
        {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP}},
    ],
}

SHOWN = (
    EVIL["body"]["displayName"], "evil.ps1", "Run this script using the logged on credentials", "runAsAccount · system",
    "All devices", "SG-Intune-Windows-Production", GROUP,
    "It runs code of its own as SYSTEM, for all devices.",
)  # fmt: skip


@pytest.fixture
def attack(app, graph, worker, cast, ended):
    """As an upload whose file calls a script, and the group that gets it, by harmless names; previewed."""
    graph.change(permissions=WRITE)
    graph.put("groups", {"id": GROUP, "displayName": "SG-Intune-Windows-Production", "securityEnabled": True})
    content = snapshots.save_content(cast.contoso.id, EVIL, fingerprint(POLICY_TYPES[SCRIPTS], EVIL))
    references = {"groups": {GROUP: "SG-Test-lab (5 devices)"}}
    item = restore_drafts.NewRestoreItem(SCRIPTS, "11111111-2222-4333-8444-555555555555", SAID, content, references)
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "an uploaded set")
    made = restore_drafts.create(cast.contoso, source, [item], options(), person(cast.ada.id))
    return previewed(made, ended)


def text(client, path, **sent):
    answer = client.post(path, data={"csrf_token": csrf_token(client, "/")}) if sent.get("post") else client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def test_what_an_upload_would_create_is_shown_by_what_it_is(client, sign_in, cast, attack, ended):
    sign_in(client, cast.max)
    item = RestoreItem.get(RestoreItem.restore == attack)
    pages = [f"/restores/{attack.id}/items/{item.id}", f"/restores/{attack.id}/plan"]
    for page in (text(client, one) for one in pages):
        for shown in SHOWN:
            assert shown in page, shown
        assert SAID not in page
    for page in (text(client, one, post=True) for one in pages):
        assert "net localgroup administrators backdoor /add" in page
    assert client.get(pages[1], buffered=False).is_streamed, "no more than one policy of a plan is in memory"
    restore_page = text(client, f"/restores/{attack.id}")
    assert f'href="/restores/{attack.id}/plan"' in restore_page
    assert restore_page.index("It runs code of its own as SYSTEM") < restore_page.index('id="execute"')
    assert SAID not in restore_page
    live = actors.restores.live_restore.start(attack, person(cast.max.id), reason="a ticket").run
    ended(live.id)
    assert "EVIL run as SYSTEM everywhere" in text(client, f"/runs/{live.id}")
    assert not [event for event in AuditEvent.select() if "Vienna" in f"{event.subject} {event.details}"]
    assert Restore.get_by_id(attack.id).state == "finished"


def test_the_groups_own_name_stands_where_the_file_says_another(client, sign_in, cast, attack):
    sign_in(client, cast.max)
    item = RestoreItem.get(RestoreItem.restore == attack)
    assert [(one["how"], one["to_name"]) for one in item.resolutions] == [("same", "SG-Intune-Windows-Production")]
    assert "the same id is there: SG-Intune-Windows-Production" in text(
        client, f"/restores/{attack.id}/items/{item.id}"
    )
    assert ">The file says</th>" in text(client, f"/restores/{attack.id}/items/{item.id}")
    assert "SG-Test-lab" not in text(client, f"/restores/{attack.id}/plan")
