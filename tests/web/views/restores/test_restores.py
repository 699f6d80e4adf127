"""Restores in the browser: from the button on a backup set to the undo, and who may press what."""

import re

import pytest

from actors.backups import back_up
from actors.plans import drafts
from actors.tenants import graph_clients
from db.accounts import users
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.models import AuditEvent, BackupSet, Policy, Restore, RestoreItem, RuleChange, Run, Tenant, User
from db.restores import approvals, restore_drafts, restore_items
from db.states import Role
from tests.support.captures import capture_by_hand
from tests.support.forms import csrf_token
from tests.support.restore_steps import as_previewed, options, person, previewed
from tests.support.simulated_tenant import READ, WRITE, catalog_policy

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("quick", "lock_order"),
]
CATALOG = "deviceManagement/configurationPolicies"


@pytest.fixture
def contoso(app, graph, worker, cast):
    """Contoso in the simulator, with every permission to write."""
    graph.change(permissions=WRITE)
    return graph


@pytest.fixture
def backup_set(contoso, ended, cast):
    """Of Contoso's two policies; since then the first was changed and the second deleted."""
    run = ended(back_up.start(cast.contoso, SYSTEM).run.id)
    one, other = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id)
    contoso.put(CATALOG, {**catalog_policy(one.graph_id, one.name), "description": "somebody was here"})
    contoso.delete(CATALOG, other.graph_id)
    return BackupSet.get(BackupSet.run == run)


@pytest.fixture
def draft(cast, captured):
    """Asked for by Ada, who operates Contoso; nobody has looked at the tenant."""
    snapshots = [snapshot for policy, _, snapshot in captured if policy.tenant == cast.contoso]
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "two snapshots")
    return restore_drafts.create(
        cast.contoso, source, restore_drafts.new_items_from_snapshots(snapshots), options(), person(cast.ada.id)
    )


def in_state(restore, state):
    """As if a preview had found two updates."""
    RestoreItem.update(action="update", differences=1).where(RestoreItem.restore == restore).execute()
    return as_previewed(restore, state=state)


def send(client, path, **data):
    """As from the page as it is now: its forms say which plan they are for."""
    if path.endswith(("/approve", "/execute", "/guard")):
        data = {"plan": Restore.get_by_id(int(path.split("/")[2])).planned_mark, **data}
    return client.post(path, data={"csrf_token": csrf_token(client, "/"), **data})


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def events(*actions):
    return [event for event in AuditEvent.select().order_by(AuditEvent.id) if event.action in actions]


def manager(app, cast, sign_in, name="mia"):
    """Another one of Contoso."""
    made = User.create(email=f"{name}@example.com", name=name.title(), password_hash=cast.max.password_hash)
    users.set_member(made, cast.contoso, Role.MANAGER, SYSTEM)
    return sign_in(app.test_client(), made)


