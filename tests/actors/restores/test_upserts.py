"""What is made at an address of its own choice: whatever is there is updated, and never made a second time."""

import base64

import pytest

from actors.plans import drafts, plan_text
from actors.uploads import contradictions
from db.audit.audit import SYSTEM
from db.models import Policy, Snapshot
from db.policies import snapshots
from db.restores import restore_drafts, restore_items, restores
from db.restores.restore_drafts import NewRestoreItem, RestoreSource
from graph.display.masking import mask_secrets
from graph.policy_types.policy_type import policy_name
from graph.policy_types.table import POLICY_TYPES
from graph.restore.executor import ID_IS_TAKEN
from tests.fuzz.values import STEERING
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import executed, options, plan_of, previewed, undone

KEY = "authenticationContextClassReferences"
CONTEXTS = f"identity/conditionalAccess/{KEY}"
SCRIPT = "00000009-1111-4111-8111-111111111111"
pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def context(number, name, **changes):
    return {"id": number, "displayName": name, "description": "", "isAvailable": True, **changes}


@pytest.fixture
def there(contoso):
    """there(): the contexts of the tenant, by number; payroll and privileged roles to begin with."""
    for number, name in (("c1", "Payroll"), ("c2", "Privileged roles")):
        contoso.put(CONTEXTS, context(number, name))
    return lambda: {number: one["displayName"] for number, one in contoso.objects()[CONTEXTS].items()}


def uploaded(cast, key, graph_id, body, assignments=None):
    document = {"body": body, "assignments": assignments}
    content = snapshots.save_content(cast.contoso.id, document, contradictions.upload_fingerprint(document))
    one = NewRestoreItem(
        key, graph_id, policy_name(POLICY_TYPES[key], body), content, {}, file_says={"name": "as the file says"}
    )
    return restore_drafts.create(
        cast.contoso, RestoreSource(cast.contoso.directory_id, "a file"), [one], options(), SYSTEM
    )


def test_a_copy_gets_a_number_of_its_own_and_its_undo_removes_that_alone(there, cast, ended):
    policy = Policy.create(tenant=cast.contoso, policy_type=KEY, graph_id="c2", name="Privileged roles")
    snapshot = capture_by_hand(policy, SYSTEM, context("c2", "Privileged roles"))[1]
    chosen = options(existing="copy", prefix="Copy - ")
    restore = previewed(drafts.from_snapshot(snapshot, cast.contoso, chosen, SYSTEM), ended)
    assert plan_of(restore) == {"Privileged roles": "create"}
    restore, _ = executed(restore, ended)
    assert there() == {"c1": "Payroll", "c2": "Privileged roles", "c3": "Copy - Privileged roles"}
    executed(previewed(undone(restore), ended), ended)
    assert there() == {"c1": "Payroll", "c2": "Privileged roles"}


def test_twins_whose_contents_are_kept_once_come_back_at_their_own_addresses(there, contoso, cast, ended):
    captured = []
    for number in ("c1", "c2"):
        policy = Policy.create(tenant=cast.contoso, policy_type=KEY, graph_id=number, name="Twin")
        captured.append(capture_by_hand(policy, SYSTEM, context(number, "Twin"))[1])
    Snapshot.update(content=captured[0].content_id).execute()  # as what has one fingerprint is kept
    items = restore_drafts.new_items_from_snapshots(snapshots.load_with_policies([one.id for one in captured]))
    source = RestoreSource(cast.contoso.directory_id, "both")
    restore = previewed(restore_drafts.create(cast.contoso, source, items, options(), SYSTEM), ended)
    assert {one.target_id for one in restore_items.items(restore)} == {"c1", "c2"}
    executed(restore, ended)
    assert there() == {"c1": "Twin", "c2": "Twin"}


def test_a_body_that_has_the_address_of_another_is_an_update_of_that_one_captured_and_undone(there, cast, ended):
    body = context("c1", "Harmless new context", isAvailable=False)
    restore = previewed(uploaded(cast, KEY, "c9", body), ended)
    [item] = restore_items.items(restore)
    assert (item.action, item.target_id, item.differences) == ("update", "c1", 2)
    restore, _ = executed(restore, ended)
    assert there()["c1"] == "Harmless new context"
    assert restore.safety_set_id is not None
    [back] = restore_items.items(undo := previewed(undone(restore), ended))
    assert (back.action, back.target_id) == ("update", "c1")
    executed(undo, ended)
    assert there() == {"c1": "Payroll", "c2": "Privileged roles"}


@pytest.mark.parametrize("is_listed", [True, False], ids=["listed", "not-listed-yet"])
def test_what_took_the_address_since_the_preview_is_a_conflict_and_stays(
    there, contoso, cast, ended, monkeypatch, is_listed
):
    """The worker's own look, just before it writes, is the last word. Nothing of its name appeared: nobody says so."""
    restore = previewed(uploaded(cast, KEY, "c3", context("c3", "New")), ended)
    assert plan_of(restore) == {"New": "recreate"}
    if not is_listed:
        monkeypatch.setattr("actors.restores.live_batch.LiveBatch._why_its_id_is_taken", lambda *_: "")
    contoso.put(CONTEXTS, context("c3", "Somebody's"))
    restore, _ = executed(restore, ended)
    assert there()["c3"] == "Somebody's"
    [item] = restore_items.items(restore)
    assert (item.outcome, item.created_id) == ("conflict", None)
    assert restore_items.results(restores.runs_of_restore(restore))[item.id].message == ID_IS_TAKEN.format("c3")


# --- what would lead elsewhere, on the wire --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "body", "assignments"),
    [
        ("intents", {"displayName": "x", "templateId": STEERING[0], "settings": []}, []),
        (KEY, context("c1/../../namedLocations", "x"), None),
        ("deviceConfigurations", {"@odata.type": "#microsoft.graph.x/../groups/G?", "displayName": "x"}, []),
    ],
    ids=["template", "context", "type"],
)  # fmt: skip
def test_a_file_that_steers_is_blocked_before_anything_is_sent(contoso, cast, ended, key, body, assignments):
    restore = previewed(uploaded(cast, key, "x", body, assignments=assignments), ended)
    [item] = restore_items.items(restore)
    assert (item.action, item.reason) == ("blocked", "astray")
    assert "Nothing of it is sent." in item.message
    assert contoso.requests()["writes"] == 0


# --- a guess in a file -----------------------------------------------------------------------------------------------


def test_nothing_that_a_plan_keeps_tells_a_right_guess_from_a_wrong_one(contoso, cast, ended):
    right, wrong = (
        base64.b64encode(f"net user helpdesk {one} /add".encode()).decode() for one in ("hunter2", "hunter3")
    )
    script = {"@odata.type": "#microsoft.graph.deviceManagementScript", "id": SCRIPT, "displayName": "Helpdesk",
              "description": "", "scriptContent": right, "runAsAccount": "system", "enforceSignatureCheck": False,
              "fileName": "a.ps1", "roleScopeTagIds": ["0"], "runAs32Bit": False}  # fmt: skip
    contoso.put("deviceManagement/deviceManagementScripts", {**script, "assignments": []})
    plans = []
    for guess in (right, wrong):
        body = {**script, "scriptContent": guess}
        [item] = restore_items.items(previewed(uploaded(cast, "deviceManagementScripts", SCRIPT, body, []), ended))
        assert (item.action, item.differences) == ("update", 1)
        kept = {name: value for name, value in item.__data__.items() if name not in ("id", "restore", "content")}
        plans.append(kept | {"shown": plan_text.sections(item, mask_secrets, {})})
    assert plans[0] == plans[1]
