"""The page of a restore as its reader meets it: what comes first, what is offered, and what is not."""

import re
from datetime import timedelta

import pytest

from actors.plans import drafts
from db.clock import utcnow
from db.models import AuditEvent, Notification, Rehearsal, Restore, RestoreItem, Run, RunItem, Tenant
from db.policies import snapshots
from db.restores import four_eyes, restore_drafts, restore_items
from tests.support.forms import csrf_token
from tests.support.restore_steps import as_previewed, options, person
from web.views.restores.plan_list import ROWS_SHOWN

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("quick", "lock_order"),
]
GONE_WRONG = {
    "conflict": ("update", None, "conflict"),
    "blocked": ("blocked", "unresolved", None),
    "held back": ("update", "guard", "blocked"),
}
NOTHING_LEFT = {
    "built in": ("blocked", "built_in", None),
    "cannot be restored by anybody": ("blocked", "not_restorable", None),
    "a group that stays": ("blocked", "group_stays", None),
    "left as it is": ("exists", "exists", None),
    "matches": ("matches", None, None),
}


@pytest.fixture
def draft(cast, captured):
    """Asked for by Ada, who operates Contoso: two policies."""
    snapshots = [snapshot for policy, _, snapshot in captured if policy.tenant == cast.contoso]
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "two snapshots")
    return restore_drafts.create(
        cast.contoso, source, restore_drafts.new_items_from_snapshots(snapshots), options(), person(cast.ada.id)
    )


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def send(client, path, **data):
    return client.post(path, data={"csrf_token": csrf_token(client, "/"), **data})


def planned(draft, *plans):
    """As if a preview had decided so: for each item (action, reason, columns of it)."""
    for item, (action, reason, columns) in zip(restore_items.items(draft), plans, strict=True):
        RestoreItem.update(action=action, reason=reason, **columns).where(RestoreItem.id == item.id).execute()
    return as_previewed(draft)


def ended(draft, cast, *plans):
    """(restore, live run) as if it had ended: for each item (action, reason, outcome)."""
    restore = planned(draft, *((action, reason, {"outcome": outcome}) for action, reason, outcome in plans))
    run = Run.create(tenant=cast.contoso, kind="restore.live", state="partial", restore_id=restore.id,
                     dedupe_key="x", failed=1, total=len(plans))  # fmt: skip
    for item in restore_items.items(restore):
        outcome = item.outcome or item.action
        is_bad = outcome == "conflict"
        RunItem.create(run=run, restore_item_id=item.id, policy_type=item.policy_type, name=item.name,
                       state="failed" if is_bad else "done", outcome=outcome)  # fmt: skip
    Restore.update(state="finished").where(Restore.id == restore.id).execute()
    return Restore.get_by_id(restore.id), run


def card(page, name):
    return re.search(rf'<section class="[^"]*" id="{name}">.*?</section>', page, re.DOTALL).group()


def many(draft, count, **columns):
    """Instead of its own, so many policies of two types that are updated."""
    content = restore_items.items(draft)[0].content_id
    RestoreItem.delete().where(RestoreItem.restore == draft).execute()
    kinds = ("configurationPolicies", "deviceConfigurations")
    for number in range(count):
        RestoreItem.create(restore=draft, position=number, policy_type=kinds[number % 2], graph_id=f"id-{number}",
                           name=f"Policy number {number}", references={}, action="update", differences=1,
                           content=content, **columns)  # fmt: skip
    return as_previewed(draft)


@pytest.fixture
def update_of_a_name(cast, draft):
    """Previewed: the tenant calls it otherwise than the backup."""
    item = restore_items.items(draft)[0]
    body = snapshots.read_content(item.content_id)
    body["body"]["name"] = "Called otherwise by somebody"
    live = snapshots.save_content(cast.contoso.id, body, "f" * 64)
    return planned(draft, ("update", None, {"live_content": live, "differences": 1}), ("matches", None, {}))


@pytest.mark.parametrize("left", GONE_WRONG)
@pytest.mark.parametrize("beside", [*NOTHING_LEFT, "updated"])
def test_where_a_retry_cannot_help_a_new_restore_of_what_it_can_do_is_offered(
    client, sign_in, cast, draft, left, beside
):
    restore, run = ended(draft, cast, GONE_WRONG[left], NOTHING_LEFT.get(beside, ("update", None, "updated")))
    item = restore_items.items(restore)[0]
    sign_in(client, cast.max)
    for path in (f"/runs/{run.id}", f"/restores/{restore.id}"):
        page = text(client, path)
        assert "New restore for the 1 not restored" in page, path
        assert "Retry failed" not in page, path
    assert send(client, f"/restores/{restore.id}/again").status_code == 303
    again = Restore.select().order_by(Restore.id.desc()).get()
    assert [one.graph_id for one in restore_items.items(again)] == [item.graph_id]