def test_from_the_button_on_a_set_to_written_and_undone(client, sign_in, cast, contoso, backup_set, ended):
    sign_in(client, cast.max)
    assert f"/restores/new?backup_set={backup_set.id}" in text(client, f"/backup-sets/{backup_set.id}")
    answer = send(client, "/restores/new", backup_set=backup_set.id, tenant=cast.contoso.id, what="all",
                  assignments="exact")  # fmt: skip
    restore = Restore.get()
    assert (answer.status_code, answer.location) == (303, f"/restores/{restore.id}")
    assert "Run" in text(client, answer.location)
    ended(Run.get(Run.restore_id == restore.id).id)
    page = text(client, f"/restores/{restore.id}")
    assert "1 will change · 1 will be created again" in page
    assert contoso.requests()["writes"] == 0
    sent = send(client, f"/restores/{restore.id}/execute", name="Contoso", reason="INC-1")
    live = Run.get((Run.restore_id == restore.id) & (Run.kind == "restore.live"))
    assert (sent.status_code, ended(live.id).state) == (303, "succeeded")
    page = text(client, f"/restores/{restore.id}")
    for shown in ("finished", "INC-1", "1 changed · 1 created again", "What was there before", "Undo this restore"):
        assert shown in page, shown
    assert "not restored" not in page, "all of it was done"
    assert "Before restore" in text(client, f"/backup-sets/{Restore.get().safety_set_id}")
    item = restore_items.items(Restore.get())[0]
    page = text(client, f"/restores/{restore.id}/items/{item.id}")
    for shown in ("somebody was here", "as it was written", "/deviceManagement/configurationPolicies", ">Before<"):
        assert shown in page, shown
    undone = send(client, f"/restores/{restore.id}/undo")
    undo = Restore.get(Restore.undo_of == restore)
    assert undone.location == f"/restores/{undo.id}"
    assert f"/restores/{undo.id}" in text(client, f"/restores/{restore.id}")
    run = ended(Run.get(Run.restore_id == undo.id).id)
    assert "1 will change · 1 will be removed" in text(client, f"/restores/{undo.id}")
    assert "Preview of “" in text(client, f"/runs/{run.id}")
    assert f'/restores/{undo.id}"' in text(client, "/notifications/")
    page = text(client, f"/restores/{restore.id}")
    assert ("Go on with its undo" in page, "Undo this restore" in page, "It was undone" in page) == (True, False, False)
    send(client, f"/restores/{undo.id}/execute", name="Contoso", reason="INC-2")
    live = Run.get((Run.restore_id == undo.id) & (Run.kind == "restore.live"))
    assert ended(live.id).state == "succeeded"
    page = text(client, f"/restores/{restore.id}")
    assert ("It was undone:" in page, "Undo this restore" in page, "Go on with its undo" in page) == (
        True,
        False,
        False,
    )
    assert "Undo this restore" in text(client, f"/restores/{undo.id}"), "an undo can be undone too"


def test_the_form_keeps_everything_that_was_chosen_when_it_is_refused(client, sign_in, cast, backup_set):
    sign_in(client, cast.max)
    chosen = backup_sets.snapshot_ids(backup_set)[0]
    answer = send(client, "/restores/new", backup_set=backup_set.id, tenant=cast.contoso.id, what="some", item=chosen,
                  existing="copy", prefix="", assignments="none", drop_missing="yes")  # fmt: skip
    page = answer.get_data(as_text=True)
    assert (answer.status_code, Restore.select().count()) == (400, 0)
    assert "A copy needs a prefix" in page
    for field in (f'name="item" value="{chosen}"', 'value="some"', 'value="copy"', 'name="assignments" value="none"',
                  'name="drop_missing" value="yes"'):  # fmt: skip
        assert re.search(f"{field}[^>]* checked", page), field
    nothing = send(client, "/restores/new", backup_set=backup_set.id, tenant=cast.contoso.id, what="some",
                   assignments="none")  # fmt: skip
    assert "Tick the policies" in nothing.get_data(as_text=True)
    both = send(
        client, "/restores/new", backup_set=backup_set.id, tenant=cast.contoso.id, what="all", item=chosen,
        assignments="none",
    )  # fmt: skip
    assert "Choose one." in both.get_data(as_text=True)


def test_what_is_proposed_follows_the_tenant_and_is_never_taken_for_a_choice(client, sign_in, cast, backup_set):
    users.set_member(cast.max, cast.fabrikam, Role.MANAGER, SYSTEM)
    sign_in(client, cast.max)
    into_own = text(client, f"/restores/new?backup_set={backup_set.id}")
    elsewhere = text(client, f"/restores/new?backup_set={backup_set.id}&tenant={cast.fabrikam.id}")
    for page, access, assignments in ((into_own, "as captured", "made"), (elsewhere, "report only", "leave")):
        assert re.search(f'name="conditional_access" value="{access}"[^>]* checked', page)
        assert re.search(f'name="assignments" value="{assignments}"[^>]* checked', page)
    refused = send(client, "/restores/new", backup_set=backup_set.id, tenant=cast.fabrikam.id, what="all",
                   proposed_for="own", conditional_access="as captured", assignments="made")  # fmt: skip
    page = refused.get_data(as_text=True)
    assert (refused.status_code, "other options are proposed now" in page, Restore.select().count()) == (400, True, 0)
    assert re.search('name="conditional_access" value="report only"[^>]* checked', page)


def test_what_is_ticked_stays_so_whatever_part_of_the_set_is_looked_at(client, sign_in, cast, backup_set):
    sign_in(client, cast.ada)
    first, second = backup_sets.snapshot_ids(backup_set)

    def look(**fields):
        answer = send(client, "/restores/new", backup_set=backup_set.id, what="some", **fields)
        assert (answer.status_code, Restore.select().count()) == (200, 0)
        return answer.get_data(as_text=True)

    page = look(go="page=0", search="policy 1", item=second)
    assert ("Contoso policy 1" in page, "Contoso policy 2" in page) == (True, False)
    assert f'name="kept" value="{second}"' in page
    assert "1 chosen, 1 of them not on this page" in page
    page = look(go="open=configurationPolicies&page=0", kept=second)
    assert re.search(rf'value="{second}"\s+checked', page)
    assert 'name="kept" value=""' in page, "what the page shows is not kept beside it: it can be unticked"
    page = look(tick="found", search="policy 1", kept=second)
    assert "2 chosen, 1 of them not on this page" in page
    assert "Nothing chosen yet" in look(tick="none", search="policy", kept=f"{first}-{second}")
    assert send(client, "/restores/new", backup_set=backup_set.id, go="page=0", kept="1-99999999").status_code == 400
    wanted = {"tenant": cast.contoso.id, "what": "some", "assignments": "none", "proposed_for": "own"}
    assert send(client, "/restores/new", backup_set=backup_set.id, kept=second, **wanted).status_code == 303
    assert [item.snapshot_id for item in RestoreItem.select()] == [second]


def test_another_tenant_is_offered_to_and_taken_from_those_who_manage_both(client, sign_in, cast, captured):
    snapshot = captured[0][2]
    sign_in(client, cast.max)
    form = {"snapshot": snapshot.id, "tenant": cast.fabrikam.id, "assignments": "leave"}
    users.set_member(cast.max, cast.fabrikam, Role.OPERATOR, SYSTEM)
    assert "Fabrikam" not in text(client, f"/restores/new?snapshot={snapshot.id}")
    assert send(client, "/restores/new", **form).status_code == 403
    users.set_member(cast.max, cast.fabrikam, Role.MANAGER, SYSTEM)
    assert "Fabrikam" in text(client, f"/restores/new?snapshot={snapshot.id}")
    assert send(client, "/restores/new", **form).status_code == 303
    made = Restore.get()
    assert (made.tenant, made.source_directory_id) == (cast.fabrikam, cast.contoso.directory_id)
    users.set_member(cast.max, cast.contoso, Role.OPERATOR, SYSTEM)
    Restore.update(state="cancelled").execute()
    assert send(client, f"/restores/{made.id}/again").status_code == 403


def test_only_the_tenants_name_and_a_reason_start_a_live_restore(client, sign_in, cast, draft):
    restore = in_state(draft, "previewed")
    sign_in(client, cast.max)
    path = f"/restores/{restore.id}/execute"
    for wrong, sentence in (({"name": "Contos", "reason": "x"}, "type the tenant"), ({"name": "Contoso"}, "Say why")):
        answer = send(client, path, **wrong)
        page = answer.get_data(as_text=True)
        assert (answer.status_code, sentence in page) == (400, True), sentence
    assert 'value="Contoso"' in page
    assert not Run.select().where(Run.restore_id == restore.id).exists()
    assert Restore.get_by_id(restore.id).state == "previewed"
    assert send(client, path, name=" contoSO ", reason="INC-1").status_code == 303
    assert [event.details["reason"] for event in events("restore:started")] == ["INC-1"]
    assert Run.get(Run.restore_id == restore.id).state == "queued"


def test_a_plan_that_was_made_anew_since_the_page_was_opened_is_not_executed_unseen(client, sign_in, cast, draft):
    restore = in_state(draft, "previewed")
    sign_in(client, cast.max)
    path = f"/restores/{restore.id}"
    seen = re.search(r'name="plan" value="([^"]+)"', text(client, path))[1]
    RestoreItem.update(differences=2).where(RestoreItem.restore == restore).execute()
    as_previewed(draft)
    answer = send(client, f"{path}/execute", name="Contoso", reason="INC-1", plan=seen)
    assert (answer.status_code, "is another one since" in answer.get_data(as_text=True)) == (400, True)
    assert not Run.select().where(Run.restore_id == restore.id).exists()