def test_a_new_restore_for_the_rest_proposes_as_captured_again_and_says_what_it_was(client, sign_in, cast, draft):
    Restore.update(options=options(conditional_access="report only")).where(Restore.id == draft.id).execute()
    restore, _ = ended(draft, cast, ("update", None, "updated"), ("update", None, "conflict"))
    sign_in(client, cast.max)
    assert send(client, f"/restores/{restore.id}/again").status_code == 303
    again = Restore.select().order_by(Restore.id.desc()).get()
    assert again.options == options()
    assert "This one proposes them as captured." in " ".join(text(client, f"/restores/{again.id}").split())
    Restore.update(tenant=cast.fabrikam).where(Restore.id == restore.id).execute()
    RestoreItem.update(outcome="conflict").where(RestoreItem.restore == restore.id).execute()
    elsewhere = drafts.repeat_unfinished(Restore.get_by_id(restore.id), person(cast.root.id))
    assert elsewhere.options["conditional_access"] == "report only"


@pytest.mark.parametrize("one", NOTHING_LEFT)
@pytest.mark.parametrize("other", [*NOTHING_LEFT, "updated"])
def test_where_nothing_is_left_that_anybody_could_do_nothing_is_offered(client, sign_in, cast, draft, one, other):
    restore, run = ended(draft, cast, NOTHING_LEFT[one], NOTHING_LEFT.get(other, ("update", None, "updated")))
    sign_in(client, cast.max)
    for path in (f"/runs/{run.id}", f"/restores/{restore.id}"):
        page = text(client, path)
        assert not re.search(f"/restores/{restore.id}/again|/runs/{run.id}/retry-failed", page), path
    answer = send(client, f"/restores/{restore.id}/again")
    assert (answer.status_code, "Nothing is left of this restore" in answer.get_data(as_text=True)) == (400, True)


def test_the_list_says_what_each_restore_did_by_kind(client, sign_in, cast, draft):
    restore, _ = ended(draft, cast, ("update", None, "updated"), ("update", None, "conflict"))
    sign_in(client, cast.max)
    page = text(client, "/restores/")
    assert "1 changed · 1 was edited after the preview and left as it is" in page
    assert re.search(r'badge-warn"[^>]*>.{0,90}partly restored', page)
    Restore.update(state="previewed").where(Restore.id == restore.id).execute()
    RestoreItem.update(outcome=None).execute()
    assert "2 will change" in text(client, "/restores/")
    Restore.update(state="cancelled").where(Restore.id == restore.id).execute()
    assert "will change" not in text(client, "/restores/")


def test_what_changes_and_what_gets_weaker_stands_before_what_asks_for_it(client, sign_in, cast, draft):
    weaker = [{"code": "weakens", "said": "It is enforced now, and would be off."}]
    planned(draft, ("update", None, {"dangers": weaker, "differences": 1}), ("blocked", "unresolved", {}))
    sign_in(client, cast.max)
    page = text(client, f"/restores/{draft.id}")
    places = [page.index(mark) for mark in (
        "1 policy will be weaker or incomplete after this restore", 'id="plan"', 'id="weaker"', 'id="left"',
        'id="execute"', "Restore 1 policy to Contoso")]  # fmt: skip
    assert places == sorted(places)
    assert page.count("btn-danger") == 1
    assert page.count('id="weaker"') == 1


def test_what_is_said_of_many_policies_is_said_once(client, sign_in, cast, draft):
    dangers = [{"code": "weakens", "said": "It is enforced now, and would be off."}]
    many(draft, 5, dangers=dangers)
    sign_in(client, cast.max)
    page, plan = (card(text(client, f"/restores/{draft.id}{end}"), "weaker") for end in ("", "/plan"))
    assert [one.count("It is enforced now, and would be off.") for one in (page, plan)] == [1, 1]
    assert re.findall(r">(Policy number \d|\d more policies)</", page) == [
        "Policy number 0", "Policy number 1", "Policy number 2", "2 more policies"]  # fmt: skip
    assert f'href="/restores/{draft.id}/plan#weaker"' in page
    assert re.findall(r"Policy number \d|<summary>", plan)[3:] == ["<summary>", "Policy number 3", "Policy number 4"]