def test_who_changed_its_options_cannot_approve_it_either(app, client, sign_in, cast, captured, draft):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    restore = in_state(draft, "previewed")
    Restore.update(created_by=cast.ada, changed_by=cast.max).where(Restore.id == restore.id).execute()
    sign_in(client, cast.max)
    refused = send(client, f"/restores/{restore.id}/approve", reason="mine").get_data(as_text=True)
    assert "somebody other than you" in refused


def test_with_four_eyes_another_manager_approves_before_anybody_executes(app, client, sign_in, cast, captured, draft):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    restore = in_state(draft, "previewed")
    Restore.update(created_by=cast.max).where(Restore.id == restore.id).execute()
    mia = manager(app, cast, sign_in)
    sign_in(client, cast.max)
    path = f"/restores/{restore.id}"
    page = text(client, path)
    assert "Mia or an admin" in re.sub(r"\s+", " ", page)
    assert f"{path}/approve" not in page
    assert f"{path}/execute" not in page
    refused = send(client, f"{path}/approve", reason="mine").get_data(as_text=True)
    assert "somebody other than you" in refused
    assert "another manager has to approve" in send(client, f"{path}/execute", name="Contoso", reason="now").get_data(
        as_text=True
    )
    assert not Run.select().where(Run.restore_id == restore.id).exists()
    assert send(mia, f"{path}/approve", reason="agreed on the phone").status_code == 303
    assert "by Mia" in text(client, path)
    assert [(event.actor_id is not None, event.details["reason"]) for event in events("restore:approved")] == [
        (True, "agreed on the phone")
    ]
    assert send(client, f"{path}/execute", name="Contoso", reason="").status_code == 303


def test_a_change_makes_it_a_draft_again_and_looks_anew(client, sign_in, cast, draft):
    restore = in_state(draft, "approved")
    sign_in(client, cast.ada)
    path = f"/restores/{restore.id}"
    assert send(client, f"{path}/options", assignments="none").status_code == 303
    changed = Restore.get_by_id(restore.id)
    assert (changed.state, changed.options["assignments"], changed.approved_at) == ("draft", "none", None)
    assert Run.get(Run.restore_id == restore.id).kind == "restore.preview"
    answer = send(client, f"{path}/options", assignments="exact")
    assert (answer.status_code, "is being previewed" in answer.get_data(as_text=True)) == (400, True)
    assert events("restore:changed")[0].details == {"changed": ["options"]}


def test_leaving_out_takes_away_what_was_ticked_and_nothing_that_was_not_shown(client, sign_in, cast, draft):
    restore = in_state(draft, "previewed")
    first, second = restore_items.items(restore)
    sign_in(client, cast.ada)
    path = f"/restores/{restore.id}"
    everything = send(client, f"{path}/items", leave=[first.id, second.id])
    assert (everything.status_code, "at least one policy" in everything.get_data(as_text=True)) == (400, True)
    assert send(client, f"{path}/items", leave=first.id).status_code == 303
    assert [item.id for item in restore_items.items(restore)] == [second.id]
    assert Restore.get_by_id(restore.id).state == "draft"


def test_a_reader_sees_a_restore_and_does_nothing_with_it(client, sign_in, cast, draft):
    restore = in_state(draft, "previewed")
    sign_in(client, cast.rita)
    page = text(client, f"/restores/{restore.id}")
    assert not re.findall(r'action="/restores/\d+/(preview|options|execute|approve|cancel)', page)
    for act in ("preview", "options", "items", "approve", "execute", "cancel", "undo", "again"):
        assert send(client, f"/restores/{restore.id}/{act}").status_code == 403, act
    assert client.get("/restores/new").status_code == 403
    assert Restore.get_by_id(restore.id).state == "previewed"


def test_an_operator_previews_and_cancels_ones_own_and_executes_nothing(client, sign_in, cast, draft):
    restore = in_state(draft, "previewed")
    sign_in(client, cast.ada)
    path = f"/restores/{restore.id}"
    for act in ("approve", "execute", "undo"):
        assert send(client, f"{path}/{act}", name="Contoso", reason="x").status_code == 403
    Restore.update(created_by=cast.max).where(Restore.id == restore.id).execute()
    assert send(client, f"{path}/cancel").status_code == 403
    Restore.update(created_by=cast.ada).where(Restore.id == restore.id).execute()
    assert send(client, f"{path}/preview").status_code == 303
    assert send(client, f"{path}/cancel").status_code == 303
    assert Restore.get_by_id(restore.id).state == "cancelled"
    assert Run.get(Run.restore_id == restore.id).state == "cancelled"
    assert send(client, f"{path}/again").status_code == 303
    assert Restore.select().count() == 2


def test_cancelling_a_running_one_stops_its_run(client, sign_in, cast, draft):
    restore = in_state(draft, "previewed")
    sign_in(client, cast.max)
    send(client, f"/restores/{restore.id}/execute", name="Contoso", reason="INC-1")
    page = text(client, f"/restores/{restore.id}")
    assert "data-progress" in page
    assert '<meta http-equiv="refresh"' in page
    assert send(client, f"/restores/{restore.id}/cancel").status_code == 303
    assert Run.get(Run.restore_id == restore.id).state == "cancelled"
    assert Restore.get_by_id(restore.id).state == "finished"
    assert "cannot be cancelled" in send(client, f"/restores/{restore.id}/cancel").get_data(as_text=True)


def held_back(draft):
    """Previewed; the first of its two policies is held back by the guard."""
    item = restore_items.items(draft)[0]
    RestoreItem.update(reason="guard", message="It is for all users.").where(RestoreItem.id == item.id).execute()
    return in_state(draft, "previewed"), item


def test_the_guard_is_overridden_as_a_part_of_the_plan_before_it_is_executed(client, sign_in, cast, draft):
    restore, item = held_back(draft)
    sign_in(client, cast.max)
    path = f"/restores/{restore.id}"
    assert "Held back by the Conditional Access guard: 1" in text(client, path)
    refused = send(client, f"{path}/guard", guard_reason=" ")
    assert (refused.status_code, "Say why" in refused.get_data(as_text=True)) == (400, True)
    assert send(client, f"{path}/guard", guard_reason="break-glass is new").status_code == 303
    now = Restore.get_by_id(restore.id)
    assert now.planned_mark != restore.planned_mark
    said = {"reason": "break-glass is new", "policies": [item.name], "fingerprint": now.planned_mark}
    assert [event.details for event in events("restore:guard-overridden")] == [said]
    page = text(client, path)
    assert "guard is overridden: 1" in page
    assert "Max overrode the guard" in page
    stale = send(client, f"{path}/execute", name="Contoso", reason="INC-1", plan=restore.planned_mark)
    assert (stale.status_code, "is another one since" in stale.get_data(as_text=True)) == (400, True)
    assert send(client, f"{path}/execute", name="Contoso", reason="INC-1").status_code == 303


def test_overriding_the_guard_drops_an_approval_and_makes_a_requester(app, client, sign_in, cast, draft):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    restore, _ = held_back(draft)
    mia, path = manager(app, cast, sign_in), f"/restores/{restore.id}"
    assert send(mia, f"{path}/approve", reason="seen").status_code == 303
    sign_in(client, cast.max)
    # What was typed when executing is no override.
    send(client, f"{path}/guard", guard_reason="because I say so")
    refused = send(client, f"{path}/execute", name="Contoso", reason="INC-1").get_data(as_text=True)
    assert "another manager has to approve" in refused
    assert "for you overrode the Conditional Access guard" in send(client, f"{path}/approve", reason="x").get_data(
        as_text=True
    )
    page = text(mia, path)
    assert "because I say so" in page
    assert send(mia, f"{path}/approve", reason="seen, with the override").status_code == 303
    assert send(client, f"{path}/execute", name="Contoso", reason="INC-1").status_code == 303