def test_the_whole_plan_comes_a_few_policies_at_a_time(client, sign_in, cast, draft):
    many(draft, 13)
    ids = [item.id for item in restore_items.items(draft)]
    RestoreItem.update(action="blocked").where(RestoreItem.id == ids.pop()).execute()
    sign_in(client, cast.max)
    first, second = (text(client, f"/restores/{draft.id}/plan{query}") for query in ("", "?page=1"))
    shown = [[int(one) for one in re.findall(r'id="item-(\d+)"', page)] for page in (first, second)]
    assert shown == [ids[:10], ids[10:]]
    assert f'href="/restores/{draft.id}/plan?page=1"' in first
    assert "Policies 11 to 12 of 12" in second
    assert ["Not written: 1" in page for page in (first, second)] == [False, True]
    assert f'action="/restores/{draft.id}/plan?page=1"' in second, "secrets are shown on the page that was read"


def test_what_was_made_again_is_not_said_to_come(client, sign_in, cast, draft):
    restore, _ = ended(draft, cast, ("recreate", None, "recreated"), ("update", None, "conflict"))
    sign_in(client, cast.max)
    page = card(text(client, f"/restores/{restore.id}"), "plan")
    assert "It was not in the tenant, and was created under a new id." in page
    assert "will be created" not in page
    assert re.findall(r">(updated?|recreated?) \d<", page) == ["recreated"], "what was planned is among the results"


def test_with_nothing_to_write_there_is_no_button(client, sign_in, cast, draft):
    planned(draft, ("matches", None, {}), ("blocked", "built_in", {}))
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    sign_in(client, cast.max)
    page = text(client, f"/restores/{draft.id}")
    assert not re.search(rf"/restores/{draft.id}/(execute|approve)|Four eyes", page)
    assert "btn-danger" not in page
    assert "1 policy is built into every tenant: nobody can change it" in page
    assert re.search(r"<details class=.built-in.>", page), "folded"
    assert "1 policy already matches the backup" in page


def test_a_row_says_its_first_differences_before_and_after(client, sign_in, cast, captured, update_of_a_name):
    page = text(sign_in(client, cast.max), f"/restores/{update_of_a_name.id}")
    assert re.search(r"<del>[^<]+</del> → <ins>[^<]+</ins>", page)


def test_many_items_are_paged_searched_and_filtered_by_type(client, sign_in, cast, draft):
    many(draft, 40)
    sign_in(client, cast.max)
    path = f"/restores/{draft.id}"
    page = text(client, path)
    assert page.count('name="leave"') == ROWS_SHOWN
    assert f"1 to {ROWS_SHOWN} of 40" in page
    assert f"{ROWS_SHOWN + 1} to {2 * ROWS_SHOWN} of 40" in text(client, f"{path}?page=1")
    found = text(client, f"{path}?search=NUMBER+7")
    assert (found.count('name="leave"'), "Policy number 7<" in found) == (4, True), "7, 17, 27, 37"
    of_type = text(client, f"{path}?type=deviceConfigurations&search=number+1")
    assert of_type.count('name="leave"') == 8, "1, 11, 13, 15, 17, 19, 21, 31"
    assert "No results" in text(client, f"{path}?search=nobody")
    assert text(client, f"{path}?show=blocked&page=5&type=x%00").count('name="leave"') == 0


def test_what_is_ticked_to_be_left_out_is_kept_over_pages_and_searches(client, sign_in, cast, draft):
    many(draft, 40)
    sign_in(client, cast.max)
    ids = [item.id for item in RestoreItem.select().order_by(RestoreItem.position)]
    path = f"/restores/{draft.id}/items"
    look = send(client, path, leave=ids[0], go="page=1")
    page = look.get_data(as_text=True)
    assert (look.status_code, RestoreItem.select().count()) == (200, 40)
    assert f"{ROWS_SHOWN + 1} to {2 * ROWS_SHOWN} of 40" in page
    assert f'name="kept" value="{ids[0]}"' in page
    assert "1 chosen, 1 of them not on this page" in page
    assert send(client, path, kept=ids[0], leave=ids[ROWS_SHOWN]).status_code == 303
    assert {item.id for item in RestoreItem.select()} == {*ids} - {ids[0], ids[ROWS_SHOWN]}