def test_an_undo_asks_yes_or_no_for_what_the_guard_holds_back(client, sign_in, cast, draft):
    undone = restore_drafts.create(
        cast.contoso,
        restore_drafts.RestoreSource(cast.contoso.directory_id, "before"),
        [restore_drafts.NewRestoreItem("configurationPolicies", "1", "x", None, {}, target_id="1")],
        options(),
        person(cast.max.id),
    )
    Restore.update(undo_of=undone).where(Restore.id == draft.id).execute()
    RestoreItem.update(reason="guard", message="It is for all users.").where(RestoreItem.restore == draft).execute()
    in_state(draft, "previewed")
    sign_in(client, cast.max)
    path = f"/restores/{draft.id}"
    assert re.search('name="put_back_held" value="yes" required', text(client, path))
    assert not re.search('put_back_held" [^>]*checked', text(client, path)), "neither is chosen"
    unsaid = send(client, f"{path}/execute", name="Contoso", reason="INC-2")
    assert (unsaid.status_code, "Choose whether to put back" in unsaid.get_data(as_text=True)) == (400, True)
    assert not Run.select().where(Run.kind == "restore.live").exists()
    said = send(client, f"{path}/execute", name="Contoso", reason="INC-2", put_back_held="yes")
    assert (said.status_code, Restore.get_by_id(draft.id).guard_reason) == (303, "INC-2")
    assert [event.details["reason"] for event in events("restore:guard-overridden")] == ["INC-2"]


def test_with_four_eyes_an_undo_is_not_asked_when_it_is_executed(client, sign_in, cast, draft):
    Restore.update(undo_of=draft.id, asks_four_eyes=True).where(Restore.id == draft.id).execute()
    held_back(draft)
    assert not approvals.asks_about_guard(Restore.get_by_id(draft.id))


def test_a_reason_typed_when_executing_overrides_no_guard(client, sign_in, cast, draft):
    restore, _ = held_back(draft)
    sign_in(client, cast.max)
    send(client, f"/restores/{restore.id}/execute", name="Contoso", reason="INC-1", guard_reason="because I say so")
    assert Restore.get_by_id(restore.id).guard_reason is None
    assert not events("restore:guard-overridden")


@pytest.mark.parametrize(("who", "sees"), [("ada", False), ("max", True)])
def test_secrets_in_differences_are_shown_to_managers_who_ask(client, sign_in, cast, contoso, ended, who, sees):
    path = "deviceManagement/deviceConfigurations"
    secret = {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": "./Vendor/x/Password", "displayName": "x"}
    kind = "#microsoft.graph.windows10CustomConfiguration"
    body = {"id": "00000000-0000-4000-8000-00000000000d", "displayName": "Wi-Fi", "@odata.type": kind,
            "description": "old words", "omaSettings": [{**secret, "value": "hush~1"}]}  # fmt: skip
    contoso.put(path, {**body, "assignments": [], "description": "new words",
                       "omaSettings": [{**secret, "value": "other~2"}]})  # fmt: skip
    policy = Policy.create(tenant=cast.contoso, policy_type="deviceConfigurations", graph_id=body["id"], name="Wi-Fi",
                           odata_type=kind)  # fmt: skip
    snapshot = capture_by_hand(policy, SYSTEM, body)[1]
    restore = previewed(drafts.from_snapshot(snapshot, cast.contoso, options(), SYSTEM), ended)
    [item] = restore_items.items(restore)
    assert item.action == "update"
    path = f"/restores/{restore.id}/items/{item.id}"
    page = text(sign_in(client, getattr(cast, who)), path)
    assert "old words" in page
    assert "hush~1" not in page
    answer = send(client, path)
    assert answer.status_code == (200 if sees else 403)
    page = answer.get_data(as_text=True)
    assert [word in page for word in ("hush~1", "other~2")] == [sees, sees]
    assert [event.details for event in events("secrets:shown")] == [{"where": "plan"}] * sees


def test_what_failed_in_a_live_run_is_tried_again_by_a_manager(app, client, sign_in, cast, contoso, backup_set, ended):
    restore = previewed(drafts.from_backup_set(backup_set, cast.contoso, options(), person(cast.max.id)), ended)
    contoso.change(permissions=READ)
    graph_clients.clear_cache()
    sign_in(client, cast.max)
    send(client, f"/restores/{restore.id}/execute", name="Contoso", reason="INC-1")
    run = ended(Run.get((Run.restore_id == restore.id) & (Run.kind == "restore.live")).id)
    assert run.state == "failed"
    contoso.change(permissions=WRITE)
    graph_clients.clear_cache()
    assert f"/restores/{restore.id}" in text(client, f"/runs/{run.id}")
    operator = sign_in(app.test_client(), cast.ada)
    assert "Retry failed" not in text(operator, f"/runs/{run.id}")
    assert send(operator, f"/runs/{run.id}/retry-failed").status_code == 403
    assert send(client, f"/runs/{run.id}/retry-failed").status_code == 303
    assert ended(Run.get(Run.retry_of == run.id).id).state == "succeeded"


def test_a_managers_rules_for_restores_are_kept_audited_and_checked(client, sign_in, cast):
    sign_in(client, cast.max)
    path, guid = f"/tenants/{cast.contoso.id}", "5f3759df-0000-4000-8000-000000000001"
    lines = f"group {guid.upper()} SG Break Glass\n\nuser: {guid} ada"
    assert send(client, f"{path}/restore-rules", four_eyes="yes", break_glass=lines).status_code == 303
    assert Tenant.get_by_id(cast.contoso.id).break_glass == [
        {"kind": "groups", "id": guid, "name": "SG Break Glass"},
        {"kind": "users", "id": guid, "name": "ada"},
    ]
    assert events("tenant:changed")[-1].details == {"changed": ["four_eyes on", "break_glass"]}
    assert f"group {guid} SG Break Glass" in text(client, f"{path}/settings")
    for wrong, sentence in (("somebody else", "“group” or “user”"), ("group nonsense x", "must be a GUID")):
        answer = send(client, f"{path}/restore-rules", four_eyes="no", break_glass=wrong)
        page = answer.get_data(as_text=True)
        assert (answer.status_code, sentence in page, wrong in page) == (400, True, True)
    assert Tenant.get_by_id(cast.contoso.id).four_eyes
    operator = sign_in(client.application.test_client(), cast.ada)
    assert send(operator, f"{path}/restore-rules", four_eyes="no").status_code == 403


def test_rules_are_turned_down_by_two_on_the_tenants_page(app, client, sign_in, cast):
    path = f"/tenants/{cast.contoso.id}"
    sign_in(client, cast.max)
    send(client, f"{path}/restore-rules", four_eyes="yes", break_glass="")
    assert send(client, f"{path}/restore-rules", four_eyes="no", break_glass="").status_code == 303
    page = text(client, path)
    assert "turn four eyes off" in page
    assert f"{path}/restore-rules/confirm" not in page, "not by who asked"
    asked = RuleChange.get()
    refused = send(client, f"{path}/restore-rules/confirm", change=asked.id)
    assert (refused.status_code, Tenant.get_by_id(cast.contoso.id).four_eyes) == (400, True)
    mia = manager(app, cast, sign_in)
    for where in ("/", "/notifications/"):
        assert f"{path}#rules" in text(mia, where)
    assert "1<span" in text(mia, "/runs/mine"), "the bell counts it"
    assert send(mia, f"{path}/restore-rules/confirm", change="nonsense").status_code == 400
    assert send(mia, f"{path}/restore-rules/confirm", change=asked.id).status_code == 303
    assert not Tenant.get_by_id(cast.contoso.id).four_eyes
    assert [event.actor for event in events("tenant:rules-confirmed")] == ["mia@example.com"]


def test_four_eyes_that_were_on_when_it_was_requested_stay_on_for_it(client, sign_in, cast, draft):
    Restore.update(asks_four_eyes=True).where(Restore.id == draft.id).execute()
    restore = in_state(draft, "previewed")
    sign_in(client, cast.max)
    answer = send(client, f"/restores/{restore.id}/execute", name="Contoso", reason="INC-1")
    assert (answer.status_code, "another manager has to approve" in answer.get_data(as_text=True)) == (400, True)


def test_a_page_says_who_asked_who_may_approve_and_why_not_this_person(app, client, sign_in, cast, draft):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    sign_in(client, cast.max)
    send(client, f"/restores/{draft.id}/items", leave=restore_items.items(draft)[0].id)
    Run.update(state="succeeded").execute()
    restore, mia = in_state(draft, "previewed"), manager(app, cast, sign_in)
    path = f"/restores/{restore.id}"
    page = re.sub(r"\s+", " ", text(client, path))
    assert "you may not approve this restore, because you left policies out. Mia or an admin may." in page
    assert "Ada asked for it; Max left policies out" in page
    page = text(mia, path)
    assert "you may approve this restore" in page
    assert restore.planned_mark in page