def test_who_may_not_confirm_asks_those_who_may_once_an_hour(app, client, sign_in, cast, draft):
    restore = planned(draft, ("update", None, {}), ("update", None, {}))
    preview = Run.create(tenant=cast.contoso, kind="restore.preview", state="succeeded", restore_id=restore.id,
                         dedupe_key="x", total=2)  # fmt: skip
    sign_in(client, cast.ada)
    path = f"/restores/{restore.id}"
    page = text(client, path)
    assert "Ready. Max or an admin can write it." in page
    assert f"http://localhost{path}</code>" in page, "its address can be read where no script copies it"
    send(client, f"{path}/ask")
    assert f"Asked: {cast.max.name}." in text(client, path)
    mine = Notification.get(user=cast.max)
    assert (mine.run_id, mine.asked_by_id, mine.read_at) == (preview.id, cast.ada.id, None)
    manager = sign_in(app.test_client(), cast.max)
    bell = text(manager, "/notifications/")
    assert "Ada asks you to confirm this restore." in bell
    assert f'href="{path}"' in bell
    text(manager, path)
    assert Notification.get(user=cast.max).read_at is not None, "a visit reads"
    send(client, f"{path}/ask")
    assert re.search("Ada asked them at .*: Max. They are asked once an hour.", text(client, path))
    asked = [event for event in AuditEvent.select() if event.action == "restore:confirmation-asked"]
    assert [(event.actor_id, event.details) for event in asked] == [(cast.ada.id, {"asked": ["Max"]})]
    Notification.update(asked_at=utcnow() - timedelta(minutes=61)).execute()
    send(client, f"{path}/ask")
    assert Notification.get(user=cast.max).read_at is None, "told again"


def test_with_four_eyes_those_are_asked_who_may_approve(client, sign_in, cast, draft):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    four_eyes.record_requester([draft.id], cast.max, four_eyes.CHANGED_OPTIONS)
    restore = planned(draft, ("update", None, {}), ("update", None, {}))
    Run.create(tenant=cast.contoso, kind="restore.preview", state="succeeded", restore_id=restore.id, dedupe_key="x")
    sign_in(client, cast.max)
    path = f"/restores/{restore.id}"
    assert "you may not approve this restore, because you changed its options" in text(client, path)
    send(client, f"{path}/ask")
    asked = Notification.select().where(Notification.asked_by == cast.max)
    assert [row.user.name for row in asked] == [cast.root.name], "no manager is left, so an admin"


def test_nobody_asks_for_a_plan_that_is_none(client, sign_in, cast, draft):
    sign_in(client, cast.ada)
    answer = send(client, f"/restores/{draft.id}/ask")
    assert (answer.status_code, "no plan to confirm" in answer.get_data(as_text=True)) == (400, True)
    assert not Notification.select().where(Notification.asked_at.is_null(False)).exists()
    assert "Ask them" not in text(client, f"/restores/{draft.id}")
    sign_in(client, cast.rita)
    assert send(client, f"/restores/{draft.id}/ask").status_code == 403


def test_the_time_it_takes_is_told_before_it_and_how_right_that_was_after_it(client, sign_in, cast, draft):
    sign_in(client, cast.max)
    path = f"/restores/{draft.id}"
    plans = (("update", None, {}), ("update", None, {}))
    planned(draft, *plans)
    assert 'id="time"' not in text(client, path), "a plan from before this was worked out"
    Restore.update(estimated_seconds=90).execute()
    page = text(client, path)
    assert "It takes about 1 min 30 s, by the limits" in page
    assert "It takes about 1 min 30 s." in card(page, "execute")
    _, run = ended(draft, cast, ("update", None, "updated"), ("update", None, "updated"))
    Run.update(started_at=utcnow() - timedelta(seconds=102), ended_at=utcnow()).where(Run.id == run.id).execute()
    assert "Estimated 1 min 30 s, took 1 min 42 s." in text(client, path)


def test_a_restore_that_a_rehearsal_made_says_so_and_leads_there_who_sees_it(client, sign_in, cast, draft):
    rehearsal = Rehearsal.create(tenant=cast.fabrikam)
    Restore.update(rehearsal_id=rehearsal.id, created_by=None).execute()
    places = (f"/restores/{draft.id}", f"/restores/{draft.id}/plan", "/restores/")
    for person_, leads_there in ((cast.max, False), (cast.root, True)):
        sign_in(client, person_)
        for path in places:
            page = text(client, path)
            assert f"rehearsal {rehearsal.id}" in page, path
            assert (f'href="/rehearsals/{rehearsal.id}"' in page) == leads_there, path
            assert "a command" not in page, path
    Restore.update(rehearsal_id=None, is_by_itself=True).execute()
    assert "a standard that is kept by itself" in text(client, places[0])


def test_what_waits_for_a_second_administrator_stands_before_what_asks_for_it(client, sign_in, cast, draft):
    waits = {"code": "second_admin", "said": "A second administrator has to approve it first."}
    planned(draft, ("update", None, {"dangers": [waits]}), ("matches", None, {}))
    sign_in(client, cast.max)
    page = text(client, f"/restores/{draft.id}")
    assert 0 < page.index("Waits for a second administrator") < page.index('id="execute"')
    ended(draft, cast, ("update", None, "updated"), ("matches", None, None))
    assert "second administrator" not in text(client, f"/restores/{draft.id}"), "it was approved"
